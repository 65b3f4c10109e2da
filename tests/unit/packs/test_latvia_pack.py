"""The Latvian pack is sound, and its classifications say what the law and the sources say."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from saime.core.pack.reader import Pack

PACK = Path(__file__).resolve().parents[3] / "packs" / "latvia"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return Pack(PACK)


def test_every_file_of_the_pack_is_sound(pack: Pack) -> None:
    assert [str(fault) for fault in pack.check()] == []


def test_the_files_are_named_as_what_they_define(pack: Pack) -> None:
    assert [pack.classification(name).id for name in pack.names("classifications")] == pack.names("classifications")
    assert [feed.feed for feed in pack.feeds] == pack.names("feeds")
    assert [plan.dataset for plan in pack.plans] == pack.names("plans")


def test_there_are_43_local_governments_in_five_planning_regions(pack: Pack) -> None:
    classification = pack.classification("local-governments-2021")
    assert len(classification.leaves) == 43
    assert classification.children("_T") == ("RIGA", "VIDZEME", "KURZEME", "ZEMGALE", "LATGALE")
    assert {region: len(classification.children(region)) for region in classification.children("_T")} == {
        "RIGA": 10,
        "VIDZEME": 10,
        "KURZEME": 8,
        "ZEMGALE": 6,
        "LATGALE": 9,
    }


def test_varaklani_and_the_old_madona_end_in_june_2025_and_nothing_else_does(pack: Pack) -> None:
    leaves = pack.classification("local-governments-2021").leaves
    assert {code.label.lv: code.valid_to for code in leaves if code.valid_to} == {
        "Madonas novads": date(2025, 6, 30),
        "Varakļānu novads": date(2025, 6, 30),
    }


def test_there_are_119_local_governments_before_the_reform_and_21_in_latgale(pack: Pack) -> None:
    classification = pack.classification("local-governments-2009")
    assert len(classification.leaves) == 119
    assert len(classification.children("LATGALE")) == 21


@pytest.mark.parametrize("name", ["local-governments-2009", "local-governments-2021"])
def test_codes_keep_their_leading_zeros(pack: Pack, name: str) -> None:
    codes = [code.id for code in pack.classification(name).leaves]
    assert all(len(code) == 7 and code.isdigit() and code.startswith("0") for code in codes)


def test_the_mapping_covers_both_versions_and_splits_only_aglona_and_incukalns(pack: Pack) -> None:
    with (PACK / "classifications" / "mappings" / "local-governments-2009-to-2021.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["atvk_2009"] for row in rows} == {code.id for code in pack.classification("local-governments-2009").leaves}
    assert {row["atvk_2021"] for row in rows} == {code.id for code in pack.classification("local-governments-2021").leaves}
    targets = Counter(row["name_2009"] for row in rows if row["extent"] != "whole")
    assert targets == {"Aglonas novads": 2, "Inčukalna novads": 2}
    names = {code.id: code.label.lv for version in ("2009", "2021") for code in pack.classification(f"local-governments-{version}").leaves}
    assert all(names[row["atvk_2009"]] == row["name_2009"] and names[row["atvk_2021"]] == row["name_2021"] for row in rows)


def test_every_age_belongs_to_one_age_group(pack: Pack) -> None:
    leaves = pack.classification("age-groups").leaves
    assert [sum(leaf.when["age"].contains(age) for leaf in leaves) for age in range(121)] == [1] * 121


def test_the_disability_plan_has_the_rows_and_columns_of_the_published_table_in_their_order(pack: Pack) -> None:
    table = json.loads((PACK / "datasets" / "disability_table_2019_06.json").read_text(encoding="utf-8"))
    assert [code.id for code in pack.classification("disability-status").codes] == [row["id"] for row in table["rows"]]
    printed = [column["id"] for column in table["columns"] if not column.get("is_header_only")]
    assert [code.id for code in pack.classification("disability-characteristic").codes] == printed


def test_the_plan_counts_exactly_the_cells_that_the_source_prints(pack: Pack) -> None:
    table = json.loads((PACK / "datasets" / "disability_table_2019_06.json").read_text(encoding="utf-8"))
    unprinted = {(row["id"], column) for row in table["rows"] for column, value in row["values"].items() if value is None}
    assert unprinted == {(cell["row"], cell["column"]) for cell in table["x_cells"]}
    (declared,) = pack.plan("disability-2019-06").not_available
    assert {(row, column) for row in declared["DISABILITY_STATUS"] for column in declared["CHARACTERISTIC"]} == unprinted


def test_synthetic_datasets_say_so_in_a_note(pack: Pack) -> None:
    assert all(any(note.startswith("synthetic-") for note in plan.notes) for plan in pack.plans)


def test_nothing_a_reader_sees_is_left_without_words_in_both_languages(pack: Pack) -> None:
    labels = [code.label for name in pack.names("classifications") for code in pack.classification(name).codes]
    labels += [*pack.notes.values(), *(act.title for act in pack.legal_acts.values())]
    labels += [text for plan in pack.plans for text in (plan.title, plan.source)]
    assert all(label.lv.strip() and label.en.strip() for label in labels)
