"""Controlled rounding: every count becomes a multiple of a base, and the table still adds up.

Cox (1987); Salazar-González (2005). Each published value is one of the two multiples next to the true one; a multiple of the base stays.
Where no such table exists (it may not in three dimensions), values may go one base farther, and so on up to ``FARTHEST``. Among the
tables that fit, one is taken whose sum of changes is within a hundredth of the least; the same input gives the same table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from saime.core.errors import BadInput, Refused
from saime.core.protection.constraints import Knowledge, Numbers, Places, add_by_row
from saime.core.protection.solver import DUAL_SIMPLEX, LinearProgram

FARTHEST = 3  # bases


def round_controlled(rows: Knowledge, values: Numbers, base: int) -> npt.NDArray[np.int64]:
    """Values rounded so that every row still holds. Shape and unit: those of ``values``, whole numbers of 0 or more.

    Raises: BadInput for a base below 2 or a value that is no count; Refused if no rounded table satisfies the rows.
    """
    if base < 2:
        raise BadInput(f"{base} is no base for rounding", where="controlled rounding", fix="take 3, 5, 10 or another whole number above 1")
    if not np.all((values >= 0) & (values == np.floor(values))):
        raise BadInput("some values are no counts", where="controlled rounding", fix="give whole numbers of 0 or more for all cells")
    for farther in range(FARTHEST + 1):
        found = _round(rows, values, base, farther)
        if found is not None:
            return found
    raise Refused(
        f"no table of multiples of {base} adds up within {FARTHEST + 1} bases of the counts",
        where="controlled rounding",
        fix="take a larger base, or protect the table by suppression or perturbation",
    )


@dataclass(frozen=True)
class _Steps:
    """Each cell climbs from a lowest multiple by steps of one base. Shape: one entry a step; ``lowest`` has one a cell, in bases."""

    lowest: Numbers
    cells: Places
    costs: Numbers


def _round(rows: Knowledge, values: Numbers, base: int, farther: int) -> npt.NDArray[np.int64] | None:
    steps = _steps(values, base, farther)
    if not len(steps.cells):
        return values.astype(np.int64)  # multiples already
    program = LinearProgram(
        _terms(rows, steps),
        (rows.lower / base - rows.activity(steps.lowest), rows.upper / base - rows.activity(steps.lowest)),
        (np.zeros(len(steps.cells)), np.ones(len(steps.cells))),
        strategy=DUAL_SIMPLEX,
        whole=True,
    )
    program.set_costs(steps.costs)
    taken = program.solve()
    if taken is None:
        return None
    multiples = steps.lowest + np.bincount(steps.cells, weights=np.round(taken), minlength=len(values))
    return np.asarray(multiples * base, dtype=np.int64)


def _steps(values: Numbers, base: int, farther: int) -> _Steps:
    """A step costs what it adds to the distance from the true value; the costs of a cell rise, so the first steps are taken first."""
    lowest = np.maximum(np.floor(values / base) - farther, 0.0)
    counts = (np.ceil(values / base) + farther - lowest).astype(np.int64)
    cells = np.repeat(np.arange(len(values)), counts)
    rank = np.arange(len(cells)) - np.repeat(np.cumsum(counts) - counts, counts)
    before = base * (lowest[cells] + rank)
    return _Steps(lowest, cells, np.abs(before + base - values[cells]) - np.abs(before - values[cells]))


def _terms(rows: Knowledge, steps: _Steps) -> tuple[Places, npt.NDArray[np.int32], Numbers]:
    """The rows over steps instead of cells: each term stands once for each step of its cell."""
    counts = np.bincount(steps.cells, minlength=len(steps.lowest))
    first = np.cumsum(counts) - counts
    repeats = counts[rows.cells]
    offsets = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    columns = (np.repeat(first[rows.cells], repeats) + offsets).astype(np.int32)
    lengths = add_by_row(repeats.astype(np.float64), rows.starts).astype(np.int64)
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), columns, np.repeat(rows.signs, repeats)
