"""A load in a process of its own that can be told to kill itself, as a power cut would.

``python load_process.py HOME FILE [STEP NUMBER]``: STEP is ``fsync``, ``rename``, ``replace`` or ``write``, and the process dies at the
call with that number; with ``after-`` before the step, right after it. Prints the rows and persons loaded.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saime.core.warehouse import staging
from support.warehouse import Home


def die_at(owner: Any, name: str, number: int, *, after: bool) -> None:
    """Make one call of a function the last thing the process does."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, counted)


def main(home: str, file: str, step: str = "", number: str = "0") -> None:
    if step:
        name = step.removeprefix("after-")
        owner, function = (staging.Staging, "add") if name == "write" else (os, name)
        die_at(owner, function, int(number), after=step.startswith("after-"))
    receipt = Home(Path(home)).load(Path(file))
    print(receipt.record.rows, receipt.record.persons)


if __name__ == "__main__":
    main(*sys.argv[1:])
