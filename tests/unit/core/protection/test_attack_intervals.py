"""The attacker finds what a reader can compute: textbook tables with known answers, and what overlaps give away."""

from __future__ import annotations

import pytest

from saime.core.errors import BadInput
from saime.core.protection.attack import Finding, Interval, attack, exposed_cells
from support.protection import dimension, flat, from_persons, matrix, table, withhold

# sdcTable's test table: two cells withheld in every row and column
FOUR_BY_FOUR = matrix("wxyz", "abcd", [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]])
NINE_CELLS = ("wa", "wb", "wc", "xa", "xc", "yb", "yd", "zb", "zd")
# Fischetti and Salazar: investment of enterprises by activity and region
THREE_BY_THREE = matrix(["I", "II", "III"], "ABC", [[20, 50, 10], [8, 19, 22], [17, 32, 12]])


def intervals(findings: tuple[Finding, ...]) -> dict[str, tuple[int, int | None]]:
    return {"".join(finding.cell): (finding.plain.lower, finding.plain.upper) for finding in findings}


def test_two_withheld_cells_in_every_row_and_column_are_not_enough() -> None:
    findings = attack(withhold(FOUR_BY_FOUR, {tuple(cell): "C" for cell in NINE_CELLS}), 5)
    expected = {"wa": (25, 94), "wb": (47, 47), "wc": (0, 69), "xa": (26, 95), "xc": (0, 69)}
    expected |= {"yb": (0, 185), "yd": (0, 185), "zb": (906, 1091), "zd": (585, 770)}
    assert intervals(findings) == expected
    assert [finding.cell for finding in exposed_cells(findings, 5)] == [("w", "b")]


def test_one_more_cell_opens_the_interval() -> None:
    findings = attack(withhold(FOUR_BY_FOUR, {tuple(cell): "C" for cell in (*NINE_CELLS, "xd")}), 5)
    assert intervals(findings)["wb"] == (0, 78)
    assert not exposed_cells(findings, 5)


def test_the_textbook_pattern_leaves_the_textbook_interval() -> None:
    cells = {(row, column): "C" for row in ("II", "III") for column in "AC"}
    assert intervals(attack(withhold(THREE_BY_THREE, cells), 5))["IIC"] == (5, 30)


def test_a_parent_with_one_child_gives_the_child_away() -> None:
    tree = {"_T": None, "north": "_T", "south": "_T", "city": "north"}
    counted = table([dimension("AREA", tree)], [20, 3, 17, 3])
    findings = attack(withhold(counted, {("city",): "A"}), 5)
    assert intervals(findings) == {"city": (3, 3)}
    assert exposed_cells(findings, 5)


def test_withheld_cells_between_zeros_are_computed() -> None:
    counted = matrix("xy", "abc", [[3, 0, 0], [7, 20, 20]])
    findings = attack(withhold(counted, {("x", "a"): "A", ("y", "a"): "D"}), 5)
    assert intervals(findings) == {"xa": (3, 3), "ya": (7, 7)}


def test_what_is_withheld_on_one_level_is_computed_from_another() -> None:
    """Withholding a child and its parent, but not what stands above and beside the parent, hides nothing."""
    tree = {"_T": None, "north": "_T", "south": "_T", "n1": "north", "n2": "north"}
    counted = table([dimension("AREA", tree)], [50, 12, 38, 3, 9])
    findings = attack(withhold(counted, {("n1",): "A", ("north",): "D"}), 5)
    assert intervals(findings) == {"north": (12, 12), "n1": (3, 3)}


def test_a_total_of_overlapping_groups_bounds_its_parts() -> None:
    """20 persons, of whom 18 are in one group: at least 2 are in the other, and nobody can be in it more than 20 times."""
    counted = table([flat("GROUP", "ab", overlaps=True)], [20, 18, 2])
    assert intervals(attack(withhold(counted, {("b",): "A"}), 5)) == {"b": (2, 20)}


def test_overlap_in_one_dimension_bounds_a_cell_of_two() -> None:
    """Nobody in the country has two benefits, so nobody in x has: the cell is the difference, movers or not."""
    dimensions = [flat("AREA", "xy", overlaps=True), flat("BENEFIT", "ab", overlaps=True)]
    mover = frozenset({("x", "a"), ("y", "a")})
    persons = [mover, *[frozenset({("x", "a")})] * 9, *[frozenset({("x", "b")})] * 3, *[frozenset({("y", "b")})] * 8]
    counted = from_persons(dimensions, persons)
    assert intervals(attack(withhold(counted, {("x", "b"): "A"}), 5)) == {"xb": (3, 3)}


def test_the_statuses_say_more_than_the_numbers() -> None:
    """Two small counts that add up to 2 are 1 and 1; a small count and a secondary cell that add up to 6 are 1 and 5."""
    pair = table([flat("CODE", "abc")], [22, 1, 1, 20])
    (first, second) = attack(withhold(pair, {("a",): "A", ("b",): "A"}), 5)
    assert first.plain == second.plain == Interval(0, 2)
    assert first.informed == second.informed == Interval(1, 1)
    mixed = table([flat("CODE", "abc")], [26, 1, 5, 20])
    (small, other) = attack(withhold(mixed, {("a",): "A", ("b",): "D"}), 5)
    assert (small.plain, small.informed, other.informed) == (Interval(0, 6), Interval(1, 1), Interval(5, 5))


def test_cells_that_are_not_available_are_unknown_and_not_counted() -> None:
    counted = table([flat("CODE", "abc")], [26, 3, None, 20])
    (finding,) = attack(withhold(counted, {("a",): "A"}), 5)
    assert finding.plain == Interval(0, 6)


def test_a_table_of_one_withheld_cell_has_no_upper_bound() -> None:
    (finding,) = attack(withhold(table([flat("CODE", "")], [3]), {("_T",): "A"}), 5)
    assert (finding.plain, finding.informed) == (Interval(0, None), Interval(1, 4))


def test_published_counts_that_cannot_be_are_refused() -> None:
    counted = table([flat("CODE", "abc")], [10, 3, 9, 20])
    with pytest.raises(BadInput, match="no counts agree"):
        attack(withhold(counted, {("a",): "A"}), 5)
