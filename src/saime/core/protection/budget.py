"""How much to work for a better pattern: counted in programs, so that the answer is the same on every machine; in seconds only if asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """``programs``: linear programs that attackers may solve. ``seconds``: a last resort; an answer cut off by time can differ."""

    programs: int
    seconds: float | None = None
    _started: float = field(default_factory=time.monotonic)

    def is_spent(self, programs: int) -> bool:
        late = self.seconds is not None and time.monotonic() - self._started > self.seconds
        return late or programs >= self.programs
