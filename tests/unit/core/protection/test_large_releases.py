"""Systems too large for one program a cell: chosen mostly without programs, proven by tables found for many cells at once."""

from __future__ import annotations

import importlib
from itertools import product

import numpy as np
import pytest

from saime.core.errors import Refused, SaimeError
from saime.core.model.dataset import Dataset, FrequencyTable, Population
from saime.core.protection import TableToProtect, neighbourhood, proofs, protect_release
from saime.core.protection import attack as attack_module
from saime.core.protection.attack import Interval, attack, attack_together, exposed_cells
from saime.core.protection.audit import Part
from saime.core.protection.certification import refuse_exposed
from saime.core.protection.clusters import Clusters
from saime.core.protection.constraints import Knowledge
from saime.core.protection.demands import Limits
from saime.core.protection.hypercubes import Hypercubes
from saime.core.protection.linked_counts import gather_group
from saime.core.protection.movement import Movement
from saime.core.protection.neighbourhood import Neighbourhoods
from saime.core.protection.proofs import interior_point, middle_point
from saime.core.protection.secondary import Aims, LinkedCounts
from saime.core.protection.witnesses import Witness
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import METADATA, dimension, flat, table, withhold

protecting = importlib.import_module("saime.core.protection.protect")  # the package has a function of this name
MINIMUM = 5
CORNERS = list(product("xy", "ab", "12"))


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
def test_the_exact_attack_finds_nothing_in_what_was_chosen_as_in_a_large_system(seed: int, mean: float) -> None:
    dataset = protect_release([cube(seed, mean)]).datasets[0].dataset
    findings = attack(dataset, MINIMUM)
    assert findings
    assert all(finding.informed.is_exact for finding in findings)
    assert not exposed_cells(findings, MINIMUM)


@pytest.mark.usefixtures("_every_system_is_large")
def test_a_large_system_gives_the_same_pattern_again() -> None:
    first, again = (protect_release([cube(2, 15.0)]).datasets[0].dataset for _ in range(2))
    assert first == again


def linked() -> list[TableToProtect]:
    """Three tables of the same persons over two of three dimensions each, and one over all three; AREA has a level of groups."""
    random, tree = np.random.default_rng(5), {"_T": None, "G": "_T", "H": "_T", "v": "G", "w": "G", "x": "H", "y": "H", "z": "H"}
    leaves = random.poisson(random.gamma(0.9, 9.0, (5, 4, 3)))
    areas = np.stack([leaves.sum(axis=0), leaves[:2].sum(axis=0), leaves[2:].sum(axis=0), *leaves])
    full = np.concatenate([areas.sum(axis=1, keepdims=True), areas], axis=1)
    full = np.concatenate([full.sum(axis=2, keepdims=True), full], axis=2)
    dimensions = [dimension("AREA", tree), flat("AGE", "abcd"), flat("KIND", "123")]
    population = Population(feed="persons", measure="persons", data={}, complete=("AREA", "AGE", "KIND"))
    metadata, rule = METADATA.model_copy(update={"population": population}), ThresholdProtection(minimum=MINIMUM)
    slices = {"all": (0, 1, 2), "area-age": (0, 1), "area-kind": (0, 2), "age-kind": (1, 2)}
    tables = []
    for name, axes in slices.items():
        counts = full[tuple(slice(None) if axis in axes else 0 for axis in range(3))]
        counted = table([dimensions[axis] for axis in axes], counts.ravel().tolist()).model_copy(update={"dataset": name})
        tables.append(TableToProtect(counted, rule, metadata))
    return tables


def _without_programs(*_: object) -> None:
    raise AssertionError("a program was solved")


@pytest.mark.usefixtures("_every_system_is_large")
def test_hypercubes_alone_serve_linked_tables_and_the_exact_attack_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Neighbourhoods, "cheapest", _without_programs)
    monkeypatch.setattr(Neighbourhoods, "farthest", _without_programs)
    datasets = [one.dataset for one in protect_release(linked()).datasets]
    found = attack_together(datasets, [MINIMUM] * len(datasets))
    assert sum(len(findings) for findings in found) > 20
    assert not any(exposed_cells(findings, MINIMUM) for findings in found)


def test_each_hypercube_keeps_every_row_and_every_limit() -> None:
    group = gather_group(linked(), [])
    counts, plain = group.counts, Aims.of(group.counts, reasons=False).plain
    limits = Limits(np.where(counts.movable, plain.down, 0.0), np.where(counts.movable, plain.up, 0.0))
    cubes = Hypercubes(group.faces, counts.rows, counts.values, limits)
    small = np.flatnonzero(counts.primary).tolist()
    served = 0
    for place in small:
        up, down = float(MINIMUM - counts.values[place]), float(counts.values[place])
        several = cubes.several(place, up, counts.weights, 1.0)
        reached = several is not None and several.change_of(place) == up
        for witness in (*cubes.cheapest(place, up, down, counts.weights), *([several] if several and reached else [])):
            moved = counts.values.copy()
            moved[witness.cells] += witness.amounts
            assert counts.rows.activity(moved) == pytest.approx(0.0)
            assert (moved >= 0).all()
            assert (counts.movable | (moved == counts.values)).all()
            assert moved[place] in (counts.values[place] + up, 0.0)
            served += 1
    assert served > len(small)


