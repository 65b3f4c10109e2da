"""A table in the middle of all that agree, for the proof of large releases."""

from __future__ import annotations

import numpy as np
import pytest

from saime.core.model.dataset import DataStructure
from saime.core.protection.constraints import INFINITY, Knowledge, knowledge
from saime.core.protection.middle import middle_table
from saime.core.protection.middle_loops import change, earned
from saime.core.protection.reduction import reduce_rows
from support.protection import flat

FAR = 1e8


def test_counts_of_very_different_size_keep_their_sums_and_stay_off_their_bounds() -> None:
    """Only the total of some hundred thousand persons is known; some cells hold a few."""
    random = np.random.default_rng(3)
    leaves = np.ceil(random.lognormal(3.0, 3.0, (6, 5, 4)))
    cells = leaves
    for axis in range(3):
        cells = np.concatenate([cells.sum(axis=axis, keepdims=True), cells], axis=axis)
    structure = DataStructure(dimensions=(flat("AREA", "uvwxyz"), flat("AGE", "abcde"), flat("KIND", "1234")))
    rows = reduce_rows(knowledge(structure), np.arange(cells.size) > 0, cells.ravel())
    found = middle_table(rows, (np.ones(cells.size), np.full(cells.size, FAR)))
    assert found is not None
    assert np.abs(rows.activity(found) - rows.lower).max() < 1e-6 * max(1.0, float(np.abs(rows.lower).max()))
    assert (found - 1.0).min() > 0.01


def test_a_row_with_two_ends_holds_its_sum_between_them() -> None:
    """Two parts of a known 40, and a third cell of which each part may only be so much more: the middle is between, not at an end."""
    rows = Knowledge(
        np.array([0, 2, 4]),
        np.array([0, 1, 0, 2]),
        np.array([1.0, 1.0, 1.0, -1.0]),
        np.array([40.0, -INFINITY]),
        np.array([40.0, 10.0]),
    )
    found = middle_table(rows, (np.ones(3), np.array([FAR, FAR, 20.0])))
    assert found is not None
    assert found[0] + found[1] == pytest.approx(40.0)
    assert found[0] - found[2] < 9.0
    assert 1.0 < found[2] < 20.0


@pytest.mark.parametrize("total", [2.0, 1.0])
def test_nothing_is_found_where_cells_are_held_or_nothing_agrees(total: float) -> None:
    """Two cells of one person or more: their sum of 2 leaves one table, at the bounds; a sum of 1 leaves none."""
    rows = Knowledge(np.array([0, 2]), np.array([0, 1]), np.ones(2), np.array([total]), np.array([total]))
    bounds = np.ones(2), np.full(2, FAR)
    found = middle_table(rows, bounds)
    assert found is None or (total == 2.0 and found.tolist() == [1.0, 1.0])


def test_prices_change_the_sums_as_asked_by_the_least_movement() -> None:
    """Three cells with one sum: each moves by as much of it as it does so easily."""
    equations = np.array([0, 3]), np.array([0, 1, 2]), np.array([1.0, 1.0, -1.0])
    ease, moved = np.array([1.0, 2.0, 1.0]), np.empty(3)
    earned(equations, change(equations, ease, np.array([8.0]), (1e-9, 0.0), 10), moved)
    assert (ease * moved).tolist() == pytest.approx([2.0, 4.0, -2.0])
