"""Do the counts agree with what the plan and its classifications declare?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.model.dataset import Dimension, FrequencyTable
from saime.core.model.period import Period
from saime.core.tabulation.plan import TabulationPlan


def check_agreement(
    table: FrequencyTable, plan: TabulationPlan, classifications: Mapping[str, Classification], periods: Sequence[Period]
) -> None:
    """``table``: distinct persons as counted, in ``periods``.

    Raises: BadInput if a dimension that is not declared as overlapping overlaps, as protection would take its margins for sums;
    and if facts of a period have a code that is not valid then.
    """
    for dimension in table.structure.dimensions:
        _check_declared_overlap(table, dimension)
        planned = plan.dimensions.get(dimension.id)
        if planned and planned.column and not planned.recast:
            _check_validity(table, dimension, classifications[planned.hierarchy], periods)


def _check_validity(table: FrequencyTable, dimension: Dimension, hierarchy: Classification, periods: Sequence[Period]) -> None:
    for code in hierarchy.leaves:
        outside = {place for place, period in enumerate(periods) if not code.holds_in(period)}
        values = enumerate(_slice(table, dimension, code.id) if outside else ())
        found = {place % len(periods) for place, value in values if value} & outside  # periods vary fastest
        if found:
            raise BadInput(
                f"facts of {', '.join(periods[place].code for place in sorted(found))} have code '{code.id}', which is not valid then",
                where=f"plans/{table.dataset}.yaml, dimension {dimension.id}, classification {hierarchy.id}({hierarchy.version})",
                fix="correct the deliveries or the code's valid_from and valid_to, or recast into a version that has the code",
            )


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
