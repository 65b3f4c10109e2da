"""What is worked out from a figure without a number has none either."""

from __future__ import annotations

from itertools import product
from operator import add, truediv

import pytest

from saime.core.model.derived import GRAVEST_FIRST, Figure, derive, stated


def never(*values: object) -> int:
    raise AssertionError("a number was worked out although one of its parts has none")


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("others", ["A", "O", "M", "U", "E", "B"])
def test_what_touches_a_withheld_figure_is_withheld(place: int, others: str) -> None:
    figures = [Figure(None if others in "OM" else 0, others)] * 3
    figures[place] = Figure(None, "Q")
    assert derive(never, *figures) == Figure(None, "Q")


def test_it_has_a_number_only_if_all_parts_have_one_and_the_gravest_of_their_statuses() -> None:
    kinds = [Figure(None, status) for status in "QOMU"] + [Figure(2, status) for status in "UBEA"]
    for pair in product(kinds, repeat=2):
        found = derive(add, *pair)
        assert (found.value is None) == any(part.value is None for part in pair)
        assert found.value in (None, 4)
        assert GRAVEST_FIRST.index(found.obs_status) <= max(GRAVEST_FIRST.index(part.obs_status) for part in pair)
        if found.value is not None:
            assert found.obs_status == min((part.obs_status for part in pair), key=GRAVEST_FIRST.index)


def test_a_rate_of_nobody_is_not_applicable_and_a_rate_of_a_withheld_number_is_withheld() -> None:
    assert derive(truediv, Figure(3), Figure(0)) == Figure(None, "M")
    assert derive(truediv, Figure(0), Figure(4)) == Figure(0.0, "A")
    assert derive(truediv, Figure(3), Figure(None, "Q")) == Figure(None, "Q")


def test_a_document_without_a_number_gives_none_of_its_sums() -> None:
    assert derive(add, stated(3), stated(None)) == Figure(None, "O")
    assert derive(add, stated(3), stated(4)) == Figure(7, "A")
