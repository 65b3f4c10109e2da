"""From exact tables of sums and means to datasets that may be published: primary rules for magnitudes, then suppression.

All withheld cells get the status C, which gives no reason: who knows why a sum is withheld knows something of its contributions.
A reader knows that sums add up where nothing is counted twice. Codes that overlap for persons (two benefits, two months) seldom do for
amounts, as every amount is of one benefit and one month. So each dimension that in the data adds up is published as one that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from saime.core.errors import BadInput, Refused
from saime.core.model.certificate import AMOUNTS, MEANS
from saime.core.model.dataset import (
    CONFIDENTIAL,
    FREE,
    NORMAL,
    NOT_APPLICABLE,
    NOT_AVAILABLE,
    WITHHELD,
    Dataset,
    DataStructure,
    Dimension,
    LineageStep,
    MagnitudeTable,
    Metadata,
)
from saime.core.model.primary_rule import PrimaryRule
from saime.core.model.text import Text
from saime.core.protection.amount_attack import HUNDREDTHS
from saime.core.protection.constraints import Flags, Numbers, as_numbers
from saime.core.protection.problem import SuppressionProblem
from saime.core.protection.table_cells import ABSENT, Cells, Grid
from saime.core.protection.table_contents import Contents
from saime.core.protection.table_primary import find_primary
from saime.core.protection.table_problem import PosedTable, problem_of
from saime.core.protection.table_spec import TableSpec

AVERAGE_OF_MONTHS = "average_of_months"  # a measure of a MagnitudeTable
WORDS = {"mean": ("vidējie lielumi", "means", "publicēti"), AVERAGE_OF_MONTHS: ("mēnešu vidējie skaiti", "averages of months", "publicēti")}
LARGEST = ("largest", "second", "third")  # contributions that a MagnitudeTable keeps of each cell


def disjoint_structure(table: MagnitudeTable) -> DataStructure:
    """The structure with ``overlaps`` only where amounts are counted twice. Raises: Refused where that is so in a part of a dimension."""
    values = as_numbers(tuple(None if value is None else float(value) for value in table.values))
    cube = np.round(values * HUNDREDTHS).reshape(table.structure.shape)
    return DataStructure(dimensions=tuple(_disjoint(table, cube, axis, d) for axis, d in enumerate(table.structure.dimensions)))


def _disjoint(table: MagnitudeTable, cube: Numbers, axis: int, dimension: Dimension) -> Dimension:
    if not dimension.overlaps:
        return dimension
    twice = [_counts_twice(cube, axis, dimension, parent) for parent in dimension.families]
    if any(twice) and not all(twice):
        raise Refused(
            f"amounts add up over some codes of {dimension.id} and are counted twice over others, which no structure can say",
            where=f"dataset {table.dataset}",
            fix="make two plans, one with the codes that overlap",
        )
    return dimension.model_copy(update={"overlaps": any(twice)})


def _counts_twice(cube: Numbers, axis: int, dimension: Dimension, parent: str) -> bool:
    parts = np.take(cube, [dimension.positions[child] for child in dimension.families[parent]], axis=axis).sum(axis=axis)
    return bool((parts > np.take(cube, dimension.positions[parent], axis=axis)).any())  # nan compares as false


def posed_table(table: MagnitudeTable, structure: DataStructure, rule: PrimaryRule) -> PosedTable:
    """The table as one from outside with contributors and largest contributions."""
    if rule.contributions > (len(LARGEST) if table.largest else 0):
        raise BadInput(
            f"the rule looks at the {rule.contributions} largest contributions, and measure '{table.measure}' tells fewer",
            where=f"plans/{table.dataset}.yaml, protection",
            fix=f"take dominance with n up to {len(LARGEST)}, p_percent or pq for sums of amounts, and a minimum for other measures",
        )
    spec = TableSpec(
        dimensions={dimension.id: None for dimension in structure.dimensions},
        value=table.measure,
        frequency="persons",
        largest_contributions=LARGEST,
        rule=rule,
    )
    places = np.arange(structure.size)
    cells = Cells(structure.dimensions, (Grid(structure, places),), places)
    contents = _contents(table)
    return PosedTable(spec, cells, contents, find_primary(spec, cells, contents))


def _contents(table: MagnitudeTable) -> Contents:
    size = table.structure.size
    values = as_numbers(tuple(None if value is None else float(value) for value in table.values))
    largest = np.zeros((size, len(LARGEST)))
    for place, contributions in enumerate(table.largest):
        largest[place, : len(contributions)] = [float(amount) for amount in contributions]
    if (values < 0).any() or (largest < 0).any():
        raise BadInput(
            "amounts below 0 cannot be protected: the bounds of a cell would not follow from its parts",
            where=f"dataset {table.dataset}",
            fix="give the column a minimum of 0 in the feed's contract, or leave such rows out with a filter",
        )
    unit = 1.0 / HUNDREDTHS if table.largest else 1.0
    return Contents(values, as_numbers(table.contributors), largest, np.zeros(size), np.full(size, ABSENT), unit)


def problem_of_amounts(posed: PosedTable) -> SuppressionProblem:
    """A cell that is not available costs nothing; it is withheld from everybody."""
    problem = problem_of(posed)
    return replace(problem, costs=np.nan_to_num(problem.costs))


def published_amounts(
    table: MagnitudeTable, structure: DataStructure, metadata: Metadata, lineage: tuple[LineageStep, ...], withheld: Flags
) -> Dataset:
    known = table.obs_status or (NORMAL,) * structure.size
    return Dataset(
        id=table.dataset,
        metadata=metadata,
        structure=structure,
        values=_shown(table, withheld.tolist()),
        obs_status=tuple(_obs_status(*cell) for cell in zip(table.values, table.contributors, withheld.tolist(), known, strict=True)),
        conf_status=tuple(CONFIDENTIAL if hidden else FREE for hidden in withheld.tolist()),
        lineage=lineage,
    )


def _shown(table: MagnitudeTable, withheld: Sequence[bool]) -> tuple[int | float | None, ...]:
    kind = float if table.largest or table.measure == AVERAGE_OF_MONTHS else int
    return tuple(None if value is None or hidden else kind(value) for value, hidden in zip(table.values, withheld, strict=True))


def _obs_status(value: Decimal | None, contributors: int | None, hidden: bool, known: str) -> str:
    if contributors is None:
        return NOT_AVAILABLE
    if hidden:
        return WITHHELD
    return NOT_APPLICABLE if value is None else known  # there is no mean of nobody


def step_of_amounts(rule: PrimaryRule, withheld: Flags, measure: str) -> LineageStep:
    """``measure``: of the MagnitudeTable."""
    lv, en, withheld_lv = WORDS.get(measure, ("summas", "sums", "publicētas"))
    label = Text(
        lv=f"Statistiskās konfidencialitātes aizsardzība: {lv}, kas pārāk daudz atklāj par atsevišķām personām, netiek {withheld_lv}",
        en=f"Statistical disclosure control: {en} that tell too much about single persons are withheld",
    )
    name = MEANS if measure == "mean" else AMOUNTS
    details = _parameters(rule) | {"rule": name, "withheld": int(withheld.sum())}
    if measure == AVERAGE_OF_MONTHS:
        details["measure"] = measure
    return LineageStep(kind="protection", id=f"{name}-{'-'.join(_parameters(rule))}", label=label, details=details)


def _parameters(rule: PrimaryRule) -> dict[str, str | int | float | bool | None]:
    """The rule's fields that are set, flat. A minimum is here of those who contribute, and not of what is published."""
    stated = rule.model_dump(exclude_none=True, exclude_defaults=True)
    if rule.minimum is not None:
        stated = {"contributors": stated.pop("minimum")} | stated
    flat: dict[str, str | int | float | bool | None] = {}
    for name, value in stated.items():
        if isinstance(value, dict):
            flat |= {f"{name}_{part}": number for part, number in value.items()}
        else:
            flat[name] = ", ".join(value) if isinstance(value, tuple) else value
    return flat
