"""Systems too large for one program a cell: chosen in batches, proven by tables found for many cells at once."""

from __future__ import annotations

import importlib
from itertools import product

import numpy as np
import pytest

from saime.core.errors import Refused
from saime.core.protection import TableToProtect, protect_release
from saime.core.protection import attack as attack_module
from saime.core.protection.attack import Interval, attack, exposed_cells
from saime.core.protection.linked_counts import gather_group
from saime.core.protection.secondary import Aims
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import METADATA, flat, table, withhold

protecting = importlib.import_module("saime.core.protection.protect")  # the package has a function of this name
MINIMUM = 5


@pytest.fixture
def _every_system_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protecting, "LARGE", 0)


@pytest.fixture
def _every_part_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack_module, "LARGE", 0)


def cube(seed: int, mean: float) -> TableToProtect:
    random = np.random.default_rng(seed)
    full = random.poisson(random.gamma(0.8, mean / 0.8, (5, 4, 3)))
    for axis in range(3):
        full = np.concatenate([full.sum(axis=axis, keepdims=True), full], axis=axis)
    counted = table([flat("AREA", "vwxyz"), flat("AGE", "abcd"), flat("KIND", "123")], full.ravel().tolist())
    return TableToProtect(counted, ThresholdProtection(minimum=MINIMUM), METADATA)


@pytest.mark.usefixtures("_every_system_is_large")
@pytest.mark.parametrize(("seed", "mean"), [(1, 40.0), (2, 15.0), (3, 6.0)])
def test_the_exact_attack_finds_nothing_in_what_batches_have_chosen(seed: int, mean: float) -> None:
    dataset = protect_release([cube(seed, mean)]).datasets[0].dataset
    findings = attack(dataset, MINIMUM)
    assert findings
    assert all(finding.informed.is_exact for finding in findings)
    assert not exposed_cells(findings, MINIMUM)


@pytest.mark.usefixtures("_every_system_is_large")
def test_batches_give_the_same_pattern_again() -> None:
    first, again = (protect_release([cube(2, 15.0)]).datasets[0].dataset for _ in range(2))
    assert first == again


def test_statuses_that_give_a_count_away_are_seen_before_anything_is_solved() -> None:
    """Four areas of one person are the only ones: a small count of 4 in all."""
    counts = gather_group(
        [TableToProtect(table([flat("AREA", "wxyz")], [4, 1, 1, 1, 1]), ThresholdProtection(minimum=5), METADATA)], []
    ).counts
    choice = protecting.BatchedSuppression(counts, Aims.of(counts, reasons=True), None)
    with pytest.raises(Refused, match="can be computed"):
        choice.choose()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_tables_prove_is_enough_and_never_more_than_what_is_so(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = protect_release([cube(seed, 20.0)]).datasets[0].dataset
    exact = attack(dataset, MINIMUM)
    monkeypatch.setattr(attack_module, "LARGE", 0)
    proven = attack(dataset, MINIMUM)
    assert not exposed_cells(proven, MINIMUM)
    assert any(not one.informed.is_exact for one in proven)
    for inner, whole in zip(proven, exact, strict=True):
        assert inner.plain.lower >= whole.plain.lower
        assert inner.informed.lower >= whole.informed.lower
        assert whole.informed.upper is None or (inner.informed.upper or 0) <= whole.informed.upper


@pytest.mark.usefixtures("_every_part_is_large")
def test_an_exposed_cell_is_bounded_exactly_in_a_large_part_too() -> None:
    """The eight corners move together, by turns up and down; two that hold one person stop them both ways."""
    full = np.array([[[1, 1], [9, 8]], [[7, 9], [8, 9]]])
    for axis in range(3):
        full = np.concatenate([full.sum(axis=axis, keepdims=True), full], axis=axis)
    counted = table([flat("AREA", "xy"), flat("AGE", "ab"), flat("KIND", "12")], full.ravel().tolist())
    corners = list(product("xy", "ab", "12"))
    findings = attack(withhold(counted, dict.fromkeys(corners, "C")), MINIMUM)
    assert {finding.cell for finding in exposed_cells(findings, MINIMUM)} == set(corners)
    assert all(finding.informed == Interval(count, count) for finding in findings if (count := counted[finding.cell]) is not None)
