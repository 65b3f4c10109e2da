"""A release is protected as one system: linked tables, what was published before, and corrections."""

from __future__ import annotations

import pytest

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset
from saime.core.protection import TableToProtect, protect_release
from saime.core.protection.attack import attack, attack_together, exposed_cells
from saime.core.protection.certification import prove_together
from support.linked_tables import grouped, published, states

COUNTS = {"a": 3, "b": 9, "c": 40, "d": 8, "e": 30, "f": 50}
COUNTIES = {"K1": "abc", "K2": "def"}
SIZES = {"S": "acd", "L": "bef"}
BY_COUNTY, BY_SIZE = grouped("by-county", COUNTIES, COUNTS), grouped("by-size", SIZES, COUNTS)


def datasets(tables: list[TableToProtect], earlier: list[Dataset] | None = None) -> list[Dataset]:
    return [one.dataset for one in protect_release(tables, earlier or []).datasets]


def test_two_tables_that_are_safe_alone_give_a_cell_away_together() -> None:
    alone = [datasets([one])[0] for one in (BY_COUNTY, BY_SIZE)]
    for dataset in alone:
        assert not exposed_cells(attack(dataset, 5), 5)
    with pytest.raises(Refused, match="computed from the published") as refusal:
        prove_together(alone, [])
    assert "a|2022" in refusal.value.where


def test_together_they_are_protected_and_a_shared_cell_has_one_state() -> None:
    first, second = datasets([BY_COUNTY, BY_SIZE])
    assert prove_together([first, second], []).keys() == {"by-county", "by-size"}
    shared = [*COUNTS, "LV"]
    assert [states(first)[area] for area in shared] == [states(second)[area] for area in shared]
    for findings in attack_together([first, second], [5, 5]):
        (small,) = [finding for finding in findings if finding.cell[0] == "a"]
        assert small.plain.holds(1, 5)


def test_the_pattern_does_not_depend_on_the_order_of_the_tables() -> None:
    first, second = datasets([BY_COUNTY, BY_SIZE])
    assert datasets([BY_SIZE, BY_COUNTY]) == [second, first]


def test_the_largest_minimum_of_linked_tables_is_everybodys() -> None:
    for dataset in datasets([BY_COUNTY, grouped("by-size", SIZES, COUNTS, minimum=9)]):
        assert dataset.lineage[-1].details["minimum"] == 9
        assert {states(dataset)[area] for area in "ad"} == {"A"}


def test_where_a_reason_would_tell_no_linked_table_tells_one() -> None:
    counts = COUNTS | {"w": 1, "x": 1, "y": 1, "z": 1}
    first = grouped("by-county", COUNTIES | {"K3": "wxyz"}, counts)
    second = grouped("by-size", {"S": "acdw", "L": "befxyz"}, counts)
    for dataset in datasets([first, second]):
        assert set(dataset.conf_status) == {"C", "F"}


def test_what_was_published_before_stays_shown() -> None:
    before = published(BY_COUNTY, {"a": "A", "c": "D"})
    free, bound = datasets([BY_COUNTY])[0], datasets([BY_COUNTY], [before])[0]
    assert (states(free)["b"], states(free)["c"]) == ("D", "F")
    assert (states(bound)["b"], states(bound)["c"]) == ("F", "D")


def test_a_small_count_that_was_published_is_told_and_shown() -> None:
    before = published(grouped("by-county", COUNTIES, COUNTS, minimum=2), {}, minimum=2)
    result = protect_release([BY_COUNTY], [before])
    assert result.already_published == (("by-county", ("a", "2022")),)
    assert states(result.datasets[0].dataset)["a"] == "F"


def test_nothing_protects_a_cell_that_earlier_releases_have_given_away() -> None:
    before = [published(BY_COUNTY, {"a": "A", "b": "D"}), published(BY_SIZE, {"a": "A", "c": "D"})]
    with pytest.raises(Refused, match="can be computed whatever else is withheld"):
        protect_release([BY_COUNTY, BY_SIZE], before)


def test_a_new_table_may_not_give_away_what_an_earlier_one_hides() -> None:
    before = published(BY_COUNTY, {"a": "A", "b": "D"})
    careless = published(grouped("b-and-rest", {"all": ["b", "rest"]}, {"b": 9, "rest": 131}), {})
    with pytest.raises(Refused) as refusal:
        prove_together([careless], [before])
    assert refusal.value.where == "dataset by-county, cells a|2022"


def test_a_corrected_count_is_another_cell_and_a_small_change_is_told() -> None:
    before = datasets([BY_COUNTY])[0]
    result = protect_release([grouped("by-county", COUNTIES, COUNTS | {"e": 32, "f": 90}, data="d2")], [before])
    assert set(result.near_misses) == {("by-county", ("e", "2022"))}
    assert prove_together([one.dataset for one in result.datasets], [before]) == {}


def test_the_same_release_again_is_the_same() -> None:
    first = datasets([BY_COUNTY, BY_SIZE])
    assert datasets([BY_COUNTY, BY_SIZE], first) == first
