"""What any reader knows about a table before seeing a number: linear rows over its cells, made from the data structure.

For every parent with its children in one dimension, all other dimensions held at one code:

- no overlap, exhaustive: ``parent = sum(children)``; not exhaustive: ``sum(children) <= parent``;
- overlap: ``child <= parent`` for each child, and, when exhaustive, ``parent <= sum(children)``.

Counts of distinct persons obey more than that in two overlapping dimensions. Write ``excess(p) = sum over h of x[p, h] - x[p, q]``
for a code ``p`` of the one dimension and a parent ``q`` with children ``h`` of the other: how much the children count twice.
Then for every child ``g`` of ``p``

    excess(g) <= excess(p)

Proof: a person with rows in ``k >= 1`` of the cells ``(g, h)`` adds ``k - 1`` to ``excess(g)``; every row of ``g`` is a row of ``p``,
so the same person is in at least ``k`` of the cells ``(p, h)`` and adds at least ``k - 1`` to ``excess(p)``. Everybody else adds 0 to
``excess(g)`` and, the children of ``q`` being exhaustive, at least 0 to ``excess(p)``.

It contains the inequality that follows from the submodularity of ``|row g or column h|``,
``x[g,h] + x[p,q] <= x[g,q] + x[p,h] + sum of x[g',h'] over g' != g, h' != h``, which reads ``excess(g) + excess(h) <= total excess``: add
the inequalities ``parent <= sum(children)`` of the other columns to ``excess(g) <= excess(p)``. It is also far shorter, so no
table is too large for it. What it leaves out: alternating inequalities over three or more overlapping dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from saime.core.errors import BadInput
from saime.core.model.dataset import DataStructure, Dimension, FrequencyTable

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Columns = npt.NDArray[np.int32]  # as the solver takes them
Flags = npt.NDArray[np.bool_]

INFINITY = float("inf")
SHOWN = 5  # cells named in an error message


@dataclass(frozen=True)
class Block:
    """Rows of one kind. Shape: ``cells`` is rows x terms (positions of cells), ``signs`` one number a term."""

    dimension: str
    says: str
    cells: Places
    signs: Numbers
    lower: float
    upper: float


@dataclass(frozen=True)
class Knowledge:
    """Rows ``lower <= sum(signs * x[cells]) <= upper``; terms ``starts[r]`` to ``starts[r + 1]`` belong to row ``r``."""

    starts: Places
    cells: Places
    signs: Numbers
    lower: Numbers
    upper: Numbers

    def activity(self, values: Numbers) -> Numbers:
        """The sum of each row at the given cell values; nan where a value is nan."""
        return add_by_row(self.signs * values[self.cells], self.starts)


def add_by_row(terms: Numbers, starts: Places) -> Numbers:
    if len(starts) == 1:
        return np.zeros(0)
    return np.asarray(np.add.reduceat(terms, starts[:-1]), dtype=np.float64)


def knowledge(structure: DataStructure, *, nested: bool = True) -> Knowledge:
    """Every row that the structure implies; counts are also known to be 0 or more, which is left to the bounds.

    ``nested``: whoever is counted in a code is counted in the code above. Entrants and leavers are not: who moves from one code
    to another enters it, and not the code above.
    """
    blocks = list(row_blocks(structure, nested=nested))
    lengths = [np.full(len(block.cells), block.cells.shape[1]) for block in blocks]
    return Knowledge(
        starts=np.concatenate([[0], np.cumsum(_join(lengths))]).astype(np.int64),
        cells=_join([block.cells.ravel() for block in blocks]).astype(np.int64),
        signs=_join([np.tile(block.signs, len(block.cells)) for block in blocks]),
        lower=_join([np.full(len(block.cells), block.lower) for block in blocks]),
        upper=_join([np.full(len(block.cells), block.upper) for block in blocks]),
    )


def _join(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0)


def row_blocks(structure: DataStructure, *, nested: bool = True) -> Iterator[Block]:
    """Without ``nested``: only that every one of an exhaustive parent is in some child, or in just one where no code overlaps."""
    grid = np.arange(structure.size, dtype=np.int64).reshape(structure.shape)
    for axis, dimension in enumerate(structure.dimensions):
        for parent, children in dimension.families.items() if nested or dimension.exhaustive else ():
            yield from _family_rows(grid, axis, dimension, parent, children, nested=nested)
    if not nested:
        return
    for (one, p_dimension), (other, q_dimension) in permutations(enumerate(structure.dimensions), 2):
        if p_dimension.overlaps and q_dimension.overlaps and q_dimension.exhaustive:
            yield from _excess_rows(grid, (one, p_dimension), (other, q_dimension))


def _family_rows(grid: Places, axis: int, dimension: Dimension, parent: str, children: tuple[str, ...], *, nested: bool) -> Iterator[Block]:
    whole = _line(grid, axis, dimension, parent)
    parts = [_line(grid, axis, dimension, child) for child in children]
    signs = np.array([1.0] * len(parts) + [-1.0])
    lower = 0.0 if dimension.exhaustive else -INFINITY
    upper = INFINITY if dimension.overlaps else 0.0
    if dimension.exhaustive or not dimension.overlaps:
        says = f"declares '{parent}' to be {_relation(dimension)} of its codes below"
        yield Block(dimension.id, says, np.stack([*parts, whole], axis=1), signs, lower, upper)
    if dimension.overlaps and nested:
        for child, part in zip(children, parts, strict=True):
            says = f"declares '{child}' to be part of '{parent}'"
            yield Block(dimension.id, says, np.stack([part, whole], axis=1), np.array([1.0, -1.0]), -INFINITY, 0.0)


def _relation(dimension: Dimension) -> str:
    if dimension.overlaps:
        return "at most the sum"
    return "the sum" if dimension.exhaustive else "at least the sum"


def _excess_rows(grid: Places, p_axis: tuple[int, Dimension], q_axis: tuple[int, Dimension]) -> Iterator[Block]:
    """``excess(p) - excess(g) >= 0``; the module's docstring proves it."""
    (one, p_dimension), (other, q_dimension) = p_axis, q_axis
    for q, below_q in q_dimension.families.items():
        signs = np.array([1.0] * len(below_q) + [-1.0] + [-1.0] * len(below_q) + [1.0])
        for p, below_p in p_dimension.families.items():
            for g in below_p:
                cells = [_cross(grid, (one, p_dimension, code), (other, q_dimension, h)) for code in (p, g) for h in (*below_q, q)]
                says = f"declares overlaps, but '{g}' overlaps more than its parent '{p}' over the codes below '{q}' of {q_dimension.id}"
                yield Block(p_dimension.id, says, np.stack(cells, axis=1), signs, 0.0, INFINITY)


