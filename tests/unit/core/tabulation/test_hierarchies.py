"""A hierarchy that is no forest is refused where it is read, with the file and the codes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.pack.yaml_file import read_model
from saime.core.tabulation.plan import TabulationPlan


@pytest.mark.parametrize(
    ("parents", "what"),
    [
        ({"A": "B", "B": "C", "C": "A"}, "code 'A' is its own ancestor"),
        ({"A": "A"}, "code 'A' is its own ancestor"),
        ({"_T": None, "A": "_T", "B": "NORTH"}, "code 'B' has an unknown parent 'NORTH'"),
    ],
)
def test_a_cyclic_or_incomplete_hierarchy_is_refused(tmp_path: Path, parents: dict[str, str | None], what: str) -> None:
    codes = [{"id": code, "label": {"lv": code, "en": code}, "parent": parent} for code, parent in parents.items()]
    path = tmp_path / "areas.yaml"
    content = {"id": "areas", "version": "1", "title": {"lv": "x", "en": "x"}, "source": "test", "codes": codes}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_model(path, Classification)
    assert what in caught.value.what
    assert "Value error" not in caught.value.what
    assert str(path) in caught.value.where


def test_a_plan_with_a_wrong_period_or_field_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("dataset: plan\nreference_period: [2024-Q5]\ncolour: red\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_model(path, TabulationPlan)
    assert "line 3, colour: there is no such field" in caught.value.what
    assert caught.value.where == str(path)
