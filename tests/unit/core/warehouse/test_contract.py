"""What a feed contract may not say, and code lists as a load uses them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from saime.core.errors import BadInput
from saime.core.model.classification import Classification, Code
from saime.core.model.text import Text
from saime.core.warehouse.code_lists import code_lists_of
from saime.core.warehouse.contract import FeedContract
from support.warehouse import CARE


def changed(**changes: object) -> dict[str, object]:
    return {**CARE.model_dump(), **changes}


def test_a_key_without_the_person_is_refused() -> None:
    with pytest.raises(ValidationError, match="includes the personal code, 'person'"):
        FeedContract.model_validate(changed(key=["since", "care"]))


def test_a_spell_of_columns_that_are_no_dates_is_refused() -> None:
    with pytest.raises(ValidationError, match="of type date"):
        FeedContract.model_validate(changed(spell={"start": "age", "end": "until"}))


def test_a_spell_whose_start_may_be_empty_is_refused() -> None:
    with pytest.raises(ValidationError, match="'until' is required"):
        FeedContract.model_validate(changed(spell={"start": "until", "end": "since"}))


def test_the_stored_columns_leave_out_person_and_spell() -> None:
    assert [column.name for column in CARE.stored_columns] == ["sex", "age", "care", "paid"]


def _classification(codes: list[Code]) -> Classification:
    return Classification(id="CL", version="3", title=Text(lv="x", en="x"), source="x", codes=tuple(codes))


def _code(id_: str, parent: str | None = None) -> Code:
    return Code(id=id_, label=Text(lv=id_, en=id_), parent=parent)


def test_a_code_list_is_the_leaves_of_its_classification_in_order() -> None:
    tree = _classification([_code("_T"), _code("b", "_T"), _code("a", "_T"), _code("a1", "a")])
    lists = code_lists_of(CARE, lambda name: tree)
    assert lists["care"].codes == ("b", "a1")
    assert set(lists) == {"sex", "care"}


def test_a_list_that_cannot_be_numbered_is_refused() -> None:
    class Long:
        id, version = "CL", "1"
        leaves = tuple(_code(str(number)) for number in range(65_536))

    with pytest.raises(BadInput, match="65536 codes"):
        code_lists_of(CARE, lambda name: Long())  # type: ignore[arg-type, return-value]
