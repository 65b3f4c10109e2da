"""The local search for a pattern at a given cost, against all patterns of small programs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from saime.core.protection.constraints import Numbers
from saime.core.protection.master import Inequality, Master
from saime.core.protection.suppression import suppress
from support.suppression import small_counts, with_margins

COLUMNS, ROWS = 9, 12


def drawn_program(seed: int) -> tuple[Numbers, list[Inequality]]:
    """Costs, and inequalities of both kinds: some of these cells are needed, and some are needed with another one."""
    random = np.random.default_rng(seed)
    inequalities = []
    for row in range(ROWS):
        cells = np.sort(random.choice(COLUMNS, size=int(random.integers(2, 5)), replace=False))
        factors = random.choice([0.25, 0.5, 1.0], size=len(cells))
        if is_needed_with := row % 2:
            factors[-1] = -1.0
        inequalities.append(Inequality(cells, factors, 0.0 if is_needed_with else 0.5))
    return random.integers(1, 4, size=COLUMNS).astype(np.float64), inequalities


def meeting(inequalities: list[Inequality]) -> list[Numbers]:
    every = (np.array(pattern, dtype=np.float64) for pattern in product((0, 1), repeat=COLUMNS))
    return [pattern for pattern in every if all(inequality.lacks(pattern) <= 1e-9 for inequality in inequalities)]


@pytest.mark.parametrize("seed", range(40))
def test_a_cheapest_pattern_is_found_and_nothing_cheaper(seed: int) -> None:
    costs, inequalities = drawn_program(seed)
    master = Master(costs, np.ones(COLUMNS, dtype=np.bool_), np.zeros(COLUMNS, dtype=np.bool_))
    master.add(inequalities)
    cheapest = min((float(costs @ pattern) for pattern in meeting(inequalities)), default=None)
    if cheapest is None:
        assert master.cover(np.ones(COLUMNS), float(costs.sum())) is None
        return
    found = master.cover(np.ones(COLUMNS), cheapest)
    assert found is not None
    assert float(costs @ found) == cheapest
    assert all(inequality.lacks(found) <= 1e-6 for inequality in inequalities)
    assert master.cover(found, cheapest - 1.0) is None


def test_what_is_settled_stays() -> None:
    """The third cell, dear as it is, is forced; the first may not be chosen."""
    costs, forced = np.array([1.0, 2.0, 9.0, 3.0]), np.array([False, False, True, False])
    master = Master(costs, np.array([False, True, False, True]), forced)
    master.add([Inequality(np.array([1, 3]), np.ones(2), 1.0)])
    found = master.cover(np.ones(4), 2.0)
    assert found is not None
    assert found.tolist() == [0.0, 1.0, 1.0, 0.0]


def test_ties_end_at_the_proven_optimum() -> None:
    """Every cell costs the same, so that thousands of patterns are as cheap as the bound and unsafe: the search has to get past them."""
    full = with_margins(np.random.default_rng(4).poisson(3.0, size=(5, 4, 4)))
    found = suppress(small_counts(full, 4, costs=np.ones(full.size)))
    assert found.cost == found.bound
    assert len(found.unsafe) == 0
