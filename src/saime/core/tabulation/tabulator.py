"""Tabulate a plan: compile it, count with an engine, and see that the counts agree with what the plan declares."""

from __future__ import annotations

from collections.abc import Mapping

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.model.dataset import Dimension, FrequencyTable
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.engines import DEFAULT_ENGINE, NO_SETTINGS, EngineSettings, Progress, get_engine
from saime.core.tabulation.plan import TabulationPlan
from saime.core.warehouse.facts import FactTable


def tabulate_plan(
    plan: TabulationPlan,
    classifications: Mapping[str, Classification],
    facts: FactTable,
    engine: str = DEFAULT_ENGINE,
    progress: Progress | None = None,
    settings: EngineSettings = NO_SETTINGS,
) -> FrequencyTable:
    """Count the distinct persons of every cell of the plan.

    Shape: the plan's dimensions in order, codes in the order of their classifications, TIME_PERIOD last. Unit: persons.
    Raises: BadInput if plan, classifications and facts do not fit, if the engine does not exist, or if a dimension that is
    not declared as overlapping overlaps: protection would take its margins for sums.
    """
    counter = get_engine(engine, settings)
    table = counter.tabulate(compile_plan(plan, classifications, facts), facts, progress=progress)
    for dimension in table.structure.dimensions:
        _check_declared_overlap(table, dimension)
    return table


def _check_declared_overlap(table: FrequencyTable, dimension: Dimension) -> None:
    if dimension.overlaps:
        return
    for parent, children in dimension.families.items():
        for parts in zip(*(_slice(table, dimension, code) for code in (parent, *children)), strict=True):
            if None not in parts and parts[0] != sum(part or 0 for part in parts[1:]):
                raise BadInput(
                    f"persons of '{parent}' are in several of its children, and the plan does not say that they may be",
                    where=f"plans/{table.dataset}.yaml, dimension {dimension.id}",
                    fix="write `overlaps: true` for the dimension, or mend the codes' conditions",
                )


def _slice(table: FrequencyTable, dimension: Dimension, code: str) -> list[int | None]:
    """The values of the cells with the code, in the order of the structure."""
    place = table.structure.dimensions.index(dimension)
    stride, position = table.structure.strides[place], dimension.positions[code]
    step = stride * len(dimension.codes)
    starts = range(position * stride, table.structure.size, step)
    return [value for start in starts for value in table.values[start : start + stride]]
