"""What the structure says about the counts is checked against the counts before anything is published."""

from __future__ import annotations

import pytest

from saime.core.errors import BadInput
from saime.core.protection.constraints import check_declaration
from support.protection import dimension, flat, matrix, table

LETTERS = {"_T": None, "a": "_T", "b": "_T"}


def test_sums_pass() -> None:
    check_declaration(matrix("xy", "ab", [[1, 2], [3, 0]]))


def test_a_total_that_is_not_the_sum_is_refused_naming_dimension_and_cell() -> None:
    with pytest.raises(BadInput, match="LETTER") as refusal:
        check_declaration(table([dimension("LETTER", LETTERS)], [10, 5, 6]))
    assert "cells _T" in refusal.value.where
    assert "sum" in refusal.value.what


@pytest.mark.parametrize(
    ("values", "overlaps", "exhaustive", "holds"),
    [
        ((10, 5, 6), True, True, True),
        ((12, 5, 6), True, True, False),  # more persons than the children together
        ((5, 6, 5), True, True, False),  # a child larger than its parent
        ((12, 5, 6), True, False, True),
        ((12, 5, 6), False, False, True),
        ((10, 5, 6), False, False, False),
    ],
)
def test_each_declaration_has_its_own_bounds(values: tuple[int, ...], overlaps: bool, exhaustive: bool, holds: bool) -> None:
    counted = table([dimension("LETTER", LETTERS, overlaps=overlaps, exhaustive=exhaustive)], values)
    if holds:
        check_declaration(counted)
    else:
        with pytest.raises(BadInput):
            check_declaration(counted)


def test_cells_that_are_not_available_are_not_held_against_the_table() -> None:
    check_declaration(table([dimension("LETTER", LETTERS)], [10, None, 6]))


def test_negative_counts_are_refused() -> None:
    with pytest.raises(BadInput, match="0 or more"):
        check_declaration(table([dimension("LETTER", LETTERS)], [0, -1, 1]))


def test_a_code_may_not_overlap_more_than_its_parent() -> None:
    """In x, 2 persons have 2 + 2 benefits; then the 2 + 2 benefits of the whole country cannot belong to 4 persons."""
    dimensions = [flat("AREA", "xy", overlaps=True), flat("BENEFIT", "ab", overlaps=True)]
    x, y = (2, 2, 2), (2, 2, 0)
    check_declaration(table(dimensions, (2, 2, 2, *x, *y)))
    with pytest.raises(BadInput, match="overlaps more than its parent"):
        check_declaration(table(dimensions, (4, 2, 2, *x, *y)))
