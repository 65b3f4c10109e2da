"""Where loops are compiled: by numba where it is installed; elsewhere the same loops run as plain Python, with the same results.

For loops that stay bearable uncompiled. Those that have whole-array steps to fall back on import numba themselves, and their
``ImportError`` says that the steps are to be taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from numba import njit as njit
except ImportError:

    def njit(**_options: Any) -> Callable[[Any], Any]:  # type: ignore[no-redef]
        return lambda loop: loop
