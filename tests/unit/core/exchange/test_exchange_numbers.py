from __future__ import annotations

import pytest

from saime.core.exchange.numbers import decimals_of, format_number


@pytest.mark.parametrize(
    ("value", "decimals", "lv", "en"),
    [(0, 0, "0", "0"), (193827, 0, "193\u202f827", "193,827"), (1234.5, 1, "1\u202f234,5", "1,234.5")],
)
def test_each_language_writes_numbers_its_own_way(value, decimals, lv, en):
    assert format_number(value, "lv", decimals) == lv
    assert format_number(value, "en", decimals) == en


@pytest.mark.parametrize(("values", "decimals"), [((1, 2, None), 0), ((1.5, 2), 1), ((0.25, None), 2), ((1 / 3,), 6), ((), 0)])
def test_decimals_are_the_fewest_that_tell_every_value(values, decimals):
    assert decimals_of(values) == decimals