def _line(grid: Places, axis: int, dimension: Dimension, code: str) -> Places:
    return np.asarray(np.take(grid, dimension.positions[code], axis=axis)).ravel()


def _cross(grid: Places, first: tuple[int, Dimension, str], second: tuple[int, Dimension, str]) -> Places:
    picked: list[Any] = [slice(None)] * grid.ndim
    for axis, dimension, code in (first, second):
        picked[axis] = dimension.positions[code]
    return np.asarray(grid[tuple(picked)]).ravel()


def check_declaration(table: FrequencyTable, *, nested: bool = True) -> None:
    """Raises: BadInput naming dimension and cells where the counts contradict what the plan declares about overlaps."""
    values = as_numbers(table.values)
    if (values < 0).any():
        raise BadInput("counts of persons are 0 or more", where=f"dataset {table.dataset}", fix="tabulate again")
    for block in row_blocks(table.structure, nested=nested):
        activity = values[block.cells] @ block.signs
        wrong = np.flatnonzero((activity < block.lower - 0.5) | (activity > block.upper + 0.5))  # nan compares as false
        if len(wrong):
            raise _contradiction(table, block, wrong)


def _contradiction(table: FrequencyTable, block: Block, wrong: Places) -> BadInput:
    cells = list(table.structure.cells())
    named = [cells[block.cells[row, -1]] for row in wrong[:SHOWN]]
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return BadInput(
        f"dimension {block.dimension} {block.says}, and the counts say otherwise",
        where=f"dataset {table.dataset}, cells {', '.join('|'.join(cell) for cell in named)}{more}",
        fix=f"declare overlaps or exhaustive of {block.dimension} in the plan as they are, or correct the classification",
    )


def as_numbers(values: tuple[int | float | None, ...]) -> Numbers:
    """Values as an array; nan where there is none."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
