"""How much to work for a better pattern: counted in programs, so that the answer is the same on every machine; in seconds only if asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """``columns``: of all linear programs that attackers solve, added up; ``iterations``: of the simplex method in integer programs.

    ``seconds``: a last resort; an answer that time cuts off can differ from run to run. Looked at between steps, not within one.
    """

    columns: int = 60_000_000
    iterations: int = 500_000
    seconds: float | None = None
    _started: float = field(default_factory=time.monotonic)

    def is_spent(self, columns: int, iterations: int) -> bool:
        late = self.seconds is not None and time.monotonic() - self._started > self.seconds
        return late or columns >= self.columns or iterations >= self.iterations
