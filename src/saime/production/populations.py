"""Whom a plan counts, in words that two plans share when they count the same persons: so their common cells are found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from saime.core.model.classification import Classification
from saime.core.model.dataset import Population
from saime.core.model.period import Period
from saime.core.protection.linked_stocks import AND
from saime.core.tabulation.concepts import periods_read
from saime.core.tabulation.plan import Measure, PlannedDimension, TabulationPlan
from saime.core.warehouse.facts import FactTable, LoadRecord

NOT_MEMBERSHIP = {"hierarchy", "column", "overlaps", "exhaustive", "role"}  # of a dimension: these do not decide who belongs to a code
DIGITS = 16  # of a digest; enough to tell codes and deliveries apart, and short in a file


def population_of(
    plan: TabulationPlan, hierarchies: Mapping[str, Classification], facts: FactTable, complete: tuple[str, ...]
) -> Population:
    """``complete``: the dimensions whose total takes in everybody."""
    filters = {column: plan.model_dump(mode="json")["filter"][column] for column in sorted(plan.filter)}
    return Population(
        feed=plan.population,
        filter=_canonical(filters) if filters else "",
        measure=_canonical([_of(plan.unit) | measure.model_dump(mode="json", exclude_defaults=True) for measure in plan.measures.values()]),
        data={code: _deliveries(facts.loads, plan.measure, Period.parse(code)) for code in plan.reference_period},
        complete=complete,
        definitions={name: _definitions(planned, hierarchies[planned.hierarchy]) for name, planned in plan.dimensions.items()},
    )


def _of(unit: str) -> dict[str, str]:
    """Persons are what is counted where nothing is said."""
    return {} if unit == "person" else {"unit": unit}


def _deliveries(loads: Iterable[LoadRecord], measure: Measure, period: Period) -> str:
    """The deliveries that the counts of a period come from, with how many persons were deleted from them since.

    By name and time, as the lineage has them: a digest of their rows would let a reader who knows all rows but one guess the last.
    Where two periods are compared, those of each, the earlier first: so they are known as those of the stocks (``linked_stocks.py``).
    """
    return AND.join(_deliveries_of(loads, read) for read in sorted(periods_read(measure, [period])))


def _deliveries_of(loads: Iterable[LoadRecord], period: Period) -> str:
    own = [load for load in loads if Period.parse(load.period).overlaps(period)]
    return _digest(sorted([load.delivery_name, load.received_at, load.deletions] for load in own))


def _definitions(planned: PlannedDimension, hierarchy: Classification) -> dict[str, str]:
    """By code, a digest of who belongs to it: the conditions of all the leaves below."""
    how = planned.model_dump(mode="json", exclude=NOT_MEMBERSHIP)
    below: dict[str, list[object]] = {code.id: [] for code in hierarchy.codes}
    for leaf in hierarchy.leaves:
        when = leaf.model_dump(mode="json", include={"when"})["when"]
        for code in hierarchy.lineage(leaf.id):
            below[code].append([planned.column, leaf.id] if when is None else when)
    return {code: _digest([how, *sorted(leaves, key=_canonical)]) for code, leaves in below.items()}


def _digest(content: object) -> str:
    return hashlib.sha256(_canonical(content).encode()).hexdigest()[:DIGITS]


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
