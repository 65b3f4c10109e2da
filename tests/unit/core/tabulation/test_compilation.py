"""A plan that does not fit its classifications or facts is refused with plan, dimension, code and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.engines import get_engine
from saime.core.tabulation.specification import Between, OneOf
from saime.core.warehouse.facts import FactTable
from support.tabulation import CODE_LISTS, FEED, plan, tree

FACTS = FactTable(FEED, (), CODE_LISTS, ())
SEX = tree({"_T": None, "F": "_T", "M": "_T"})


def refusal(by: dict[str, Classification], dimensions: dict[str, Any] | None = None, **fields: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        compile_plan(plan(dimensions or {name: {} for name in by}, **fields), by, FACTS)
    return caught.value


def test_codes_become_positions_in_the_code_list_of_their_column() -> None:
    hierarchy = tree({"X": None}, {"X": {"benefit": ["BURIAL", "CHILD", None], "age": {"from": 18}, "working": [True]}})
    (leaf,) = compile_plan(plan({"X": {}}), {"X": hierarchy}, FACTS).dimensions[0].leaves
    assert leaf.tests == (OneOf("benefit", (3, 0), or_empty=True), Between("age", 18, None), OneOf("working", (True,)))


def test_the_structure_follows_the_plan_and_the_classification() -> None:
    by = {"SEX": SEX, "AREA": tree({"RIGA": None})}
    asked = plan({"AREA": {"column": "municipality", "role": "geo", "overlaps": False}, "SEX": {"column": "sex"}}, ["2022-01", "2022-02"])
    area, sex, time = compile_plan(asked, by, FACTS).structure.dimensions
    assert [(d.id, d.role, d.overlaps) for d in (area, sex, time)] == [
        ("AREA", "geo", False),
        ("SEX", None, True),
        ("TIME_PERIOD", "time", True),
    ]
    assert sex.families == {"_T": ("F", "M")}


@pytest.mark.parametrize(
    ("periods", "parents", "exhaustive"),
    [
        (["2022"], [None], True),
        (["2022", "2022-Q1", "2022-02"], [None, "2022", "2022-Q1"], False),
        (["2022", *[f"2022-Q{quarter}" for quarter in range(1, 5)]], [None, *["2022"] * 4], True),
        (["2021-12", "2022-01"], [None, None], True),
    ],
)
def test_a_period_that_covers_others_is_their_parent(periods: list[str], parents: list[str | None], exhaustive: bool) -> None:
    time = compile_plan(plan({}, periods), {}, FACTS).structure.dimensions[-1]
    assert [code.parent for code in time.codes] == parents
    assert (time.overlaps, time.exhaustive) == (len(periods) > 1, exhaustive)


def test_an_unknown_hierarchy_is_named_with_the_known_ones() -> None:
    error = refusal({"SEX": SEX}, {"SEX": {"hierarchy": "gender"}})
    assert "'gender'" in error.what
    assert error.where == "plans/test.yaml, dimension SEX"
    assert error.fix == "use one of: SEX"


def test_an_unknown_column_is_named_with_the_known_ones() -> None:
    error = refusal({"SEX": SEX}, {"SEX": {"column": "gender"}})
    assert "'gender'" in error.what
    assert "age, benefit, group" in error.fix


@pytest.mark.parametrize("column", ["start", "person_code"])
def test_spells_and_personal_codes_are_not_counted_by(column: str) -> None:
    assert f"'{column}'" in refusal({"X": tree({"X": None}, {"X": {column: ["1"]}})}).what


def test_a_code_that_the_code_list_does_not_know_is_named_with_its_place() -> None:
    error = refusal({"X": tree({"X1": None}, {"X1": {"benefit": ["CHILD", "RENT"]}})})
    assert "'RENT' is not in code list 'benefit'" in error.what
    assert error.where == "plans/test.yaml, dimension X, code 'X1' of classifications/X.yaml"
    assert "CHILD, HOUSING" in error.fix


def test_a_leaf_whose_id_the_column_does_not_know_is_refused() -> None:
    assert "'_U'" in refusal({"SEX": tree({"F": None, "_U": None})}, {"SEX": {"column": "sex"}}).what


def test_a_leaf_without_condition_or_column_is_refused() -> None:
    assert "which facts belong to code 'F'" in refusal({"SEX": SEX}).what


def test_a_parent_with_a_condition_of_its_own_is_refused() -> None:
    hierarchy = tree({"_T": None, "F": "_T"}, {"_T": {"sex": ["F", "M"]}, "F": {"sex": ["F"]}})
    assert "'_T' has children" in refusal({"SEX": hierarchy}).what


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ({"sex": {"from": 1}}, "holds no numbers"),
        ({"sex": [1]}, "is not a code"),
        ({"age": ["18"]}, "is not a integer"),
        ({"working": [1]}, "is not a boolean"),
    ],
)
def test_a_value_that_does_not_suit_its_column_is_refused(condition: dict[str, Any], what: str) -> None:
    assert what in refusal({"X": tree({"X": None}, {"X": condition})}).what


def test_a_column_of_numbers_does_not_hold_code_ids() -> None:
    assert "type integer" in refusal({"AGE": tree({"18": None})}, {"AGE": {"column": "age"}}).what


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"population": "pensions"}, "population"),
        ({"periods": ["2022", "2022"]}, "reference_period"),
        ({"periods": []}, "reference_period"),
        ({"filter": {"benefit": ["RENT"]}}, "filter"),
        ({"not_available": [{"SEX": ["X"]}]}, "not_available"),
        ({"not_available": [{}]}, "not_available"),
        ({"measures": {"a": {"count": "distinct"}, "b": {"count": "distinct"}}}, "measures"),
    ],
)
def test_the_fault_of_a_plan_is_placed_in_its_field(fields: dict[str, Any], where: str) -> None:
    assert refusal({"SEX": SEX}, {"SEX": {"column": "sex"}}, **fields).where == f"plans/test.yaml, {where}"


def test_a_hierarchy_without_codes_is_refused() -> None:
    assert "no codes" in refusal({"SEX": SEX.model_copy(update={"codes": ()})}).what


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="use one of: reference, duckdb"):
        get_engine("abacus")


def test_facts_are_read_from_nowhere_to_compile(tmp_path: Path) -> None:
    missing = FactTable(FEED, ((tmp_path / "missing.parquet",),), CODE_LISTS, ())
    assert compile_plan(plan({"SEX": {"column": "sex"}}), {"SEX": SEX}, missing).columns == ("sex",)
