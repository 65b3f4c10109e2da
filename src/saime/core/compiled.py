"""Where loops are compiled: by numba where it is installed; elsewhere the same loops run as plain Python, with the same results.

For loops that stay bearable uncompiled. Those that have whole-array steps to fall back on import numba themselves, and their
``ImportError`` says that the steps are to be taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Loop = TypeVar("Loop", bound=Callable[..., Any])

try:
    from numba import njit
except ImportError:

    def compiled(loop: Loop) -> Loop:
        return loop

else:

    def compiled(loop: Loop) -> Loop:
        """The same loop, compiled at its first call and kept beside its file."""
        return njit(cache=True)(loop)  # type: ignore[return-value,no-any-return,unused-ignore]
