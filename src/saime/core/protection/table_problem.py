"""From the cells and contents of a table from outside to the suppression problem of the plain reader."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.constraints import INFINITY, Numbers
from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.table_cells import Cells
from saime.core.protection.table_contents import Contents
from saime.core.protection.table_primary import PrimaryCells
from saime.core.protection.table_spec import TableSpec

MOST_UNITS = 1e12  # a thousand times more, as far as the attack seeks, still fits a float exactly
PREFERRED = 1e-3  # of its cost: what a cell costs that is to be hidden rather than others


@dataclass(frozen=True)
class PosedTable:
    """A table from outside as far as it is known before anything is withheld."""

    spec: TableSpec
    cells: Cells
    contents: Contents
    primary: PrimaryCells


def problem_of(table: PosedTable) -> SuppressionProblem:
    """What any attacker knows: the rows, and that values are 0 or more. True zeros stay visible unless they are primary.

    Unit: the last decimal of the values, so that all of them are whole numbers and no sum is rounded; ``in_units_of_table`` turns the
    answer back. Raises: BadInput where a cell is primary and to be kept, and for values with too many digits to add up exactly.
    """
    spec, cells, contents, primary = table.spec, table.cells, table.contents, table.primary
    values = np.round(contents.values / contents.unit)
    if (values > MOST_UNITS).any():
        raise BadInput(
            f"values have more digits than can be added up exactly: {cells.name(np.flatnonzero(values > MOST_UNITS))}",
            where="the file's values",
            fix="give them with fewer decimals, or in thousands or millions",
        )
    kept = cells.block("keep", spec.keep)
    if (kept & primary.flags).any():
        raise BadInput(
            f"primary cells are to be kept: {cells.name(np.flatnonzero(kept & primary.flags))}",
            where="the spec's keep",
            fix="take them out of keep, or change the rule that makes them primary",
        )
    places = np.flatnonzero(primary.flags)
    zeros = (values == 0) & ~primary.flags
    return SuppressionProblem(
        rows=cells.rows(),
        values=values,
        lower=np.zeros(cells.size),
        upper=np.full(cells.size, INFINITY),
        costs=_costs(spec, contents) / contents.unit * np.where(cells.block("prefer_hidden", spec.prefer_hidden), PREFERRED, 1.0),
        published=kept | zeros,
        primary=places,
        lower_protection=primary.lower[places] / contents.unit,
        upper_protection=primary.upper[places] / contents.unit,
        sliding_protection=primary.sliding[places] / contents.unit,
    )


def _costs(spec: TableSpec, contents: Contents) -> Numbers:
    if spec.costs == "unit":
        return np.ones(len(contents.values))
    if spec.costs == "frequency":
        return contents.frequencies
    return contents.values if spec.costs == "value" else contents.costs


def in_units_of_table(pattern: SuppressionPattern, contents: Contents) -> SuppressionPattern:
    unit = contents.unit
    return replace(pattern, deduce=lambda: pattern.intervals * unit, cost=pattern.cost * unit, bound=pattern.bound * unit)
