"""What counting persons means. Every engine passes every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from saime.core.tabulation.engines import ENGINES, EngineSettings
from saime.core.tabulation.kernel import KernelEngine, array_loops
from support.engines import ENGINES_TO_TEST
from support.tabulation import Counter, fact, tree

BENEFIT = tree({"_T": None, "CHILD": "_T", "HOUSING": "_T", "PENSION": "_T"}, name="benefit")
REF_AREA = tree({"LV": None, "PIERIGA": "LV", "OGRE": "PIERIGA", "LIMBAZI": "PIERIGA", "RIGA": "LV"}, name="municipality")
AGE = tree({"ALL": None, "CHILDREN": "ALL", "ADULTS": "ALL"}, {"CHILDREN": {"age": {"below": 18}}, "ADULTS": {"age": {"from": 18}}})
IMPAIRMENT = tree(
    {"total": None, "sight": "total", "hearing": "total", "working": "total"},
    {"sight": {"impairment": ["sight"]}, "hearing": {"impairment": ["hearing"]}, "working": {"working": [True]}},
)
GROUP = tree(
    {"all": None, "group1": "all", "group2": "all", "group_na": "all"},
    {"group1": {"group": ["group1"]}, "group2": {"group": ["group2"]}, "group_na": {"group": [None]}},
)


@pytest.fixture(params=[*ENGINES_TO_TEST, "kernel without numba"])
def count(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine_settings: EngineSettings) -> Counter:
    monkeypatch.setitem(ENGINES, "kernel without numba", lambda settings: KernelEngine(loops=array_loops()))
    return Counter(request.param, tmp_path, engine_settings)


def test_a_person_with_two_benefits_is_one_person_in_the_total(count: Counter) -> None:
    facts = [fact("p1", benefit="CHILD"), fact("p1", benefit="HOUSING"), fact("p2", benefit="CHILD")]
    assert count(facts, {"BENEFIT": BENEFIT}, {"BENEFIT": "benefit"}) == {"_T": 2, "CHILD": 2, "HOUSING": 1, "PENSION": 0}


def test_a_person_named_in_many_rows_is_one_person(count: Counter) -> None:
    facts = [fact("p1", benefit="CHILD")] * 5
    assert count(facts, {"BENEFIT": BENEFIT}, {"BENEFIT": "benefit"}) == {"_T": 1, "CHILD": 1, "HOUSING": 0, "PENSION": 0}


def test_a_person_who_moves_is_in_both_municipalities_and_once_in_their_region(count: Counter) -> None:
    facts = [fact("p1", end="2022-05-31", municipality="OGRE"), fact("p1", start="2022-06-01", municipality="LIMBAZI")]
    cells = count(facts, {"REF_AREA": REF_AREA}, {"REF_AREA": "municipality"})
    assert cells == {"LV": 1, "PIERIGA": 1, "OGRE": 1, "LIMBAZI": 1, "RIGA": 0}


def test_a_municipality_without_a_region_is_in_the_country(count: Counter) -> None:
    facts = [fact("p1", municipality="RIGA"), fact("p2", municipality="OGRE")]
    cells = count(facts, {"REF_AREA": REF_AREA}, {"REF_AREA": "municipality"})
    assert cells == {"LV": 2, "PIERIGA": 1, "OGRE": 1, "LIMBAZI": 0, "RIGA": 1}


def test_codes_without_a_common_total_are_counted_side_by_side(count: Counter) -> None:
    regions = tree({"WEST": None, "JELGAVA": "WEST", "RIGA": None}, name="roots")
    facts = [fact("p1", municipality="RIGA"), fact("p1", municipality="JELGAVA"), fact("p2", municipality="RIGA")]
    assert count(facts, {"REF_AREA": regions}, {"REF_AREA": "municipality"}) == {"WEST": 1, "JELGAVA": 1, "RIGA": 2}


def test_the_year_is_a_count_of_its_own_and_not_the_sum_of_its_months(count: Counter) -> None:
    facts = [fact("p1", "2022-01-10", "2022-02-01", benefit="CHILD"), fact("p2", "2022-02-28", "2022-02-28", benefit="CHILD")]
    cells = count(facts, {"BENEFIT": tree({"CHILD": None})}, {"BENEFIT": "benefit"}, periods=["2022", "2022-01", "2022-02", "2022-03"])
    assert cells == {("CHILD", "2022"): 2, ("CHILD", "2022-01"): 1, ("CHILD", "2022-02"): 2, ("CHILD", "2022-03"): 0}


def test_the_year_counts_persons_of_months_that_the_table_does_not_show(count: Counter) -> None:
    facts = [fact("p1", "2022-07-01", "2022-07-31", benefit="CHILD")]
    cells = count(facts, {"BENEFIT": tree({"CHILD": None})}, {"BENEFIT": "benefit"}, periods=["2022", "2022-01"])
    assert cells == {("CHILD", "2022"): 1, ("CHILD", "2022-01"): 0}


@pytest.mark.parametrize(
    ("start", "end", "persons"),
    [
        ("2022-06-01", "2022-06-30", 1),
        ("2022-06-30", "2022-06-30", 1),
        ("2022-05-01", "2022-06-01", 1),
        ("2022-05-01", "2022-05-31", 0),
        ("2022-07-01", None, 0),
        ("2019-01-01", None, 1),
    ],
)
def test_a_spell_counts_when_it_touches_the_period_on_any_day(count: Counter, start: str, end: str | None, persons: int) -> None:
    cells = count([fact("p1", start, end, sex="F")], {"SEX": tree({"F": None})}, {"SEX": "sex"}, periods=["2022-06"])
    assert cells == {"F": persons}


def test_more_periods_than_a_number_has_bits_are_counted_alike(count: Counter) -> None:
    months = [f"{year}-{month:02}" for year in range(2015, 2022) for month in range(1, 13)]
    cells = count([fact("p1", "2015-01-31", "2020-04-01", sex="F")], {"SEX": tree({"F": None})}, {"SEX": "sex"}, periods=months)
    assert cells == {("F", month): int(month <= "2020-04") for month in months}


def test_who_turns_18_in_the_month_is_a_child_and_an_adult_and_one_person(count: Counter) -> None:
    facts = [fact("p1", "2022-06-01", "2022-06-14", age=17), fact("p1", "2022-06-15", age=18)]
    assert count(facts, {"AGE": AGE}, periods=["2022-06"]) == {"ALL": 1, "CHILDREN": 1, "ADULTS": 1}


def test_a_row_that_belongs_to_no_leaf_is_in_no_cell(count: Counter) -> None:
    facts = [fact("p1", benefit="BURIAL"), fact("p2"), fact("p3", benefit="CHILD")]
    assert count(facts, {"BENEFIT": BENEFIT}, {"BENEFIT": "benefit"}) == {"_T": 1, "CHILD": 1, "HOUSING": 0, "PENSION": 0}


def test_one_row_may_belong_to_several_leaves(count: Counter) -> None:
    facts = [fact("p1", impairment="sight", working=True), fact("p2", impairment="hearing", working=False)]
    assert count(facts, {"CHARACTERISTIC": IMPAIRMENT}) == {"total": 2, "sight": 1, "hearing": 1, "working": 1}


def test_a_null_in_a_condition_takes_the_empty_fields_only(count: Counter) -> None:
    facts = [fact("p1", group="group1"), fact("p2", group=None)]
    assert count(facts, {"GROUP": GROUP}) == {"all": 2, "group1": 1, "group2": 0, "group_na": 1}


def test_an_empty_age_is_in_no_age_group(count: Counter) -> None:
    assert count([fact("p1", age=None)], {"AGE": AGE}) == {"ALL": 0, "CHILDREN": 0, "ADULTS": 0}


def test_a_leaf_takes_the_rows_that_meet_all_its_conditions(count: Counter) -> None:
    hierarchy = tree({"X": None}, {"X": {"age": {"from": 18, "below": 65}, "group": ["group1", None], "working": [True]}})
    meets = {"age": 18, "group": None, "working": True}
    facts = [fact("p1", **meets), fact("p2", **meets | {"age": 65}), fact("p3", **meets | {"group": "group2"}), fact("p4", age=30)]
    assert count(facts, {"STATUS": hierarchy}) == {"X": 1}


def test_an_impairment_in_one_row_and_a_group_in_another_are_not_one_cell(count: Counter) -> None:
    facts = [fact("p1", impairment="sight", group="group1"), fact("p1", impairment="hearing", group="group2")]
    cells = count(facts, {"GROUP": GROUP, "CHARACTERISTIC": IMPAIRMENT})
    assert (cells["group1", "sight"], cells["group2", "hearing"], cells["all", "total"]) == (1, 1, 1)
    assert (cells["group1", "hearing"], cells["group2", "sight"]) == (0, 0)


def test_what_is_in_different_months_is_not_one_cell_of_a_month(count: Counter) -> None:
    facts = [fact("p1", "2022-01-01", "2022-01-31", benefit="CHILD"), fact("p1", "2022-02-01", "2022-02-28", benefit="HOUSING")]
    cells = count(facts, {"BENEFIT": BENEFIT}, {"BENEFIT": "benefit"}, periods=["2022-01", "2022-02"])
    assert [cells[code, "2022-01"] for code in ("_T", "CHILD", "HOUSING")] == [1, 1, 0]
    assert [cells[code, "2022-02"] for code in ("_T", "CHILD", "HOUSING")] == [1, 0, 1]


def test_the_filter_says_whose_rows_count(count: Counter) -> None:
    facts = [fact("p1", benefit="CHILD", age=17), fact("p1", benefit="HOUSING", age=18), fact("p2", benefit="CHILD")]
    cells = count(facts, {"BENEFIT": BENEFIT}, {"BENEFIT": "benefit"}, filter={"age": {"from": 18}})
    assert cells == {"_T": 1, "CHILD": 0, "HOUSING": 1, "PENSION": 0}


def test_a_fact_table_without_rows_gives_zeros(count: Counter) -> None:
    assert count([], {"BENEFIT": BENEFIT}, {"BENEFIT": "benefit"}) == {"_T": 0, "CHILD": 0, "HOUSING": 0, "PENSION": 0}


def test_cells_that_the_plan_does_not_count_have_no_value(count: Counter) -> None:
    facts = [fact("p1", impairment="sight", working=True, group="group1")]
    blocks = [{"GROUP": ["all", "group2"], "CHARACTERISTIC": ["working"]}]
    cells = count(facts, {"GROUP": GROUP, "CHARACTERISTIC": IMPAIRMENT}, not_available=blocks)
    assert {cell for cell, persons in cells.items() if persons is None} == {("all", "working"), ("group2", "working")}
    assert cells["group1", "working"] == 1


def test_a_plan_without_dimensions_counts_the_population(count: Counter) -> None:
    assert count([fact("p1"), fact("p2"), fact("p2", sex="F")], {}, periods=["2022", "2021"]) == {"2022": 2, "2021": 0}
