"""The attack against brute force: enumerate every table that a reader cannot rule out, and compare."""

from __future__ import annotations

import functools
from itertools import combinations_with_replacement, product

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset, FrequencyTable
from saime.core.protection import TableToProtect, protect_release, verify
from saime.core.protection.attack import Finding, Interval, attack, attack_together
from saime.core.protection.constraints import check_declaration
from support.linked_tables import grouped
from support.protection import flat, from_persons, matrix, protected

Tables = npt.NDArray[np.int64]  # one table a row, one cell a column
MINIMUM = 3
LARGEST = 4  # persons in an inner cell
FARTHEST = 9  # persons that a withheld inner cell may hold in the enumeration; a reader may go farther

ROWS, COLUMNS = "xyz", "ab"
counts = st.lists(st.lists(st.integers(0, LARGEST), min_size=2, max_size=2), min_size=2, max_size=3)


def additive_candidates(dataset: Dataset) -> Tables:
    """Every additive table that shows the published counts; withheld inner cells run from 0 to FARTHEST."""
    cells = list(dataset.structure.cells())
    inner = [cell for cell in cells if "_T" not in cell]
    known = dict(zip(cells, dataset.values, strict=True))
    choices = [range(FARTHEST + 1) if known[cell] is None else [known[cell]] for cell in inner]
    grid = np.array(np.meshgrid(*choices, indexing="ij")).reshape(len(inner), -1).T
    sums = np.array([[all(code in ("_T", part) for part, code in zip(leaf, cell, strict=True)) for cell in cells] for leaf in inner])
    return agreeing(grid @ sums.astype(np.int64), dataset)


def agreeing(tables: Tables, dataset: Dataset) -> Tables:
    shown = [place for place, value in enumerate(dataset.values) if value is not None]
    return tables[(tables[:, shown] == np.array([dataset.values[place] for place in shown], dtype=np.int64)).all(axis=1)]


def informed(tables: Tables, dataset: Dataset) -> Tables:
    """Only the tables that also agree with what the statuses say."""
    for place, status in enumerate(dataset.conf_status):
        least, most = {"A": (1, MINIMUM - 1), "D": (MINIMUM, None), "C": (1, None)}.get(status, (0, None))
        tables = tables[(tables[:, place] >= least) & ((most is None) | (tables[:, place] <= (most or 0)))]
    return tables


def same(interval: Interval, values: npt.NDArray[np.int64]) -> bool:
    """Along a cycle no other cell changes by more than this one, so bounds up to FARTHEST - LARGEST are enumerated in full."""
    is_enumerated = interval.upper is not None and interval.upper <= FARTHEST - LARGEST
    return interval.lower == values.min() and (not is_enumerated or interval.upper == values.max())


@given(counts)
@settings(max_examples=40, deadline=None)
def test_the_attack_finds_exactly_what_enumeration_finds(inner: list[list[int]]) -> None:
    dataset = protected(matrix(ROWS[: len(inner)], COLUMNS, inner), MINIMUM).dataset
    plain = additive_candidates(dataset)
    for finding in attack(dataset, MINIMUM):
        place = dataset.structure.position(finding.cell)
        assert "_T" in finding.cell or same(finding.plain, plain[:, place])
        assert len(np.unique(informed(plain, dataset)[:, place])) >= 2


@given(counts)
@settings(max_examples=40, deadline=None)
def test_small_counts_could_be_any_count_up_to_the_minimum(inner: list[list[int]]) -> None:
    counted = matrix(ROWS[: len(inner)], COLUMNS, inner)
    plain = additive_candidates(protected(counted, MINIMUM).dataset)
    for cell in small_cells(counted):
        values = plain[:, counted.structure.position(cell)]
        assert set(range(1, MINIMUM + 1)) <= set(values.tolist())


def small_cells(counted: FrequencyTable) -> list[tuple[str, ...]]:
    return [cell for cell, count in zip(counted.structure.cells(), counted.values, strict=True) if count and count < MINIMUM]


# persons in overlapping groups: each is a set of inner cells
AREA, BENEFIT = flat("AREA", "xy", overlaps=True), flat("BENEFIT", "ab", overlaps=True)
INNER = list(product("xy", "ab"))
persons = st.lists(st.frozensets(st.sampled_from(INNER), min_size=1), max_size=30)


@functools.cache
def possible_tables(most: int) -> Tables:
    """Every table that some ``most`` persons or fewer make."""
    kinds = [frozenset(cell for bit, cell in enumerate(INNER) if kind >> bit & 1) for kind in range(1, 16)]
    units = np.array([from_persons([AREA, BENEFIT], [kind]).values for kind in kinds] + [(0,) * 9], dtype=np.int64)
    picks = np.array(list(combinations_with_replacement(range(16), most)))
    return np.unique(units[picks].sum(axis=1), axis=0)


