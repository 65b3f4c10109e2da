"""The primary rules against values worked out by hand from their formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from saime.core.errors import BadInput
from saime.core.protection.rules import dominance, group_disclosure, minimum_frequency, p_percent, pq
from support.outside_tables import COUNTS, primary_names, read, spec_of

TOTALS = np.array([100.0, 100.0, 20.0, 0.0])
LARGEST = np.array([[50.0, 25.0, 10.0], [50.0, 26.0, 4.0], [20.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
RECORDS = "region,sex,amount\nA,F,11\nA,F,9\nA,M,6\nA,M,7\nA,M,6\nB,F,280\nB,F,11\nB,F,10\nB,F,9\nB,M,8\nB,M,8\nB,M,9\n"
TWO_REGIONS = {"region": {"T": ["A", "B"]}, "sex": {"T": ["F", "M"]}}


def test_few_contributors_are_sensitive_and_none_only_when_asked_for() -> None:
    frequencies = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    assert minimum_frequency(frequencies, 3).tolist() == [False, True, True, False, False]
    assert minimum_frequency(frequencies, 3, zeros=True).tolist() == [True, True, True, False, False]


def test_dominance_begins_above_the_share_and_requires_what_is_missing_to_it() -> None:
    """75 of 100 is not more than 75 %; 76 is, and a total of 101.33 would bring it back to 75 %."""
    assert dominance(TOTALS, LARGEST, 2, 75) == pytest.approx([0, 100 / 75 * 76 - 100, 100 / 75 * 20 - 20, 0])


def test_the_p_percent_rule_compares_the_rest_with_a_share_of_the_largest() -> None:
    """The rest beside the two largest is 25 and 24; 50 % of the largest is 25."""
    assert p_percent(TOTALS, LARGEST, 50) == pytest.approx([0, 1, 10, 0])


def test_the_pq_rule_is_the_p_percent_rule_with_p_over_q() -> None:
    assert pq(TOTALS, LARGEST, 30, 60) == pytest.approx(p_percent(TOTALS, LARGEST, 50))


def test_a_group_in_one_category_is_disclosed_with_its_empty_categories() -> None:
    values = np.array([7.0, 0.0, 0.0, 5.0, 2.0, 0.0, 0.0, 0.0, 0.0])
    assert group_disclosure(values, np.arange(9).reshape(3, 3)).tolist() == [True] * 3 + [False] * 6
    assert not group_disclosure(values, np.array([[0], [3]])).any(), "one category is the group itself"


@pytest.mark.parametrize("rule", [{"dominance": {"n": 2, "k": 75}}, {"p_percent": 70}, {"pq": {"p": 60, "q": 80}}])
def test_rules_for_magnitudes_look_at_the_records_of_each_cell_and_margin(tmp_path: Path, rule: dict[str, object]) -> None:
    """A|F has two contributors; 280 dominates B|F and the margins around it: beside 280 and 11, the rest of the total is 83."""
    found = primary_names(tmp_path, RECORDS, spec_of(rows="records", value="amount", dimensions=TWO_REGIONS, rule=rule))
    assert {"A|F", "B|F"} <= found
    assert found & {"A|T", "A|M", "B|M", "T|M"} == set()


def test_largest_contributions_given_with_the_cells_are_ranked_anew_in_the_margins(tmp_path: Path) -> None:
    cells = "region,sex,amount,firms,top1,top2\nA,F,20,2,11,9\nA,M,19,3,7,6\nB,F,310,4,11,280\nB,M,25,3,9,8\n"
    spec = spec_of(
        value="amount", frequency="firms", largest_contributions=["top1", "top2"], dimensions=TWO_REGIONS, rule={"p_percent": 70}
    )
    found, by_records = read(tmp_path, cells, spec), spec_of(rows="records", value="amount", dimensions=TWO_REGIONS, rule={"p_percent": 70})
    assert found.contents.largest[found.cells.codes.index(("T", "F"))].tolist() == [280, 11]
    assert found.contents.frequencies[found.cells.codes.index(("T", "T"))] == 12
    assert primary_names(tmp_path, cells, spec) == primary_names(tmp_path, RECORDS, by_records)


def test_records_of_one_contributor_are_one_contribution(tmp_path: Path) -> None:
    """The two records of firm x are 20 of 30 together; as two contributors they would leave a rest of 10 beside 10 and 10."""
    records = "region,sex,amount,firm\nA,F,10,x\nA,F,10,x\nA,F,6,y\nA,F,4,z\nB,M,1,x\n"
    fields = {"rows": "records", "value": "amount", "dimensions": TWO_REGIONS, "rule": {"p_percent": 50}}
    assert "A|F" in primary_names(tmp_path, records, spec_of(contributor="firm", **fields))
    assert "A|F" not in primary_names(tmp_path, records, spec_of(**fields))
    found = read(tmp_path, records, spec_of(contributor="firm", **fields))
    assert found.contents.frequencies[found.cells.codes.index(("T", "T"))] == 3, "firm x counts once in the total"


def test_group_disclosure_is_sought_in_the_dimensions_named(tmp_path: Path) -> None:
    counts = COUNTS.replace("C,M,12", "C,M,0")
    assert primary_names(tmp_path, counts, spec_of(rule={"group_disclosure": ["sex"]})) == {"C|F", "C|M"}
    assert primary_names(tmp_path, counts, spec_of(rule={"group_disclosure": ["region"]})) == set()
    with pytest.raises(BadInput, match="unknown dimension age"):
        primary_names(tmp_path, counts, spec_of(rule={"group_disclosure": ["age"]}))


def test_a_small_count_must_be_able_to_be_anything_from_one_to_the_minimum(tmp_path: Path) -> None:
    spec = spec_of(rule={"minimum": 5})
    found = read(tmp_path, COUNTS, spec)
    primary, place = found.primary(spec), found.cells.codes.index(("A", "F"))
    assert (primary.lower[place], primary.upper[place], primary.reasons[place]) == (1, 3, "A")


@pytest.mark.parametrize(
    ("protection", "levels"),
    [
        ({"lower": 1, "upper": 1}, (1, 1, 0)),
        ({"sliding": 1}, (0, 0, 1)),
        ({"lower": "50%", "upper": "150%"}, (1, 3, 0)),
        ({"lower": 9}, (2, 0, 0)),
    ],
)
def test_protection_is_absolute_or_a_percentage_and_never_below_zero(
    tmp_path: Path, protection: dict[str, object], levels: tuple[float, ...]
) -> None:
    spec = spec_of(protection=protection)
    found = read(tmp_path, COUNTS, spec)
    primary, place = found.primary(spec), found.cells.codes.index(("A", "F"))
    assert (primary.lower[place], primary.upper[place], primary.sliding[place]) == levels
