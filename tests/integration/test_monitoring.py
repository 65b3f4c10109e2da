"""Policy documents from the pack's files to the page, on whichever database the settings name."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from saime.core.errors import BadInput
from saime.monitoring import models
from saime.monitoring.budget import budget_tables
from saime.monitoring.services import load_documents
from support.pack_copy import copy_pack, replace_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def documents(pack_root: Path) -> None:
    load_documents(pack_root)


def test_a_second_load_changes_nothing(pack_root: Path) -> None:
    first, second = load_documents(pack_root), load_documents(pack_root)
    assert {name: first[name].added for name in ("Target", "Indicator", "BudgetProgramme", "BudgetLine")} == {
        "Target": 18,
        "Indicator": 30,
        "BudgetProgramme": 47,
        "BudgetLine": 141,
    }
    assert not any(changes.any for changes in second.values())


def test_a_load_follows_the_pack_and_a_faulty_one_changes_nothing(documents: None, pack_root: Path, tmp_path: Path) -> None:
    pack = copy_pack(pack_root, tmp_path)
    replace_in(pack / "documents" / "guideline_targets.csv", ",>=,40,2027", ",>=,41,2027")
    assert load_documents(pack)["Target"].changed == 1
    replace_in(pack / "documents" / "guideline_targets.csv", ",>=,41,2027", ",>=,42,soon")
    with pytest.raises(BadInput, match="column target_year"):
        load_documents(pack)
    assert models.Target.objects.get(code="1.1").value == 41


def test_the_special_budget_exceeds_its_total_by_the_internal_transfers(documents: None) -> None:
    basic, special = budget_tables(models.Document.objects.get(code="strategy-2017-2019"))
    assert [column.year for column in special.years] == [2017, 2018, 2019]
    (block,) = special.blocks
    assert block.excess == [157_884_789, 172_641_173, 188_211_822]
    assert block.parts_exceed_total
    assert [block.excess for block in basic.blocks if block.excess] == []
    assert sum(len(block.parts) for block in basic.blocks) + len(block.parts) == 33


def test_a_changed_part_shows_in_the_difference_of_years_with_all_amounts(pack_root: Path, tmp_path: Path) -> None:
    pack = copy_pack(pack_root, tmp_path)
    replace_in(pack / "documents" / "budget_programmes.csv", "2017,plan,25930688", "2017,plan,25930600")
    load_documents(pack)
    basic, _special = budget_tables(models.Document.objects.get(code="strategy-2017-2019"))
    (block,) = [block for block in basic.blocks if block.excess]
    assert (block.total.programme.code, block.excess, block.parts_exceed_total) == ("05.00.00", [-88, None, None], False)


def test_a_note_has_at_most_one_subject(documents: None) -> None:
    note = models.Note.objects.filter(target__isnull=False).first()
    note.indicator = models.Indicator.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        note.save()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("lv", ["157\xa0884\xa0789", "172\xa0641\xa0173", "188\xa0211\xa0822", "ne mazāk kā", "40\xa0%", "nav norādīts", "52,92"]),
        ("en", ["157,884,789", "172,641,173", "188,211,822", "at least", "not stated", "52.92", "although the result calls for growth"]),
        ("lv", ["projekts", "2020. gada 30. decembrim", "NAV MAZĀKS KĀ 40%", "lai gan rezultāts prasa pieaugumu"]),
        ("en", ["draft", "30 December 2020", '<q lang="lv">Jaunpiešķirto pensiju atvietojuma līmenis', "The source states no unit."]),
    ],
)
def test_the_page_tells_the_reader(documents: None, client: Client, language: str, words: list[str]) -> None:
    text = client.get(f"/{language}/targets/").text.replace("&nbsp;", "\xa0")
    assert [word for word in words if word not in text] == []


def test_every_target_indicator_and_programme_is_on_the_page(documents: None, client: Client) -> None:
    text = client.get("/lv/targets/").text
    codes = [row.code for model in (models.Target, models.Indicator) for row in model.objects.all()]
    assert [code for code in codes if f'<td class="govuk-table__cell">{code}</td>' not in text] == []
    assert [programme.code for programme in models.BudgetProgramme.objects.all() if f'scope="row">{programme.code} ' not in text] == []


def test_files_hold_the_targets(documents: None, client: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/en/targets.csv").text)))
    assert len(rows) == 18
    assert {row["document_status"] for row in rows} == {"draft"}
    guidelines, strategy = client.get("/en/targets.json").json()["documents"]
    assert (len(guidelines["targets"]), len(strategy["indicators"]), len(strategy["budget"])) == (18, 30, 47)
    assert next(row for row in strategy["indicators"] if row["code"] == "18")["baseline_value"] == "4.0"


def test_without_documents_the_page_says_so(client: Client) -> None:
    answer = client.get("/en/targets/")
    assert answer.status_code == 503
    assert "have not been loaded yet" in answer.text


def test_the_page_asks_the_database_few_times(documents: None, client: Client, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(25):
        client.get("/lv/targets/")
