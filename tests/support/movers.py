"""Persons who are in an area or in none, in one month and in the next: tables of stocks, entrants and leavers of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from saime.core.model.dataset import DataStructure, Dimension, FrequencyTable, LineageStep, Population
from saime.core.protection import TableToProtect
from saime.core.protection.linked_stocks import DISTINCT, ENTRANTS, LEAVERS
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import METADATA, dimension, flat, words

Person = tuple[str | None, ...]  # the area in each month
MONTHS = ("2022-01", "2022-02", "2022-03")
AREAS = "ab"


def periods(tree: dict[str, str | None]) -> Dimension:
    return dimension("TIME_PERIOD", tree, overlaps=len(tree) > 1).model_copy(update={"role": "time"})


def _table(
    name: str, persons: Iterable[Person], measure: str, time: Dimension, belongs: Callable[[Person, str, str], bool]
) -> TableToProtect:
    """Nobody is in two areas in a month; in two months together, or a quarter, they may be."""
    overlaps = measure != DISTINCT or any(code.parent for code in time.codes)
    structure = DataStructure(dimensions=(flat("AREA", AREAS, overlaps=overlaps), time))
    values = tuple(sum(belongs(person, area, period) for person in persons) for area, period in structure.cells())
    data = {code.id: "+".join(_compared(measure, code.id)) for code in time.codes}
    whom = Population(feed="benefits", measure=measure, data=data, complete=("AREA",))
    lineage = (LineageStep(kind="feed", id="f", label=words("f")),)
    table = FrequencyTable(dataset=name, structure=structure, values=values)
    return TableToProtect(table, ThresholdProtection(minimum=3), METADATA.model_copy(update={"population": whom}), lineage)


def _compared(measure: str, period: str) -> Sequence[str]:
    if period not in MONTHS or measure == DISTINCT:
        return [f"of {period}"]
    at = MONTHS.index(period) - (measure == ENTRANTS)
    return [f"of {month}" for month in MONTHS[at : at + 2]]


def is_in(person: Person, area: str, period: str) -> bool:
    """``2022-Q1`` takes in all months."""
    months = range(len(person)) if period == "2022-Q1" else [MONTHS.index(period)]
    return any(person[month] is not None and area in ("_T", person[month]) for month in months)


def stocks(persons: Sequence[Person], *, quarter: bool = False) -> TableToProtect:
    months = MONTHS[: len(persons[0])]
    tree: dict[str, str | None] = {"2022-Q1": None, **dict.fromkeys(months, "2022-Q1")} if quarter else dict.fromkeys(months)
    return _table("stocks", persons, DISTINCT, periods(tree), is_in)


def entrants(persons: Sequence[Person]) -> TableToProtect:
    months = MONTHS[1 : len(persons[0])]
    return _table(
        "entrants",
        persons,
        ENTRANTS,
        periods(dict.fromkeys(months)),
        lambda person, area, month: is_in(person, area, month) and not is_in(person, area, MONTHS[MONTHS.index(month) - 1]),
    )


def leavers(persons: Sequence[Person]) -> TableToProtect:
    months = MONTHS[: len(persons[0]) - 1]
    return _table(
        "leavers",
        persons,
        LEAVERS,
        periods(dict.fromkeys(months)),
        lambda person, area, month: is_in(person, area, month) and not is_in(person, area, MONTHS[MONTHS.index(month) + 1]),
    )


def kinds(months: int) -> list[Person]:
    """Every way to be somewhere in at least one month."""
    return [person for person in product([None, *AREAS], repeat=months) if any(person)]
