"""Measures of persons as distinct counts over windows of days: engines count the windows, and a measure combines them.

A window is a span of days, counted as a period is: each person once whose fact holds on some day of it. As two neighbouring
periods make one window, who is in one of them and not in the other is a difference of two distinct counts, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from saime.core.errors import BadInput
from saime.core.model.period import Period
from saime.core.tabulation.plan import Measure

MOVEMENTS = ("entrants", "leavers")
MONTHLY = ("A", "Q", "M")  # frequencies of periods that are made of whole months


@dataclass(frozen=True)
class Combination:
    """One published period from the counted windows, given by position: added, taken away, and divided.

    ``contributors``: the window whose distinct count says how many persons stand behind a value that is no number of persons.
    """

    plus: tuple[int, ...]
    minus: tuple[int, ...] = ()
    divisor: int = 1
    contributors: int = 0

    def value(self, counts: Sequence[int]) -> Fraction:
        """``counts`` by window. Unit: persons, or person-months."""
        return Fraction(sum(counts[w] for w in self.plus) - sum(counts[w] for w in self.minus), self.divisor)


@dataclass(frozen=True)
class Concept:
    """What to count for a measure. ``combinations``: one for each period; empty where each window is a period's value as it is."""

    name: str
    windows: tuple[Period, ...]
    combinations: tuple[Combination, ...] = ()
    is_additive: bool = True

    @property
    def counts_persons(self) -> bool:
        """Is a value a number of distinct persons?"""
        return self.name in MOVEMENTS or not self.combinations

    @property
    def bounds_time(self) -> bool:
        """Is a period's figure bound by those of the periods within it, as a year's distinct persons are by its months'?"""
        return self.name in ("distinct", "person_months", "sum")


def concept_of(measure: Measure, periods: Sequence[Period], where: str) -> Concept:
    """Raises: BadInput for a period that does not suit the measure."""
    if measure.count in MOVEMENTS:
        return _movement(measure.count, periods)
    if measure.count == "person_months" or measure.concept == "average_of_months":
        return _months(measure, periods, where)
    if measure.concept in ("at_start", "at_end"):
        return Concept(measure.concept, _days(measure.concept, periods, where))
    if measure.amount is not None:
        return Concept(str(measure.statistic), tuple(periods), is_additive=measure.statistic == "sum")
    return Concept("distinct", tuple(periods))


def periods_read(measure: Measure, periods: Sequence[Period]) -> tuple[Period, ...]:
    """The periods whose deliveries a measure needs."""
    if measure.count == "entrants":
        return tuple(dict.fromkeys(p for period in periods for p in (period, period.previous)))
    if measure.count == "leavers":
        return tuple(dict.fromkeys(p for period in periods for p in (period, period.following)))
    if measure.concept in ("at_start", "at_end"):
        return tuple(_day(measure.concept, period) for period in periods)
    return tuple(periods)


def _movement(count: str, periods: Sequence[Period]) -> Concept:
    windows: list[Period] = []
    combinations = []
    for period in periods:
        other = period.previous if count == "entrants" else period.following
        both = replace(period, start=min(period.start, other.start), end=max(period.end, other.end), code=f"{period.code} and {other.code}")
        combinations.append(Combination((_place(both, windows),), (_place(other, windows),)))
    return Concept(count, tuple(windows), tuple(combinations))


def _months(measure: Measure, periods: Sequence[Period], where: str) -> Concept:
    if odd := [period.code for period in periods if period.frequency not in MONTHLY]:
        what = f"{', '.join(odd)} is not made of whole months, which the measure counts"
        raise BadInput(what, where=f"{where}, reference_period", fix="name months, quarters or years")
    windows: list[Period] = []
    combinations = []
    for period in periods:
        months = tuple(_place(month, windows) for month in period.parts("M"))
        divisor = 1 if measure.count == "person_months" else len(months)
        combinations.append(Combination(months, (), divisor, contributors=_place(period, windows)))
    name = "person_months" if measure.count == "person_months" else measure.concept
    return Concept(name, tuple(windows), tuple(combinations))


def _days(concept: str, periods: Sequence[Period], where: str) -> tuple[Period, ...]:
    days = tuple(_day(concept, period) for period in periods)
    if len(set(days)) < len(days):
        what = f"two reference periods have the same day for the stock {concept}, so their figures are the same"
        raise BadInput(what, where=f"{where}, reference_period", fix="name periods of one length only")
    return days


def _day(concept: str, period: Period) -> Period:
    return Period.parse((period.start if concept == "at_start" else period.end).isoformat())


def _place(window: Period, windows: list[Period]) -> int:
    """Where the window stands among those to count; it is added if it is new."""
    if window not in windows:
        windows.append(window)
    return windows.index(window)
