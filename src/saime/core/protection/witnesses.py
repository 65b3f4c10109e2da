"""Other tables that a reader cannot rule out, each as a few movements from the true one: proof of what cells can hold, quick to check.

Where thousands of withheld cells hang together, two programs a cell are too many; a movement that keeps every row is proof as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from saime.core.errors import SaimeError
from saime.core.protection.constraints import Flags, Knowledge, Numbers, Places, add_by_row
from saime.core.protection.reduction import ranges

ROUNDING = 1e-5  # as in the audit
AT_ONCE = 2_000_000  # terms of rows that are checked in one step; bounds the memory


@dataclass(frozen=True)
class Witness:
    """These cells move by these amounts, and all others stay."""

    cells: Places
    amounts: Numbers

    def change_of(self, cell: int) -> float:
        return float(self.amounts[self.cells == cell].sum())


def proven_reach(
    rows: Knowledge, table: Numbers, bounds: tuple[Numbers, Numbers], unknown: Flags, witnesses: Sequence[Witness]
) -> tuple[Numbers, Numbers]:
    """How far each cell is proven to go down and up from ``table``, which has a value for every cell and agrees with everything.

    Raises: SaimeError where a witness is none: it moves a published cell, leaves the bounds or breaks a row.
    """
    down, up = np.zeros(len(table)), np.zeros(len(table))
    if not witnesses:
        return down, up
    by_cell, activity = rows_of_cells(rows, len(table)), rows.activity(table)
    slack = ROUNDING * np.maximum(1.0, np.abs(activity))
    room = rows.lower - activity - slack, rows.upper - activity + slack
    for cells, amounts, owners in _stacked(witnesses):
        moved = table[cells] + amounts
        outside = (moved < bounds[0][cells] - ROUNDING) | (moved > bounds[1][cells] + ROUNDING) | ~unknown[cells]
        if outside.any() or _breaks(rows, by_cell, cells, amounts, owners, room):
            raise SaimeError("a proof of protection does not hold", where=f"cell {cells[0]}", fix="report this with the table's name")
        np.maximum.at(up, cells, amounts)
        np.maximum.at(down, cells, -amounts)
    return down, up


def rows_of_cells(rows: Knowledge, size: int) -> tuple[Places, Places]:
    """The terms in the order of their cells: where each cell's begin, and their places in ``rows``."""
    order = np.argsort(rows.cells, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows.cells, minlength=size))]).astype(np.int64)
    return starts, order


def _stacked(witnesses: Sequence[Witness]) -> Iterator[tuple[Places, Numbers, Places]]:
    """Cells, amounts and the witness of each, many witnesses at once."""
    sizes = np.array([len(witness.cells) for witness in witnesses], dtype=np.int64)
    blocks = np.cumsum(sizes) // (AT_ONCE // 10)  # a cell stands in about ten rows at most
    for block in np.unique(blocks):
        chosen = np.flatnonzero(blocks == block)
        kept = [witnesses[one] for one in chosen.tolist()]
        owners = np.repeat(np.arange(len(kept)), sizes[chosen])
        yield np.concatenate([witness.cells for witness in kept]), np.concatenate([witness.amounts for witness in kept]), owners


def _breaks(
    rows: Knowledge,
    by_cell: tuple[Places, Places],
    cells: Places,
    amounts: Numbers,
    owners: Places,
    room: tuple[Numbers, Numbers],
) -> bool:
    starts, order = by_cell
    lengths = starts[cells + 1] - starts[cells]
    terms = order[ranges(starts[cells], starts[cells + 1])]
    row_of_term = np.searchsorted(rows.starts, terms, side="right") - 1
    keys = np.repeat(owners, lengths) * len(rows.lower) + row_of_term
    by_key = np.argsort(keys, kind="stable")
    changes = (rows.signs[terms] * np.repeat(amounts, lengths))[by_key]
    each, firsts = np.unique(keys[by_key], return_index=True)
    sums, touched = add_by_row(changes, np.append(firsts, len(changes))), each % len(rows.lower)
    return bool(((sums < room[0][touched]) | (sums > room[1][touched])).any())
