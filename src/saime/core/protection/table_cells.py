"""The cells of one table, or of several that share cells, and which cell each row of a file is.

A cell is named by one code for each dimension of all tables; a dimension that a table does not have is there with its total. So the
same cell of two tables is one cell, and the tables are protected as one system.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from saime.core.errors import BadInput
from saime.core.model.dataset import DataStructure, Dimension
from saime.core.protection.constraints import SHOWN, Flags, Knowledge, Places, knowledge
from saime.core.protection.reduction import keep_rows
from saime.core.protection.table_file import TableFile
from saime.core.protection.table_hierarchy import dimension_of, root_of
from saime.core.protection.table_spec import CellBlock, Hierarchies, TableSpec

MOST_PLACES = 2**62  # numbers of cells are 64-bit
ABSENT = -1


@dataclass(frozen=True)
class Grid:
    """One table. ``places`` has, for each cell of the structure, row-major, its position among the cells of all tables."""

    structure: DataStructure
    places: Places


@dataclass(frozen=True)
class Cells:
    """``dimensions`` has for each dimension all codes of all tables. Shape of ``numbers``: one mixed-radix number a cell."""

    dimensions: tuple[Dimension, ...]
    grids: tuple[Grid, ...]
    numbers: Places

    @property
    def size(self) -> int:
        return len(self.numbers)

    @functools.cached_property
    def codes(self) -> list[tuple[str, ...]]:
        """Each cell as its codes."""
        shape = [len(dimension.codes) for dimension in self.dimensions]
        columns = [
            [dimension.codes[place].id for place in places]
            for dimension, places in zip(self.dimensions, np.unravel_index(self.numbers, shape), strict=True)
        ]
        return list(zip(*columns, strict=True))

    @functools.cached_property
    def _sorted(self) -> tuple[Places, Places]:
        order = np.argsort(self.numbers, kind="stable")
        return self.numbers[order], order

    def find(self, numbers: Places) -> Places:
        """The positions of cells by number; ABSENT where there is no such cell."""
        ordered, order = self._sorted
        at = np.minimum(np.searchsorted(ordered, numbers), len(ordered) - 1)
        return np.where(ordered[at] == numbers, order[at], ABSENT)

    def of_rows(self, file: TableFile) -> Places:
        """The cell of each row of the file; ABSENT for a row that is no cell of any table."""
        at = [np.array([d.positions[code] for code in file.columns[d.id]], dtype=np.int64) for d in self.dimensions]
        return self.find(np.asarray(np.ravel_multi_index(tuple(at), [len(d.codes) for d in self.dimensions]), dtype=np.int64))

    def name(self, places: Iterable[int]) -> str:
        """The first few of the cells, as a message names them."""
        wanted = [int(place) for place in places]
        more = f" and {len(wanted) - SHOWN} more" if len(wanted) > SHOWN else ""
        return ", ".join("|".join(self.codes[place]) for place in wanted[:SHOWN]) + more

    def rows(self) -> Knowledge:
        """What the hierarchies say of the cells: every parent is the sum of its children, in every table, each said once."""
        parts = [replace(part, cells=grid.places[part.cells]) for grid in self.grids for part in [knowledge(grid.structure)]]
        return parts[0] if len(parts) == 1 else _said_once(parts)

    def block(self, where: str, blocks: Sequence[CellBlock]) -> Flags:
        """The cells that blocks of the spec name: a code, or several, for each dimension; all codes where it is not named."""
        flags = np.zeros(self.size, dtype=np.bool_)
        shape = [len(dimension.codes) for dimension in self.dimensions]
        positions = np.unravel_index(self.numbers, shape)
        for block in blocks:
            if unknown := set(block) - {dimension.id for dimension in self.dimensions}:
                fix = f"use: {', '.join(dimension.id for dimension in self.dimensions)}"
                raise BadInput(f"unknown dimension {', '.join(sorted(unknown))}", where=f"the spec's {where}", fix=fix)
            inside = [
                np.isin(at, _code_positions(where, d, block[d.id]))
                for d, at in zip(self.dimensions, positions, strict=True)
                if d.id in block
            ]
            flags |= np.logical_and.reduce([np.ones(self.size, dtype=np.bool_), *inside])
        return flags


def _code_positions(where: str, dimension: Dimension, codes: str | tuple[str, ...]) -> list[int]:
    wanted = (codes,) if isinstance(codes, str) else codes
    if unknown := [code for code in wanted if code not in dimension.positions]:
        raise BadInput(
            f"dimension {dimension.id} has no code {', '.join(map(repr, unknown))}",
            where=f"the spec's {where}",
            fix=f"use its codes: {', '.join(list(dimension.positions)[:20])}",
        )
    return [dimension.positions[code] for code in wanted]


def _said_once(parts: Sequence[Knowledge]) -> Knowledge:
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    cells, signs, lower, upper = (np.concatenate([getattr(part, name) for part in parts]) for name in ("cells", "signs", "lower", "upper"))
    first: dict[bytes, int] = {}
    for row, (start, end) in enumerate(pairwise(starts)):
        first.setdefault(np.sort(cells[start:end]).tobytes(), row)
    return keep_rows(Knowledge(starts, cells, signs, lower, upper), np.isin(np.arange(len(lengths)), list(first.values())))


def cells_of(spec: TableSpec, file: TableFile) -> Cells:
    """The cells that the spec's tables have, each once, in the order of the tables.

    Raises: BadInput for a faulty hierarchy, or codes of the file that no hierarchy has.
    """
    in_file = {name: list(dict.fromkeys(file.columns[name])) for name in spec.dimension_names}
    structures = [_structure(hierarchies, in_file) for hierarchies in spec.structures]
    dimensions = tuple(_together(name, structures) for name in spec.dimension_names)
    _check_codes_are_known(dimensions, file)
    _check_size(dimensions)
    numbers = [_numbers(structure, dimensions) for structure in structures]
    found, first, inverse = np.unique(np.concatenate(numbers), return_index=True, return_inverse=True)
    order = np.argsort(first)
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    ends = np.cumsum([len(part) for part in numbers])[:-1]
    places = np.split(position[inverse], ends)
    grids = tuple(Grid(structure, own) for structure, own in zip(structures, places, strict=True))
    return Cells(dimensions, grids, found[order])


def _structure(hierarchies: Hierarchies, in_file: Mapping[str, Sequence[str]]) -> DataStructure:
    return DataStructure(dimensions=tuple(dimension_of(name, declared, in_file[name]) for name, declared in hierarchies.items()))


def _together(name: str, structures: Sequence[DataStructure]) -> Dimension:
    """The dimension with the codes of all tables. Raises: BadInput where a table is without it and its total is not one and the same."""
    found = [dimension for structure in structures for dimension in structure.dimensions if dimension.id == name]
    roots = {root_of(dimension) for dimension in found}
    if len(found) < len(structures) and (len(roots) > 1 or None in roots):
        raise BadInput(
            f"not every table has dimension {name}, and its total is not one and the same code",
            where="the spec's tables",
            fix=f"give {name} one code at the top, the same in all tables that have it",
        )
    codes = {code.id: code for dimension in reversed(found) for code in dimension.codes}
    ordered = dict.fromkeys(code.id for dimension in found for code in dimension.codes)
    return found[0].model_copy(update={"codes": tuple(codes[code] for code in ordered)}) if len(found) > 1 else found[0]


def _check_codes_are_known(dimensions: Sequence[Dimension], file: TableFile) -> None:
    for dimension in dimensions:
        column = file.columns[dimension.id]
        unknown = np.array([code not in dimension.positions for code in column], dtype=np.bool_)
        if unknown.any():
            codes = list(dict.fromkeys(column[row] for row in np.flatnonzero(unknown)))
            known = list(dimension.positions)
            raise BadInput(
                f"no hierarchy of dimension {dimension.id} has the code {', '.join(map(repr, codes[:SHOWN]))}",
                where=file.at(dimension.id, unknown),
                fix=f"add it to the spec or correct the file; known codes: {', '.join(known[:20])}{' ...' if len(known) > 20 else ''}",
            )


def _check_size(dimensions: Sequence[Dimension]) -> None:
    if math.prod(len(dimension.codes) for dimension in dimensions) > MOST_PLACES:
        fix = "part the tables into groups that share no cells, and protect each group"
        raise BadInput("the tables have too many dimensions together", where="the spec's tables", fix=fix)


def _numbers(structure: DataStructure, dimensions: Sequence[Dimension]) -> Places:
    """The number of each cell of one table, row-major."""
    own = {dimension.id: axis for axis, dimension in enumerate(structure.dimensions)}
    step, total = 1, np.zeros(structure.shape, dtype=np.int64)
    for dimension in reversed(dimensions):
        if dimension.id in own:
            axis = own[dimension.id]
            at = np.array([dimension.positions[code.id] for code in structure.dimensions[axis].codes], dtype=np.int64)
            total = total + step * at.reshape([-1 if other == axis else 1 for other in range(len(structure.shape))])
        else:
            total = total + step * dimension.positions[root_of(dimension) or ""]
        step *= len(dimension.codes)
    return total.ravel()
