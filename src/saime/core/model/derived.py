"""Figures worked out from others: a sum, difference, rate or indicator that touches a cell without a number has none either.

Everything that is not read from one cell of a release, or from one line of a document, is made here, so that a withheld
number is never taken for zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from saime.core.model.dataset import BREAK, ESTIMATED, NORMAL, NOT_APPLICABLE, NOT_AVAILABLE, UNRELIABLE, WITHHELD

Number = int | float | Decimal
GRAVEST_FIRST = (WITHHELD, NOT_AVAILABLE, NOT_APPLICABLE, UNRELIABLE, BREAK, ESTIMATED, NORMAL)  # CL_OBS_STATUS


@dataclass(frozen=True)
class Figure:
    """A value with its CL_OBS_STATUS; the value is None where the status says that there is none."""

    value: Number | None
    obs_status: str = NORMAL


def stated(value: Number | None) -> Figure:
    """A figure of a document, which either states a number or does not."""
    return Figure(value, NOT_AVAILABLE if value is None else NORMAL)


def derive(formula: Callable[..., Number], *figures: Figure) -> Figure:
    """``formula`` of the figures' values, with the gravest of their statuses; not called if one of them has no value.

    Unit: that of the formula. A division by zero is not applicable. Source: docs/reference/symbols.md, "Derived figures".
    """
    missing = [figure for figure in figures if figure.value is None]
    status = min((figure.obs_status for figure in missing or figures), key=GRAVEST_FIRST.index, default=NORMAL)
    if missing:
        return Figure(None, status)
    try:
        return Figure(formula(*(figure.value for figure in figures)), status)
    except ArithmeticError:
        return Figure(None, NOT_APPLICABLE)
