"""The threshold rule: counts of 1 to minimum - 1 are withheld, zeros and cells without a count are not."""

from __future__ import annotations

import pytest

from saime.core.protection.primary import primary_cells
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import dimension, table

COUNTS = (0, 1, 4, 5, None, 6)


@pytest.mark.parametrize(("minimum", "places"), [(2, (1,)), (5, (1, 2)), (6, (1, 2, 3)), (7, (1, 2, 3, 5))])
def test_small_counts_are_primary_and_zeros_and_gaps_are_not(minimum: int, places: tuple[int, ...]) -> None:
    codes = dimension("CODE", dict.fromkeys("abcdef"))
    assert primary_cells(table([codes], COUNTS), ThresholdProtection(minimum=minimum)) == places
