"""What ties entrants and leavers to the stocks they come to and go from: linear rows over cells of several tables.

Write ``D(t)`` for the distinct persons of a cell ever in period ``t``, ``e(t)`` for its entrants (in ``t``, not in the period before)
and ``l(t)`` for its leavers (in ``t``, not in the period after), with ``s`` the period before ``t``. Those in both periods are
``D(t) - e(t)`` and also ``D(s) - l(s)``; so, in every cell,

    D(t) = D(s) + e(t) - l(s)
    e(t) <= D(t), e(t) >= D(t) - D(s), and the same for leavers

and for a longer period ``P`` that takes in both, ``D(P) >= D(s) + e(t)``; if neighbours ``t1 ... tn`` make up all of ``P``, also
``D(P) <= D(t1) + e(t2) + ... + e(tn)``. The same from the other end with leavers.

Who is there on a day of a period is one of those ever in it. A household counts where a member does, so there are no more households
than persons, unless persons count in several: ``unlinked.py`` refuses tables that show it.

All are of the same persons only where they come from the same deliveries. A population tells these by period; those of entrants and
leavers are the two of the periods compared, the earlier first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from saime.core.model.dataset import DataStructure, Dimension, DimensionCode, Population
from saime.core.model.period import Period
from saime.core.model.text import Text
from saime.core.protection.constraints import INFINITY

DISTINCT, ENTRANTS, LEAVERS = ('[{"count":"distinct"}]', '[{"count":"entrants"}]', '[{"count":"leavers"}]')  # as a population has it
DAYS = {f'[{{"concept":"{concept}","count":"distinct"}}]': concept for concept in ("at_start", "at_end")}
HOUSEHOLDS = '[{"count":"distinct","unit":"household"}]'
AND = "+"  # between the deliveries of two periods

Described = tuple[DataStructure, Population | None]


@dataclass(frozen=True)
class Tie:
    """``lower <= sum of sign * value <= upper`` in each cell of tables of one shape, where each of them is published by somebody.

    ``is_change``: the terms are those who came or went, and the stocks from whose change follows the fewest that they can be.
    """

    terms: tuple[tuple[DataStructure, Population], ...]
    signs: tuple[float, ...]
    lower: float
    upper: float
    is_change: bool = False


def of_counts(population: Population) -> Population:
    """The population of the counts that shares are made of; any other as it is."""
    if "share_of" not in population.measure:
        return population
    measures = [{name: value for name, value in one.items() if name != "share_of"} for one in json.loads(population.measure)]
    return population.model_copy(update={"measure": json.dumps(measures, sort_keys=True, separators=(",", ":"))})


def day_counted(population: Population, period: str) -> tuple[str, str]:
    """The measure and the period that cells are known by: the stock on the last day of a quarter is that of its last month, and
    of that day.
    """
    measure = of_counts(population).measure
    if measure not in DAYS:
        return population.measure, period
    span = Period.parse(period)
    return DISTINCT, (span.start if DAYS[measure] == "at_start" else span.end).isoformat()


def is_movement(population: Population | None) -> bool:
    """Whether the table counts entrants or leavers. Who is one of a code need not be one of the code above: they may have moved."""
    return population is not None and population.measure in (ENTRANTS, LEAVERS)


def unit_told(population: Population | None) -> dict[str, str]:
    """What certificates say of the unit: nothing of persons."""
    return {"unit": "household"} if population is not None and population.measure == HOUSEHOLDS else {}


def ties_of(datasets: Sequence[Described]) -> Iterator[Tie]:
    """All ties of the datasets; of each, whether every term is published is still to be seen."""
    if not any(population and population.measure != DISTINCT for _, population in datasets):
        return
    for structure, population in datasets:
        time = _time(structure)
        if population is None or time is None:
            continue
        if is_movement(population):
            yield from _ties_of_movement(structure, population, time)
        elif population.measure in (*DAYS, HOUSEHOLDS):
            yield Tie(((structure, population), _at(structure, population, DISTINCT, population.data)), (1.0, -1.0), -INFINITY, 0.0)
        elif population.measure == DISTINCT:
            for parent, children in time.families.items():
                yield from _ties_of_family(structure, population, parent, sorted(map(Period.parse, children)), exhaustive=time.exhaustive)


def _ties_of_movement(structure: DataStructure, population: Population, time: Dimension) -> Iterator[Tie]:
    is_entry = population.measure == ENTRANTS
    codes = [code.id for code in time.codes]
    others = [(Period.parse(code).previous if is_entry else Period.parse(code).following).code for code in codes]
    deliveries = [population.data.get(code, "").partition(AND) for code in codes]
    of_codes, of_others = (2, 0) if is_entry else (0, 2)
    here = _at(structure, population, DISTINCT, dict(zip(codes, (parts[of_codes] for parts in deliveries), strict=True)))
    there = _at(structure, population, DISTINCT, dict(zip(others, (parts[of_others] for parts in deliveries), strict=True)))
    own = (structure, population)
    yield Tie((own, here), (1.0, -1.0), -INFINITY, 0.0)
    yield Tie((own, here, there), (1.0, -1.0, 1.0), 0.0, INFINITY, is_change=True)
    if is_entry:
        back = _at(structure, population, LEAVERS, dict(zip(others, (population.data[code] for code in codes), strict=True)))
        yield Tie((own, here, there, back), (1.0, -1.0, 1.0, -1.0), 0.0, 0.0)


def _ties_of_family(
    structure: DataStructure, population: Population, parent: str, children: Sequence[Period], *, exhaustive: bool
) -> Iterator[Tie]:
    data = {code: population.data.get(code, "") for code in (parent, *(child.code for child in children))}
    whole = _at(structure, population, DISTINCT, {parent: data[parent]})
    stock = {child.code: _at(structure, population, DISTINCT, {child.code: data[child.code]}) for child in children}
    pairs = [(first.code, second.code) for first, second in pairwise(children) if second.previous == first]
    come = [_at(structure, population, ENTRANTS, {second: data[first] + AND + data[second]}) for first, second in pairs]
    gone = [_at(structure, population, LEAVERS, {first: data[first] + AND + data[second]}) for first, second in pairs]
    for (first, second), entrants, leavers in zip(pairs, come, gone, strict=True):
        yield Tie((whole, stock[first], entrants), (1.0, -1.0, -1.0), 0.0, INFINITY)
        yield Tie((whole, stock[second], leavers), (1.0, -1.0, -1.0), 0.0, INFINITY)
    if exhaustive and pairs and len(pairs) == len(children) - 1:
        signs = (1.0, -1.0, *(-1.0 for _ in pairs))
        yield Tie((whole, stock[children[0].code], *come), signs, -INFINITY, 0.0)
        yield Tie((whole, stock[children[-1].code], *gone), signs, -INFINITY, 0.0)


def _at(structure: DataStructure, population: Population, measure: str, data: dict[str, str]) -> tuple[DataStructure, Population]:
    """The table of another measure in other periods, each with its deliveries; all else is the same."""
    label = Text(lv="", en="")
    dimensions = tuple(
        Dimension(id=d.id, label=d.label, role="time", codes=tuple(DimensionCode(id=code, label=label) for code in data))
        if d.role == "time"
        else d
        for d in structure.dimensions
    )
    return DataStructure(dimensions=dimensions), population.model_copy(update={"measure": measure, "data": data})


def _time(structure: DataStructure) -> Dimension | None:
    return next((dimension for dimension in structure.dimensions if dimension.role == "time"), None)
