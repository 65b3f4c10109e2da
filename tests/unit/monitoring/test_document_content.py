"""The pack's policy documents say what their sources say."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from saime.core.errors import BadInput
from saime.monitoring.content import DocumentContent, read_documents
from support.pack_copy import copy_pack, replace_in


@pytest.fixture(scope="module")
def content(pack_root: Path) -> DocumentContent:
    return read_documents(pack_root)


def test_rows_are_as_many_as_in_the_sources(content: DocumentContent) -> None:
    guidelines, strategy = content.rows["guidelines-2021-2027"], content.rows["strategy-2017-2019"]
    assert (len(guidelines.targets), len(strategy.indicators), len(strategy.budget)) == (18, 30, 141)
    assert len({row.programme for row in strategy.budget}) == 47
    assert Counter(row.kind for row in strategy.budget) == {"plan": 47, "projection": 94}


def test_only_two_targets_state_their_year(content: DocumentContent) -> None:
    targets = content.rows["guidelines-2021-2027"].targets
    assert {row.target_no: row.target_year for row in targets if row.target_year} == {"1.1": 2027, "2.3b": 2027}


def test_baselines_keep_the_digits_of_the_source(content: DocumentContent) -> None:
    indicators = {row.indicator_no: row for row in content.rows["strategy-2017-2019"].indicators}
    assert str(indicators["18"].baseline_value) == "4.0"
    assert (indicators["20"].baseline_women, indicators["20"].baseline_men) == (Decimal("74.0"), Decimal("78.8"))


def test_doubts_name_what_the_rows_hold(content: DocumentContent) -> None:
    indicators = {row.indicator_no: row for row in content.rows["strategy-2017-2019"].indicators}
    assert {number for number, row in indicators.items() if row.unit is None} == {"7", "8", "12"}
    assert {number for number, row in indicators.items() if row.baseline_year == "2015"} == {"6", "7", "8", "9"}
    assert {indicators[number].plan_2019 for number in ("14", "25")} == {"decreases"}


def test_a_draft_is_called_a_draft(content: DocumentContent) -> None:
    guidelines = content.terms.documents["guidelines-2021-2027"]
    assert guidelines.status == "draft"
    assert "30 December 2020" in guidelines.status_note.en
    assert "2020. gada 30. decembrim" in guidelines.status_note.lv


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("guideline_targets.csv", ",>=,40,", ",>=,forty,", "guideline_targets.csv, row 2, column target_value"),
        ("guideline_targets.csv", ",>=,40,", ",about,40,", "guideline_targets.csv, row 2, column comparator: 'about' is unknown"),
        ("strategy_indicators.csv", "% of GDP,2016", "% of GNP,2016", "strategy_indicators.csv, row 2, column unit: '% of GNP'"),
        ("budget_programmes.csv", "basic,05.01.00,05.00.00", "basic,05.01.00,06.00.00", "budget_programmes.csv, row 8, column parent"),
        ("budget_programmes.csv", "2018,projection,28648225", "2017,plan,28648225", "row 3, column year: repeats row 2"),
        ("document_notes.yaml", 'targets: ["3.3"]', 'targets: ["33"]', "targets 33"),
        ("documents.yaml", "status: draft", "status: sketch", "line 6, documents.guidelines-2021-2027.status"),
    ],
)
def test_faults_are_named_by_file_row_and_column(pack_root: Path, tmp_path: Path, file: str, old: str, new: str, named: str) -> None:
    pack = copy_pack(pack_root, tmp_path)
    replace_in(pack / "documents" / file, old, new)
    with pytest.raises(BadInput) as raised:
        read_documents(pack)
    assert named in str(raised.value)
