"""A statistician's wishes move the pattern and never its safety."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from saime.core.errors import BadInput
from saime.core.protection import protect, verify
from saime.core.protection.attack import attack, exposed_cells
from saime.core.tabulation.plan import TabulationPlan, ThresholdProtection
from support.protection import METADATA, matrix, withheld_cells

COUNTED = matrix("ABCD", ["male", "female"], [[18, 2], [14, 19], [12, 10], [11, 14]])
Blocks = list[dict[str, list[str]]]


def rule(keep: Blocks = [], prefer_hidden: Blocks = []) -> ThresholdProtection:  # noqa: B006  # never changed
    return ThresholdProtection.model_validate({"minimum": 3, "keep": keep, "prefer_hidden": prefer_hidden})


def hidden(**blocks: Any) -> set[tuple[str, ...]]:
    protected = protect(COUNTED, rule(**blocks), METADATA)
    assert exposed_cells(attack(protected.dataset, 3), 3) == ()
    verify(protected.dataset, protected.certificate)
    return set(withheld_cells(protected.dataset))


def test_without_choices_the_cheapest_cells_are_hidden() -> None:
    assert hidden() == {("A", "male"), ("A", "female"), ("C", "male"), ("C", "female")}


def test_a_cell_to_keep_is_published_and_others_are_hidden_in_its_place() -> None:
    kept = hidden(keep=[{"ROW": ["C"]}])
    assert kept.isdisjoint({("C", "male"), ("C", "female"), ("C", "_T")})
    assert {("A", "male"), ("A", "female")} < kept


def test_a_cell_to_hide_rather_than_others_is_hidden() -> None:
    assert hidden(prefer_hidden=[{"ROW": ["B"], "COLUMN": ["male", "female"]}]) == {
        (row, sex) for row in "AB" for sex in ("male", "female")
    }


def test_nothing_is_hidden_that_nothing_needs() -> None:
    preferred = hidden(prefer_hidden=[{"ROW": ["B", "C", "D"], "COLUMN": ["male", "female"]}])
    assert len(preferred) == 4


def test_a_small_count_is_withheld_whatever_is_asked() -> None:
    assert ("A", "female") in hidden(keep=[{"ROW": ["A"], "COLUMN": ["female"]}])


def test_a_cell_to_keep_is_withheld_where_nothing_else_protects() -> None:
    """The row of A is published beside its small count: either its total or its other part has to go."""
    kept = hidden(keep=[{"ROW": ["A"]}])
    assert kept & {("A", "male"), ("A", "_T")}


def test_lineage_and_certificate_count_what_was_asked() -> None:
    protected = protect(COUNTED, rule([{"ROW": ["C"]}], [{"ROW": ["B"], "COLUMN": ["male"]}]), METADATA)
    assert protected.certificate.rules == {"rule": "threshold", "minimum": 3, "keep": 3, "prefer_hidden": 1}
    assert protected.dataset.lineage[-1].details["keep"] == 3
    assert "keep" not in protect(COUNTED, rule(), METADATA).certificate.rules


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ({"keep": [{"ROW": ["E"]}]}, "no code 'E'"),
        ({"keep": [{"AGE": ["A"]}]}, "no dimension 'AGE'"),
        ({"prefer_hidden": [{}]}, "names no dimension"),
        ({"keep": [{"ROW": ["C"]}], "prefer_hidden": [{"COLUMN": ["male"]}]}, "C|male"),
    ],
)
def test_choices_that_the_table_cannot_follow_are_told(blocks: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as fault:
        protect(COUNTED, rule(**blocks), METADATA)
    assert said in str(fault.value)
    assert "plans/test.yaml, protection" in fault.value.where


def test_choices_are_for_counts_of_distinct_persons(pack_root: Path) -> None:
    content = yaml.safe_load((pack_root / "plans" / "benefit-person-months-2022.yaml").read_text(encoding="utf-8"))
    content["protection"] = {"minimum": 5, "keep": [{"SEX": ["F"]}]}
    with pytest.raises(ValidationError, match="for counts of distinct persons"):
        TabulationPlan.model_validate(content)
