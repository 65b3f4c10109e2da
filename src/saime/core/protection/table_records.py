"""Single records added up into every cell that they belong to: values, contributors and the largest contributions.

Contributors are counted in each cell, never added up from its parts: one contributor may have records in several of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from saime.core.errors import BadInput
from saime.core.model.dataset import Dimension
from saime.core.protection.constraints import Numbers, Places
from saime.core.protection.table_cells import ABSENT, Cells, Grid
from saime.core.protection.table_contents import Contents, decimals_of
from saime.core.protection.table_file import TableFile
from saime.core.protection.table_spec import CostColumn, TableSpec


def contents_of_records(spec: TableSpec, cells: Cells, file: TableFile) -> Contents:
    """Raises: BadInput for a record whose code is a total, or whose numbers cannot be read."""
    places, records = memberships(cells, file)
    weights = file.numbers(spec.frequency, spec.decimal) if spec.frequency else np.ones(file.size)
    amounts = file.numbers(spec.value, spec.decimal) if spec.value else weights
    values = _added(cells, places, amounts[records])
    contributors = _contributors(spec, file)
    owners, contributions, who = _by_contributor(places, contributors[records], amounts[records])
    alone = _alone(cells.size, owners, who)
    if spec.frequency or not spec.value:
        frequencies = _added(cells, places, weights[records])
        alone = np.where(frequencies == 1, alone, ABSENT)
    else:
        frequencies = np.bincount(owners, minlength=cells.size).astype(np.float64)
    largest = _largest(cells.size, owners, contributions, spec.rule.contributions)
    cost = file.numbers(spec.costs.column, spec.decimal) if isinstance(spec.costs, CostColumn) else np.zeros(file.size)
    unit = 10.0 ** -decimals_of(file.columns[spec.value], spec.decimal) if spec.value else 1.0
    return Contents(values, frequencies, largest, _added(cells, places, cost[records]), alone, unit)


def memberships(cells: Cells, file: TableFile) -> tuple[Places, Places]:
    """Pairs of a cell and a record that belongs to it, each once; of cells that tables share, the first table's."""
    taken = np.zeros(cells.size, dtype=np.bool_)
    found = []
    for grid in cells.grids:
        places, records = _memberships_in(grid, file)
        fresh = ~taken[places]
        found.append((places[fresh], records[fresh]))
        taken[grid.places] = True
    return np.concatenate([places for places, _ in found]), np.concatenate([records for _, records in found])


def _memberships_in(grid: Grid, file: TableFile) -> tuple[Places, Places]:
    at, records = np.zeros(file.size, dtype=np.int64), np.arange(file.size)
    for dimension, stride in zip(grid.structure.dimensions, grid.structure.strides, strict=True):
        lineages = _lineages(dimension)[_leaf_positions(dimension, file)][records]
        known = lineages != ABSENT
        at = (at[:, None] + stride * lineages)[known]
        records = np.repeat(records, known.sum(axis=1))
    return grid.places[at], records


def _lineages(dimension: Dimension) -> Places:
    """Positions of each code and its ancestors, filled up with ABSENT. Shape: codes x generations."""
    parents = {code.id: code.parent for code in dimension.codes}
    paths = []
    for code in parents:
        path, above = [dimension.positions[code]], parents[code]
        while above is not None:
            path.append(dimension.positions[above])
            above = parents[above]
        paths.append(path)
    longest = max(map(len, paths))
    return np.array([path + [ABSENT] * (longest - len(path)) for path in paths], dtype=np.int64)


def _leaf_positions(dimension: Dimension, file: TableFile) -> Places:
    column = file.columns[dimension.id]
    positions = np.array([dimension.positions.get(code, ABSENT) for code in column], dtype=np.int64)
    is_leaf = np.array([code.id not in dimension.families for code in dimension.codes] + [False])
    wrong = ~is_leaf[positions]
    if wrong.any():
        raise BadInput(
            f"a record's code of dimension {dimension.id} is a total, or no code, of one of the tables",
            where=file.at(dimension.id, wrong),
            fix="give records a code without codes below; or leave out rows that are totals",
        )
    return positions


def _added(cells: Cells, places: Places, amounts: Numbers) -> Numbers:
    return np.asarray(np.bincount(places, amounts, cells.size), dtype=np.float64)


def _contributors(spec: TableSpec, file: TableFile) -> Places:
    if spec.contributor is None:
        return np.arange(file.size)
    return np.unique(np.array(file.columns[spec.contributor]), return_inverse=True)[1].astype(np.int64)


def _by_contributor(places: Places, contributors: Places, amounts: Numbers) -> tuple[Places, Numbers, Places]:
    """What each contributor adds to each cell, added up over its records: cell, amount, contributor; sorted by cell."""
    order = np.lexsort((contributors, places))
    places, contributors, amounts = places[order], contributors[order], amounts[order]
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(places) != 0) | (np.diff(contributors) != 0)]))
    return places[starts], np.add.reduceat(amounts, starts), contributors[starts]


def _alone(size: int, owners: Places, who: Places) -> Places:
    counts = np.bincount(owners, minlength=size)
    alone: Places = np.full(size, ABSENT, dtype=np.int64)
    alone[owners] = who
    return np.where(counts == 1, alone, ABSENT)


def _largest(size: int, owners: Places, contributions: Numbers, count: int) -> Numbers:
    order = np.lexsort((-contributions, owners))
    owners, contributions = owners[order], contributions[order]
    starts = np.searchsorted(owners, owners)
    rank: npt.NDArray[np.int64] = np.arange(len(owners)) - starts
    largest = np.zeros((size, count))
    kept = rank < count
    largest[owners[kept], rank[kept]] = contributions[kept]
    return largest
