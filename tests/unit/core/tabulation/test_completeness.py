"""A total is everybody's only if each value that the contract allows belongs to a leaf."""

from __future__ import annotations

from typing import Any

import pytest

from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.completeness import complete_dimensions
from saime.core.warehouse.contract import Column, FeedContract
from saime.core.warehouse.facts import FactTable
from support.tabulation import CODE_LISTS, FEED, plan, tree


def _complete(when: dict[str, dict[str, Any]], column: dict[str, Any] | None = None, beside: str | None = None) -> bool:
    contract = _with(column) if column else FEED
    facts = FactTable(contract, (), CODE_LISTS, ())
    parents = {"_T": None, **{code: None if code == beside else "_T" for code in when}}
    specification = compile_plan(plan({"D": {}}), {"D": tree(parents, when)}, facts)
    return complete_dimensions(specification, facts) == ("D",)


def _with(column: dict[str, Any]) -> FeedContract:
    columns = tuple(Column.model_validate(kept.model_dump() | column) if kept.name == column["name"] else kept for kept in FEED.columns)
    return FEED.model_copy(update={"columns": columns})


BENEFITS = CODE_LISTS["benefit"]


@pytest.mark.parametrize(
    ("when", "column", "expected"),
    [
        ({"all": {"benefit": [*BENEFITS, None]}}, None, True),
        ({"all": {"benefit": list(BENEFITS)}}, None, False),  # an empty field belongs to no leaf
        ({"all": {"benefit": list(BENEFITS)}}, {"name": "benefit", "required": True}, True),
        ({"some": {"benefit": [*BENEFITS[1:], None]}}, None, False),
        ({"yes": {"working": [True]}, "no": {"working": [False, None]}}, None, True),
        ({"yes": {"working": [True]}, "no": {"working": [False]}}, None, False),
        ({"young": {"age": {"below": 18}}, "old": {"age": {"from": 18}}}, {"name": "age", "required": True}, True),
        ({"young": {"age": {"below": 18}}, "old": {"age": {"from": 19}}}, {"name": "age", "required": True}, False),
        ({"some": {"age": {"from": 0, "below": 100}}}, {"name": "age", "required": True}, False),
        ({"some": {"age": {"from": 0, "below": 100}}}, {"name": "age", "required": True, "minimum": 0, "maximum": 99}, True),
        ({"both": {"age": {"from": 0}, "working": [True]}, "not": {"working": [False, None]}}, None, False),
    ],
)
def test_every_allowed_value_must_belong_to_a_leaf(when: dict[str, dict[str, Any]], column: dict[str, Any] | None, expected: bool) -> None:
    assert _complete(when, column) is expected


def test_a_code_beside_the_total_leaves_no_total_of_everybody() -> None:
    codes = {"all": {"benefit": [*BENEFITS, None]}, "one": {"benefit": [BENEFITS[0]]}}
    assert _complete(codes)
    assert not _complete(codes, beside="one")
