"""Reference periods as the dimension TIME_PERIOD: each period is counted by itself, whatever its children hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from saime.core.errors import BadInput
from saime.core.model.dataset import Dimension, DimensionCode
from saime.core.model.period import Period
from saime.core.model.text import Text
from saime.core.tabulation.plan import TIME

_LABEL = Text(lv="Laika periods", en="Time period")


def read_periods(codes: Sequence[str], where: str) -> tuple[Period, ...]:
    """Raises: BadInput if there is no period or one is named twice."""
    if not codes or len(set(codes)) != len(codes):
        what = "a reference period is named twice" if codes else "there is no reference period"
        raise BadInput(what, where=f"{where}, reference_period", fix="name each period once")
    return tuple(Period.parse(code) for code in codes)


def time_dimension(periods: Sequence[Period], *, side_by_side: bool = False) -> Dimension:
    """TIME_PERIOD in the plan's order; a period's parent is the shortest other period that covers it.

    It overlaps when it has several periods: one person is counted in each period that a spell touches.
    ``side_by_side``: no period is the parent of another, because its figure is not bound by theirs.
    """
    if side_by_side:
        codes = tuple(_code(period, None) for period in periods)
        return Dimension(id=TIME, label=_LABEL, codes=codes, overlaps=len(periods) > 1, role="time")
    codes = tuple(_code(period, _parent(period, periods)) for period in periods)
    exhaustive = all(_is_filled(parent, periods) for parent in periods if any(_parent(p, periods) == parent for p in periods))
    return Dimension(id=TIME, label=_LABEL, codes=codes, overlaps=len(periods) > 1, exhaustive=exhaustive, role="time")


def touches(period: Period, valid_from: date, valid_to: date | None) -> bool:
    """Whether a spell, both ends included and an empty end open, holds on some day of the period."""
    return valid_from <= period.end and (valid_to is None or valid_to >= period.start)


def _code(period: Period, parent: Period | None) -> DimensionCode:
    return DimensionCode(id=period.code, label=Text(lv=period.code, en=period.code), parent=parent.code if parent else None)


def _parent(period: Period, periods: Sequence[Period]) -> Period | None:
    wider = [other for other in periods if other != period and other.covers(period)]
    return min(wider, key=lambda other: other.end - other.start, default=None)


def _is_filled(parent: Period, periods: Sequence[Period]) -> bool:
    """Whether the children leave no day of the parent out."""
    day = parent.start
    for child in sorted(p for p in periods if _parent(p, periods) == parent):
        if child.start > day:
            return False
        day = max(day, child.end + timedelta(days=1))
    return day > parent.end
