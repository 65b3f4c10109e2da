"""Synthetic personal codes look right to a check and cannot belong to anyone. A failure never shows a code."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from support.synthetic import generator_module

codes = generator_module("person_codes")
SAMPLE = np.concatenate([np.arange(50_000), codes.CODES - 1 - np.arange(50_000)])


def is_a_date(day: int, month: int, year: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def test_a_known_person_index_has_the_digits_worked_out_by_hand() -> None:
    """From the left of the number: day, month, year, century and serial; then the check digit over the ten."""
    number = codes.OFFSET
    number, serial = divmod(number, 1000)
    number, century = divmod(number, 3)
    number, year = divmod(number, 100)
    day, month = divmod(number, 12)
    first_ten = f"{day + 60:02d}{month + 1:02d}{year:02d}{century}{serial:03d}"
    a, b, c, d, e, f, g, h, i, j = (int(digit) for digit in first_ten)
    check = ((1101 - (1 * a + 6 * b + 3 * c + 7 * d + 9 * e + 10 * f + 5 * g + 8 * h + 4 * i + 2 * j)) % 11) % 10
    is_as_worked_out = codes.person_codes(np.array([0])).to_pylist() == [f"{first_ten}{check}"]
    assert is_as_worked_out


def test_check_digits_follow_the_published_formula() -> None:
    digits = codes.code_digits(SAMPLE).astype(int)
    weights = (1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    expected = [((1101 - sum(w * d for w, d in zip(weights, row, strict=False))) % 11) % 10 for row in digits[:2000]]
    assert (digits[:2000, 10] == expected).all()


def test_no_code_holds_a_date_or_begins_as_the_codes_without_a_date_do() -> None:
    digits = codes.code_digits(SAMPLE).astype(int)
    days, months, years = digits[:, 0] * 10 + digits[:, 1], digits[:, 2] * 10 + digits[:, 3], digits[:, 4] * 10 + digits[:, 5]
    births = {tuple(birth) for birth in np.stack([days, months, 1800 + 100 * digits[:, 6] + years], axis=1).tolist()}
    assert sum(is_a_date(*birth) for birth in births) == 0
    assert (days != 32).all()
    assert days.min() >= 60


def test_two_million_persons_have_two_million_codes() -> None:
    digits = codes.code_digits(np.arange(2_000_000))
    numbers = digits[:, :10].astype(np.int64) @ (10 ** np.arange(9, -1, -1))
    assert len(np.unique(numbers)) == 2_000_000
    assert math.gcd(codes.STEP, codes.CODES) == 1


def test_an_index_beyond_the_codes_is_refused() -> None:
    with pytest.raises(ValueError, match="person indexes run from 0"):
        codes.code_digits(np.array([codes.CODES]))