def test_geometry_that_the_rows_do_not_have_proposes_nothing() -> None:
    """A row more, of which the faces know nothing: it holds a small count where it is."""
    group = gather_group(linked(), [])
    counts, rows = group.counts, group.counts.rows
    place = int(np.flatnonzero(counts.primary)[0])
    fixed = np.array([counts.values[place]])
    more = Knowledge(
        np.append(rows.starts, rows.starts[-1] + 1),
        np.append(rows.cells, place),
        np.append(rows.signs, 1.0),
        np.append(rows.lower, fixed),
        np.append(rows.upper, fixed),
    )
    endless = np.where(counts.movable, 100.0, 0.0)
    assert Hypercubes(group.faces, rows, counts.values, Limits(endless, endless)).cheapest(place, 1.0, 0.0, counts.weights)
    assert not Hypercubes(group.faces, more, counts.values, Limits(endless, endless)).cheapest(place, 1.0, 0.0, counts.weights)


def _searches(limits_of_cell: dict[int, float]) -> tuple[LinkedCounts, int, Neighbourhoods, Hypercubes]:
    """Of the linked tables and a small count, with room for all that may move; these cells have other room downwards."""
    group = gather_group(linked(), [])
    counts = group.counts
    down = np.where(counts.movable, np.nan_to_num(counts.values), 0.0)
    up = np.where(counts.movable, np.inf, 0.0)
    for cell, room in limits_of_cell.items():
        down[cell] = room
    limits = Limits(down, up)
    place = int(np.flatnonzero(counts.primary)[0])
    return counts, place, Neighbourhoods(counts.rows, counts.values, limits), Hypercubes(group.faces, counts.rows, counts.values, limits)


def test_a_cell_goes_as_far_in_a_cluster_as_the_exact_program_lets_it() -> None:
    counts, place, near, cubes = _searches({})
    for change in (3.0, 30.0):
        found = Clusters(near, cubes).farthest(place, change, np.ones(len(counts.values)))
        every = np.flatnonzero(counts.movable)
        most, _, _ = near.farthest(every, place, change, np.ones(len(counts.values)))
        assert found is not None
        assert most is not None
        assert found.change_of(place) == pytest.approx(most.change_of(place))
        moved = counts.values.copy()
        moved[found.cells] += found.amounts
        assert counts.rows.activity(moved) == pytest.approx(0.0, abs=1e-6)
        assert (moved >= -1e-6).all()


def test_a_cluster_goes_round_cells_that_stop_a_single_hypercube() -> None:
    counts, place, near, cubes = _searches({})
    cell = int(next(other for other in cubes.around(place, 1.0, np.ones(len(counts.values)), 1)[0] if other != place))
    assert counts.movable[cell]
    counts, place, near, cubes = _searches(dict.fromkeys(np.flatnonzero(counts.movable).tolist(), 1.0))
    assert not cubes.cheapest(place, 4.0, 0.0, counts.weights)
    found = Clusters(near, cubes).farthest(place, 4.0, counts.weights)
    assert found is not None
    assert found.change_of(place) == pytest.approx(4.0)
    assert (found.amounts >= -1.0 - 1e-6).all()


def test_a_loose_cluster_goes_round_zeros_that_every_single_hypercube_through_a_cell_moves() -> None:
    """The six cells with somebody make one ring; each square through the first has a zero as a corner."""
    leaves = np.array([[1, 9, 0], [0, 9, 9], [9, 0, 9]])
    full = np.concatenate([leaves.sum(axis=0, keepdims=True), leaves])
    full = np.concatenate([full.sum(axis=1, keepdims=True), full], axis=1)
    counted = table([flat("AREA", "xyz"), flat("AGE", "abc")], full.ravel().tolist())
    group = gather_group([TableToProtect(counted, ThresholdProtection(minimum=MINIMUM), METADATA)], [])
    values, may_move = group.counts.values, np.zeros((4, 4), dtype=np.bool_)
    may_move[1:, 1:] = leaves > 0
    limits = Limits(np.where(may_move.ravel(), values - 1.0, 0.0), np.where(may_move.ravel(), np.inf, 0.0))
    near, cubes = Neighbourhoods(group.counts.rows, values, limits), Hypercubes(group.faces, group.counts.rows, values, limits)
    place = int(np.flatnonzero(group.counts.primary)[0])
    assert Clusters(near, cubes).farthest(place, 4.0, np.ones(16)) is None
    found = Clusters(near, cubes, 1.0).farthest(place, 4.0, np.ones(16))
    assert found is not None
    assert np.abs(found.amounts) == pytest.approx(np.full(6, 4.0))
    assert found.cells.tolist() == np.flatnonzero(may_move.ravel()).tolist()


