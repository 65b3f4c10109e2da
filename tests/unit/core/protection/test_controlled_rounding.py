from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput
from saime.core.model.dataset import FrequencyTable
from saime.core.protection.constraints import as_numbers, knowledge
from saime.core.protection.rounding import round_controlled
from support.protection import flat, from_persons, matrix


def _rounded(table: FrequencyTable, base: int) -> np.ndarray:
    return round_controlled(knowledge(table.structure), as_numbers(table.values), base)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(st.integers(0, 60), min_size=n, max_size=n), min_size=2, max_size=5)),
    st.sampled_from([3, 5, 10]),
)
def test_two_dimensional_tables_round_to_neighbouring_multiples_and_add_up(counts: list[list[int]], base: int) -> None:
    table = matrix([f"r{i}" for i in range(len(counts))], [f"c{j}" for j in range(len(counts[0]))], counts)
    values, rounded = as_numbers(table.values), _rounded(table, base)
    assert not (rounded % base).any()
    assert np.abs(rounded - values).max() < base  # so a multiple stays
    assert not knowledge(table.structure).activity(rounded.astype(float)).any()


def test_overlapping_margins_keep_their_inequalities() -> None:
    persons = [frozenset({("a", "x"), ("b", "x")})] * 7 + [frozenset({("a", "y")})] * 4 + [frozenset({("b", "y")})] * 3
    table = from_persons([flat("D", "ab", overlaps=True), flat("E", "xy")], persons)
    rows = knowledge(table.structure)
    activity = rows.activity(_rounded(table, 5).astype(float))
    assert (activity >= rows.lower).all()
    assert (activity <= rows.upper).all()


def test_multiples_stay_and_the_same_input_gives_the_same_table() -> None:
    table = matrix("ab", "xy", [[5, 10], [0, 15]])
    assert _rounded(table, 5).tolist() == list(table.values)
    uneven = matrix("abc", "xyz", [[1, 2, 3], [4, 6, 7], [8, 9, 11]])
    assert _rounded(uneven, 5).tolist() == _rounded(uneven, 5).tolist()


def test_sum_of_changes_is_the_least() -> None:
    """By hand: 1 and 1 make 2; with base 5 all three go to 0."""
    assert _rounded(matrix("a", "xy", [[1, 1]]), 5).tolist() == [0, 0, 0, 0, 0, 0]


def test_bad_input_is_named() -> None:
    table = matrix("ab", "xy", [[1, 2], [3, 4]])
    with pytest.raises(BadInput, match="no base"):
        _rounded(table, 1)
    with pytest.raises(BadInput, match="no counts"):
        round_controlled(knowledge(table.structure), as_numbers(table.values) + 0.5, 5)