@given(persons)
@settings(max_examples=100, deadline=None)
def test_counts_of_persons_never_contradict_the_readers_knowledge(group: list[frozenset[tuple[str, str]]]) -> None:
    check_declaration(from_persons([AREA, BENEFIT], group))


@given(st.lists(st.frozensets(st.sampled_from(INNER), min_size=1), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_group_of_persons_is_outside_the_intervals(group: list[frozenset[tuple[str, str]]]) -> None:
    counted = from_persons([AREA, BENEFIT], group)
    dataset = protected(counted, MINIMUM).dataset
    plain = agreeing(possible_tables(7), dataset)
    for finding in attack(dataset, MINIMUM):
        place = dataset.structure.position(finding.cell)
        assert within(finding.plain, plain[:, place])
        assert within(finding.informed, informed(plain, dataset)[:, place])
        assert len(np.unique(plain[:, place])) >= 2


def within(interval: Interval, values: npt.NDArray[np.int64]) -> bool:
    return bool(interval.lower <= values.min() and (interval.upper is None or values.max() <= interval.upper))


@given(st.lists(st.frozensets(st.sampled_from(list(product("xyz", "abc", "12"))), min_size=1, max_size=4), max_size=60), st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_tables_of_three_overlapping_dimensions_can_be_protected(group: list[frozenset[tuple[str, ...]]], minimum: int) -> None:
    dimensions = [flat("AREA", "xyz", overlaps=True), flat("BENEFIT", "abc", overlaps=True), flat("TIME_PERIOD", "12", overlaps=True)]
    counted = from_persons(dimensions, group)
    result = protected(counted, minimum)
    verify(result.dataset, result.certificate)
    for finding in attack(result.dataset, minimum):
        assert holds_the_truth(finding, counted)


def holds_the_truth(finding: Finding, counted: FrequencyTable) -> bool:
    count = counted[finding.cell]
    return count is not None and finding.plain.holds(count, count) and finding.informed.holds(count, count)


def linked_pair(areas: list[int], cut: int) -> list[TableToProtect]:
    """The same five areas, grouped in two ways."""
    counts = dict(zip("vwxyz", areas, strict=True))
    return [
        grouped("by-county", {"K1": "vwx", "K2": "yz"}, counts, minimum=MINIMUM),
        grouped("by-size", {"S": "vwxyz"[cut:], "L": "vwxyz"[:cut]}, counts, minimum=MINIMUM),
    ]


@given(st.lists(st.integers(0, 6), min_size=5, max_size=5), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_two_linked_tables_leave_open_what_enumeration_leaves_open(areas: list[int], cut: int) -> None:
    try:
        pair = [one.dataset for one in protect_release(linked_pair(areas, cut)).datasets]
    except Refused:  # all persons in one area: it is the total
        return
    inner = np.array(list(guesses(pair[0])), dtype=np.int64)
    tables = [inner @ sums_of(dataset) for dataset in pair]
    possible = np.all([agrees(own, dataset) for own, dataset in zip(tables, pair, strict=True)], axis=0)
    for own, dataset, findings in zip(tables, pair, attack_together(pair, [MINIMUM] * 2), strict=True):
        for finding in findings:
            values = own[possible, dataset.structure.position(finding.cell)]
            assert within(finding.plain, values)
            assert finding.conf_status != "A" or set(range(1, MINIMUM + 1)) <= set(values.tolist())


def sums_of(dataset: Dataset) -> Tables:
    """Which cell each area is part of: areas x cells."""
    (areas, _) = dataset.structure.dimensions
    parents = {code.id: code.parent for code in areas.codes}
    lines = [(area, parents[area], "LV") for area in "vwxyz"]
    return np.array([[code.id in line for code in areas.codes] for line in lines], dtype=np.int64)


def guesses(dataset: Dataset) -> product[tuple[int, ...]]:
    """Every way to fill the withheld areas, each with 0 to FARTHEST persons."""
    known = dict(zip((cell[0] for cell in dataset.structure.cells()), dataset.values, strict=True))
    return product(*(range(FARTHEST + 1) if known[area] is None else (known[area],) for area in "vwxyz"))


def agrees(tables: Tables, dataset: Dataset) -> npt.NDArray[np.bool_]:
    shown = [place for place, value in enumerate(dataset.values) if value is not None]
    return (tables[:, shown] == np.array([dataset.values[place] for place in shown], dtype=np.int64)).all(axis=1)
