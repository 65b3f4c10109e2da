"""How far each cell can move at most, row by row: quick to see that some cell cannot be protected, before anything is solved."""

from __future__ import annotations

import numpy as np

from saime.core.protection.constraints import Flags, Knowledge, Numbers, add_by_row
from saime.core.protection.demands import Limits

TURNS = 20  # at most; each tightens what the rows of the one before have left
FAR = 1e9  # stands for no limit, so that sums stay numbers
ROUNDING = 1e-6


def farthest_moves(rows: Knowledge, table: Numbers, limits: Limits, open_cells: Flags) -> Limits:
    """Bounds on the moves from ``table``: no pattern within ``open_cells`` lets a cell move farther; most cannot go even that far."""
    down, up = (np.where(open_cells, np.minimum(far, FAR), 0.0) for far in (limits.down, limits.up))
    activity, owners = rows.activity(table), np.repeat(np.arange(len(rows.lower)), np.diff(rows.starts))
    below, above = np.maximum(rows.lower - activity, -FAR)[owners], np.minimum(rows.upper - activity, FAR)[owners]
    is_added = rows.signs > 0
    for _ in range(TURNS):
        least = -np.where(is_added, down[rows.cells], up[rows.cells])
        most = np.where(is_added, up[rows.cells], down[rows.cells])
        least_of_others = add_by_row(least, rows.starts)[owners] - least
        most_of_others = add_by_row(most, rows.starts)[owners] - most
        own_most, own_least = above - least_of_others, below - most_of_others
        before = float(np.minimum(down, FAR).sum() + np.minimum(up, FAR).sum())
        np.minimum.at(up, rows.cells, np.maximum(np.where(is_added, own_most, -own_least), 0.0))
        np.minimum.at(down, rows.cells, np.maximum(np.where(is_added, -own_least, own_most), 0.0))
        if float(down.sum() + up.sum()) > before - ROUNDING:
            break
    return Limits(down, up)
