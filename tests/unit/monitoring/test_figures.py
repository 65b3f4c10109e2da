"""Figures are written as the language of the page writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils.translation import override

from saime.monitoring.templatetags.figures import printed


@pytest.mark.parametrize(
    ("language", "value", "decimals", "expected"),
    [
        ("lv", 157884789, 0, "157\xa0884\xa0789"),
        ("en", 157884789, 0, "157,884,789"),
        ("lv", Decimal("28.0100"), 2, "28,01"),
        ("en", Decimal("4.0000"), 1, "4.0"),
        ("lv", None, 0, ""),
    ],
)
def test_figures_follow_the_language(language: str, value: Decimal | int | None, decimals: int, expected: str) -> None:
    with override(language):
        assert printed(value, decimals) == expected