def test_a_cell_that_would_only_go_up_and_down_at_once_stays() -> None:
    """Its only row holds it: no reward is earned by going there and back."""
    rows = Knowledge(np.array([0, 1]), np.array([0]), np.array([1.0]), np.array([5.0]), np.array([5.0]))
    movement = Movement(rows, np.array([5.0]), np.array([True]), Limits(np.array([5.0]), np.array([9.0])))
    movement.set_costs(np.ones(1))
    assert movement.farthest(0, 3.0, 1000.0).tolist() == [0.0]


def test_the_cell_without_room_is_named_as_what_holds_another_up() -> None:
    """Two cells with a fixed sum: one goes up by no more than the other can go down."""
    rows = Knowledge(np.array([0, 2]), np.array([0, 1]), np.ones(2), np.array([9.0]), np.array([9.0]))
    movement = Movement(rows, np.array([5.0, 4.0]), np.array([True, True]), Limits(np.array([5.0, 2.0]), np.array([9.0, 9.0])))
    movement.set_costs(np.ones(2))
    assert movement.farthest(0, 3.0, 1000.0).tolist() == [2.0, -2.0]
    assert movement.pull()[1] < 0.0


def test_a_table_that_is_none_is_not_taken_as_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that proposes what breaks a row: the check says so, and no interval is told."""
    dataset = protect_release([cube(1, 20.0)]).datasets[0].dataset

    def broken(_: Hypercubes, place: int, change: float, *__: object) -> Witness:
        return Witness(np.array([place]), np.array([change]))

    monkeypatch.setattr(attack_module, "LARGE", 0)
    monkeypatch.setattr(Hypercubes, "several", broken)
    with pytest.raises(SaimeError, match="a proof of protection does not hold"):
        attack(dataset, MINIMUM)


def test_the_middle_of_all_tables_is_far_from_bounds_and_keeps_the_rows() -> None:
    """A square of unknown cells with sums of 30."""
    cells = np.arange(16).reshape(4, 4)
    rows = Knowledge(np.arange(9) * 4, np.concatenate([cells.ravel(), cells.T.ravel()]), np.ones(32), np.full(8, 30.0), np.full(8, 30.0))
    part = Part(np.arange(16), rows, (np.ones(16), np.full(16, 1e5)))
    point, is_optimal = interior_point(part, np.zeros(16))
    assert is_optimal
    for found in (point, middle_point(part)):
        assert rows.activity(found) == pytest.approx(30.0)
        assert found.min() > 3.0


@pytest.mark.usefixtures("_every_system_is_large")
def test_linked_tables_give_the_same_pattern_again() -> None:
    first, again = (protect_release(linked()) for _ in range(2))
    assert first == again


def test_statuses_that_give_a_count_away_are_seen_before_anything_is_solved() -> None:
    """Four areas of one person are the only ones: a small count of 4 in all."""
    counted = table([flat("AREA", "wxyz")], [4, 1, 1, 1, 1])
    group = gather_group([TableToProtect(counted, ThresholdProtection(minimum=5), METADATA)], [])
    choice = protecting.LargeSuppression(group.counts, Aims.of(group.counts, reasons=True), group.faces, None)
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


def test_for_the_few_cells_that_are_left_a_program_over_more_cells_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else finds anything, and no program goes over the whole part."""
    dataset = protect_release([cube(1, 20.0)]).datasets[0].dataset
    monkeypatch.setattr(attack_module, "LARGE", 0)
    monkeypatch.setattr(neighbourhood, "FIRST", 4)
    monkeypatch.setattr(proofs, "NEARBY", 4)
    monkeypatch.setattr(proofs, "interior_point", _without_programs)
    for search, name in ((Hypercubes, "several"), (Clusters, "farthest")):
        monkeypatch.setattr(search, name, lambda *_: None)
    assert not exposed_cells(attack(dataset, MINIMUM), MINIMUM)


@pytest.mark.usefixtures("_every_part_is_large")
def test_an_exposed_cell_is_bounded_exactly_in_a_large_part_too() -> None:
    dataset, counted = _eight_exposed()
    findings = attack(dataset, MINIMUM)
    assert {finding.cell for finding in exposed_cells(findings, MINIMUM)} == set(CORNERS)
    assert all(finding.informed == Interval(count, count) for finding in findings if (count := counted[finding.cell]) is not None)


@pytest.mark.usefixtures("_every_part_is_large")
def test_after_some_exposed_cells_no_more_are_decided_and_the_refusal_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "MOST_EXPOSED", 3)
    dataset, _ = _eight_exposed()
    exposed = exposed_cells(attack(dataset, MINIMUM), MINIMUM)
    with pytest.raises(Refused, match="3 withheld cells can be computed from the published ones; 5 more were not examined to the end"):
        refuse_exposed(dataset, exposed)


def _eight_exposed() -> tuple[Dataset, FrequencyTable]:
    """The eight corners move together, by turns up and down; two that hold one person stop them both ways."""
    full = np.array([[[1, 1], [9, 8]], [[7, 9], [8, 9]]])
    for axis in range(3):
        full = np.concatenate([full.sum(axis=axis, keepdims=True), full], axis=axis)
    counted = table([flat("AREA", "xy"), flat("AGE", "ab"), flat("KIND", "12")], full.ravel().tolist())
    return withhold(counted, dict.fromkeys(CORNERS, "C")), counted
