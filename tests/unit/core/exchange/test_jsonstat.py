from __future__ import annotations

import json

import pytest
from jsonstat_validator import validate_jsonstat
from pyjstat import pyjstat

from saime.core.exchange.jsonstat import write_inside_jsonstat, write_jsonstat
from saime.core.model.dataset import FrequencyTable
from support.example_datasets import cube, disability, flat, publication

DATASETS = [disability(), cube("cube", (flat("REF_AREA", 4, "geo"), flat("SEX", 3))), cube("one", (flat("SEX", 1),))]


@pytest.mark.parametrize("language", ["lv", "en"])
@pytest.mark.parametrize("dataset", DATASETS, ids=lambda d: d.id)
def test_the_validator_finds_nothing(dataset, language):
    message = json.loads(json.dumps(write_jsonstat(dataset, publication(dataset), language)))
    assert validate_jsonstat(message) is True


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda d: d.id)
def test_pyjstat_reads_the_same_numbers_in_the_same_order(dataset):
    frame = pyjstat.Dataset.read(json.dumps(write_jsonstat(dataset, publication(dataset), "en"))).write("dataframe", naming="id")
    values = [None if value != value else value for value in frame["value"]]
    assert values == list(dataset.values)
    assert list(frame.drop(columns="value").itertuples(index=False, name=None)) == list(dataset.structure.cells())


def test_status_names_only_what_is_not_normal_and_the_extension_explains_it():
    message = write_jsonstat(disability(), publication(disability()), "lv")
    assert set(message["status"].values()) == {"Q", "O"}
    assert len(message["status"]) == 6
    assert message["extension"]["symbols"]["Q"].startswith("konfidenciāls")
    assert message["extension"]["synthetic"] is True
    assert message["note"][0].startswith("Sintētiski dati")


def test_a_dataset_without_gaps_has_no_status():
    assert "status" not in write_jsonstat(DATASETS[1], publication(DATASETS[1]), "lv")


def test_hierarchy_roles_and_lineage_are_told():
    message = write_jsonstat(disability(), publication(disability()), "en")
    assert message["dimension"]["DISABILITY_STATUS"]["category"]["child"] == {"all": ["children", "adults"], "adults": ["group1", "group2"]}
    assert message["role"] == {"time": ["TIME_PERIOD"]}
    kinds = [step["kind"] for step in message["extension"]["lineage"]]
    assert kinds == ["release", "protection", "tabulation", "delivery", "feed", "legal_act"]


def test_children_are_told_only_under_a_parent_that_is_selected():
    part = disability().select({"DISABILITY_STATUS": ["group1", "group2"]})
    message = write_jsonstat(part, publication(part), "en")
    assert "child" not in message["dimension"]["DISABILITY_STATUS"]["category"]
    assert validate_jsonstat(message) is True


def test_the_inside_table_keeps_its_order_and_says_that_it_is_unprotected():
    structure = disability().structure
    table = FrequencyTable(dataset="disability-2019-06", structure=structure, values=tuple(range(structure.size)))
    message = write_inside_jsonstat(table, "en")
    assert message["extension"] == {"inside": True, "protected": False}
    assert message["value"] == list(range(20))
    assert message["id"] == ["DISABILITY_STATUS", "CHARACTERISTIC", "TIME_PERIOD"]
    assert validate_jsonstat(message) is True
