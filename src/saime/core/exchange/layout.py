"""Which dimensions run down, which run across and which stand still; pages, workbooks and PX files agree on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from saime.core.model.dataset import Dataset, DataStructure, Dimension, DimensionCode

MAXIMUM_COLUMNS = 12  # a dimension without a declared place runs across only while the table stays this narrow


@dataclass(frozen=True)
class Layout:
    """``fixed`` dimensions have one code each; a caption tells them. The last dimension of a side varies fastest."""

    rows: tuple[Dimension, ...]
    columns: tuple[Dimension, ...]
    fixed: tuple[Dimension, ...]

    @property
    def row_cells(self) -> list[tuple[DimensionCode, ...]]:
        return list(product(*(dimension.codes for dimension in self.rows)))

    @property
    def column_cells(self) -> list[tuple[DimensionCode, ...]]:
        return list(product(*(dimension.codes for dimension in self.columns)))

    def grid(self, structure: DataStructure) -> list[list[int]]:
        """For every row, the positions of its cells among the observations."""
        down, across = _offsets(structure, self.rows), _offsets(structure, self.columns)
        return [[row + column for column in across] for row in down]


def arrange(dataset: Dataset) -> Layout:
    """Follow the dataset's own layout; place what it does not name by size. At least one dimension runs down."""
    dimensions = dataset.structure.dimensions
    varying = {d.id: d for d in dimensions if len(d.codes) > 1}
    rows = [varying[key] for key in dataset.metadata.rows if key in varying]
    columns = [varying[key] for key in dataset.metadata.columns if key in varying]
    unplaced = [d for d in varying.values() if d not in rows + columns]
    for dimension in sorted(unplaced, key=lambda d: len(d.codes), reverse=True):
        side = columns if rows and _fits(columns, dimension) else rows
        side.append(dimension)
    if not rows:
        rows.append(_row_of_one(dataset, columns) or columns.pop(0))
    placed = {d.id for d in rows + columns}
    return Layout(tuple(rows), tuple(columns), tuple(d for d in dimensions if d.id not in placed))


def depths(dimension: Dimension) -> dict[str, int]:
    """How deep each code stands in its hierarchy; a code whose parent is not shown stands at the top."""
    parents = {code.id: code.parent for code in dimension.codes}
    found: dict[str, int] = {}
    for code in parents:
        depth, parent = 0, parents[code]
        while parent in parents:
            depth, parent = depth + 1, parents[parent]
        found[code] = depth
    return found


def _fits(columns: Sequence[Dimension], dimension: Dimension) -> bool:
    return math.prod(len(d.codes) for d in [*columns, dimension]) <= MAXIMUM_COLUMNS


def _row_of_one(dataset: Dataset, columns: Sequence[Dimension]) -> Dimension | None:
    """A dimension with one code to head the only row, if one is left over: the one that the dataset's rows name."""
    left = [d for d in dataset.structure.dimensions if d not in columns]
    named = [d for d in left if d.id in dataset.metadata.rows]
    return next(iter([*named, *left]), None)


def _offsets(structure: DataStructure, side: Sequence[Dimension]) -> list[int]:
    strides = dict(zip((d.id for d in structure.dimensions), structure.strides, strict=True))
    steps = [range(0, len(d.codes) * strides[d.id], strides[d.id]) for d in side]
    return [sum(offsets) for offsets in product(*steps)]
