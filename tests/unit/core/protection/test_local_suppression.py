"""Parts too large for one program: local programs, whose proofs are checked against the exact attack."""

from __future__ import annotations

import numpy as np
import pytest

from saime.core.errors import SaimeError
from saime.core.protection import suppression
from saime.core.protection.audit import audit
from saime.core.protection.problem import SuppressionProblem
from saime.core.protection.suppression import is_protected, suppress
from saime.core.protection.witnesses import Witness, proven_reach
from support.suppression import problem, skewed_table, small_counts

WHOLE = [(1, 1.0), (2, 1.0), (0, -1.0)]  # cell 0 is the sum of cells 1 and 2


@pytest.fixture(autouse=True)
def _every_part_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "LARGE", 0)
    monkeypatch.setattr(suppression, "LARGE_NETWORK", 0)


def attacked(posed: SuppressionProblem, withheld: np.ndarray) -> np.ndarray:
    shown = np.where(withheld, np.nan, posed.values)
    return audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary, flows=False)


@pytest.mark.parametrize(("shape", "seed"), [((12, 7), 1), ((6, 5, 3), 2), ((4, 3, 2, 3), 3)])
def test_the_exact_attack_finds_every_primary_cell_safe(shape: tuple[int, ...], seed: int) -> None:
    posed = small_counts(skewed_table(shape, seed, 12.0), 5)
    pattern, exact = suppress(posed), attacked(posed, suppress(posed).withheld)
    safe = ~np.isin(posed.primary, pattern.unsafe)
    assert is_protected(posed, exact)[safe].all()
    assert (exact[:, 0] <= pattern.intervals[:, 0] + 1e-5).all()  # what the witnesses prove is never more than what is so
    assert (exact[:, 1] >= pattern.intervals[:, 1] - 1e-5).all()
    assert not pattern.withheld[posed.published].any()


def test_cost_and_bound_enclose_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    posed = small_counts(skewed_table((5, 4, 2), 1, 12.0), 5)
    local = suppress(posed)
    monkeypatch.setattr(suppression, "LARGE", 10_000)
    best = suppress(posed)
    assert best.is_optimal
    assert local.bound <= best.cost <= local.cost


def test_a_cell_that_nothing_protects_is_unsafe_here_too() -> None:
    posed = problem([43, 3, 40], [WHOLE], [1], published=np.array([True, False, True]))
    assert suppress(posed).unsafe.tolist() == [1]


def test_a_width_is_reached_up_and_down_together() -> None:
    posed = problem(
        [20, 4, 16], [WHOLE], [1], lower_protection=np.zeros(1), upper_protection=np.zeros(1), sliding_protection=np.full(1, 7.0)
    )
    pattern = suppress(posed)
    assert pattern.cost == 16
    assert is_protected(posed, attacked(posed, pattern.withheld)).all()


def test_a_cell_that_is_not_available_takes_part() -> None:
    posed = problem([np.nan, 4, 46, 30, 16], [WHOLE, [(3, 1.0), (4, 1.0), (2, -1.0)]], [1])
    assert suppress(posed).cost == 0


@pytest.mark.parametrize(
    "witness",
    [
        Witness(np.array([1]), np.array([1.0])),  # breaks the row
        Witness(np.array([0, 1]), np.array([1.0, 1.0])),  # moves a published cell
        Witness(np.array([1, 2]), np.array([-5.0, 5.0])),  # goes below 0
    ],
)
def test_a_movement_that_a_reader_can_rule_out_proves_nothing(witness: Witness) -> None:
    posed = problem([43, 3, 40], [WHOLE], [1])
    unknown = np.array([False, True, True])
    down, up = proven_reach(
        posed.rows, posed.values, (posed.lower, posed.upper), unknown, [Witness(np.array([1, 2]), np.array([2.0, -2.0]))]
    )
    assert (down.tolist(), up.tolist()) == ([0, 0, 2], [0, 2, 0])
    with pytest.raises(SaimeError, match="does not hold"):
        proven_reach(posed.rows, posed.values, (posed.lower, posed.upper), unknown, [witness])
