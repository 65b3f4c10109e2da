"""A correction is released: what the vintage before withholds stays withheld from a reader of both, or the release is refused."""

from __future__ import annotations

import pytest

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset
from saime.core.protection.attack import attack_together
from saime.core.protection.certification import prove_together
from support.protection import withhold
from support.vintages import MINIMUM, MONTHS, by_month, by_sex_and_month, released

FIRST, CORRECTED = by_month([2, 3, 2], 1), by_month([2, 3, 4], 2)
LAST = (MONTHS[2],)


def withheld(dataset: Dataset) -> set[tuple[str, ...]]:
    return {cell for cell, value in zip(dataset.structure.cells(), dataset.values, strict=True) if value is None}


def test_what_is_safe_alone_can_tell_the_difference_to_the_vintage_before() -> None:
    """The year before is 7 and the first two months are 5 together, as the year now and its last month say: so March was 2."""
    before, alone = released(FIRST), released(CORRECTED)
    with pytest.raises(Refused, match="an earlier release withholds") as refusal:
        prove_together([alone], [before])
    assert refusal.value.where == "dataset monthly, cells 2022-03"
    assert "keep the earlier vintage: leave the corrected period" in refusal.value.fix


def test_more_is_withheld_so_that_both_vintages_tell_nothing() -> None:
    before = released(FIRST)
    alone, now = released(CORRECTED), released(CORRECTED, before)
    assert withheld(alone) < withheld(now)
    (small,) = [finding for finding in attack_together([now, before], [MINIMUM] * 2)[1] if finding.cell == LAST]
    assert small.plain.holds(1, MINIMUM)
    assert small.informed.width >= 1


def test_the_same_two_vintages_give_the_same_pattern() -> None:
    before = released(FIRST)
    assert released(CORRECTED, before) == released(CORRECTED, before)


def test_a_third_vintage_keeps_the_secrets_of_both() -> None:
    first = released(FIRST)
    second = released(CORRECTED, first)
    third = released(by_month([2, 3, 1], 3), first, second)
    for dataset, findings in zip((third, second, first), attack_together([third, second, first], [MINIMUM] * 3), strict=True):
        assert {finding.cell for finding in findings} == withheld(dataset)
        assert not any(finding.is_exposed(MINIMUM) for finding in findings)


def test_what_the_earlier_vintage_gave_away_itself_stops_nothing() -> None:
    careless = withhold(FIRST.table, {(MONTHS[0],): "A"}, minimum=MINIMUM).model_copy(update={"id": "monthly", "metadata": FIRST.metadata})
    corrected = by_month([2, 3, 0], 2)
    first = careless.model_copy(update={"values": (7, 2, 3, None), "obs_status": ("A", "A", "A", "Q"), "conf_status": ("F", "F", "F", "A")})
    now = released(corrected, first)
    assert now.values == (5, 2, 3, 0)


def test_where_no_pattern_is_safe_the_refusal_names_table_cells_and_ways_out() -> None:
    """Three persons: every cell is small, and the months that both vintages share are shown where all persons are in them."""
    before = released(by_sex_and_month([("F", [0]), ("F", [0]), ("M", [0, 1, 2])], 1))
    with pytest.raises(Refused) as refusal:
        released(by_sex_and_month([("F", [0]), ("F", [0, 2]), ("M", [0, 1, 2])], 2), before)
    assert refusal.value.where == "dataset monthly, cells F|2022-01, M|2022-01"
    assert "join codes with small counts" in refusal.value.fix
    assert "leave the corrected period, and those that contain it, out of the plan" in refusal.value.fix
