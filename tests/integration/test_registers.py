"""The register of providers from the pack's files to pages and files, on whichever database the settings name."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from django.http import QueryDict
from django.test import Client

from saime.core.errors import BadInput
from saime.registers import models
from saime.registers.selection import Selection, count_by_municipality, find_providers, read_selection
from saime.registers.services import load_register
from support.pack_copy import copy_pack, replace_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(pack_root: Path) -> None:
    load_register(pack_root)


def numbers(**chosen: str) -> set[int]:
    return {provider.number for provider in find_providers(Selection(**chosen))}


def snapshot() -> list[list[tuple[object, ...]]]:
    tables = (models.Provider, models.ProviderClientGroup, models.ProviderNote, models.Municipality, models.Succession)
    return [sorted(table.objects.order_by().values_list(), key=str) for table in tables]


def test_a_second_load_changes_nothing(pack_root: Path) -> None:
    first = load_register(pack_root)
    before = snapshot()
    second = load_register(pack_root)
    assert first["Provider"].added == 101
    assert not any(changes.any for changes in second.values())
    assert second["Provider"].rows == 101
    assert snapshot() == before


def test_a_load_follows_the_pack(register: None, pack_root: Path, tmp_path: Path) -> None:
    pack = copy_pack(pack_root, tmp_path)
    entries = (pack / "units" / "providers.csv").read_text().splitlines(keepends=True)
    (pack / "units" / "providers.csv").write_text("".join(entries[:101]))
    replace_in(pack / "units" / "providers.csv", "Skuķu aprūpes centrs", "Skuķu aprūpes nams")
    replace_in(pack / "units" / "provider_notes.yaml", "entries: [100, 101]", "entries: [100]")
    changes = load_register(pack)
    assert (changes["Provider"].added, changes["Provider"].changed, changes["Provider"].removed) == (0, 1, 1)
    assert models.Provider.objects.get(number=70).name == "Skuķu aprūpes nams"
    assert load_register(pack_root)["Provider"].added == 1


def test_a_faulty_pack_changes_nothing(register: None, pack_root: Path, tmp_path: Path) -> None:
    before = snapshot()
    pack = copy_pack(pack_root, tmp_path)
    replace_in(pack / "units" / "providers.csv", "Skuķu aprūpes centrs", "Skuķu aprūpes nams")
    replace_in(pack / "units" / "providers.csv", "halfway_house", "halfway_home")
    with pytest.raises(BadInput, match="halfway_home"):
        load_register(pack)
    assert snapshot() == before


@pytest.mark.parametrize("words", ["daugavpils sociala", "SOCIĀLĀ Daugavpils", "  sociālā   daugavpils "])
def test_search_ignores_marks_case_and_order(register: None, words: str) -> None:
    found = find_providers(Selection(q=words))
    assert any("Daugavpils" in provider.name and "Sociālā" in provider.name for provider in found)
    assert numbers(q=words) == numbers(q="daugavpils sociala")


@pytest.mark.parametrize(("plain", "entry"), [("skuku", 70), ("abeldarzs", 46), ("zelsirdibas", 76), ("ciekuru", 18), ("BUKMUIZAS", 23)])
def test_plain_letters_find_letters_with_marks(register: None, plain: str, entry: int) -> None:
    assert numbers(q=plain) == {entry}


@pytest.mark.parametrize("words", ["%", "_", "100%", "\\"])
def test_signs_with_a_meaning_in_sql_mean_themselves(register: None, words: str) -> None:
    assert numbers(q=words) == set()


def test_filters_combine(register: None) -> None:
    assert numbers(municipality="0050000", type="night_shelter") == {5}
    assert numbers(municipality="0050000") & numbers(group="homeless") == numbers(municipality="0050000", group="homeless") == {5, 15, 17}
    assert numbers(accommodation="both") == {89}
    assert numbers(local_government="0022000", group="visually_impaired") == set()
    assert numbers(q="daugavpils", type="crisis_centre", accommodation="with", group="persons_in_crisis") == {6, 55}


def test_entries_of_a_split_municipality_are_found_under_both_successors(register: None) -> None:
    assert {29, 30, 31} <= numbers(local_government="0032000") & numbers(local_government="0042000")
    assert numbers(local_government="0032000") == {29, 30, 31, *range(45, 48), *range(69, 73)}


def test_every_entry_has_one_municipality_on_the_map(register: None) -> None:
    assert sum(count_by_municipality(Selection()).values()) == 101
    assert count_by_municipality(Selection(municipality="0050000", type="night_shelter")) == {"0050000": 1, "0210000": 1, "0380200": 1}


@pytest.mark.parametrize("name", ["municipality", "local_government", "type", "group", "accommodation"])
def test_an_unknown_filter_value_is_named_with_the_known_ones(register: None, name: str) -> None:
    with pytest.raises(BadInput) as raised:
        read_selection(QueryDict(f"{name}=nobody"))
    assert "nobody" in str(raised.value.what)
    known = {"type": "night_shelter", "group": "elderly", "accommodation": "both"}.get(name, "00")
    assert known in str(raised.value.fix)


@pytest.mark.parametrize("language", ["lv", "en"])
def test_every_entry_has_its_page(register: None, client: Client, language: str) -> None:
    for provider in models.Provider.objects.all():
        answer = client.get(f"/{language}/providers/{provider.number}/")
        assert answer.status_code == 200
        assert all(note.text in answer.text for note in provider.notes.all() if language == "lv")


def test_every_entry_is_reached_from_the_list(register: None, client: Client) -> None:
    reached: set[str] = set()
    for page in range(1, 7):
        reached |= set(re.findall(r'href="/lv/providers/(\d+)/"', client.get(f"/lv/providers/?page={page}").text))
    assert {int(number) for number in reached} == set(range(1, 102))


def test_the_list_is_in_latvian_order(register: None, client: Client) -> None:
    names = [provider.name for provider in find_providers(Selection())]
    assert names.index("Ciblas novada Sociālais dienests") < names.index("Dagdas novada pašvaldības Sociālais dienests")
    assert names.index("Zilupes novada sociālais dienests") < names.index("Žēlsirdības centrs") == 100


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/en/providers/?q=zzz", 200, "Show all entries"),
        ("/lv/providers/?q=zzz", 200, "Rādīt visus ierakstus"),
        ("/en/providers/?type=bar", 400, "Use one of these values: crisis_centre"),
        ("/en/providers/?page=0", 400, "Use a page from 1 to 6"),
        ("/lv/providers/?page=abc", 400, "Izmantojiet lapu no 1 līdz 6"),
        ("/en/providers/?q=" + "a" * 201, 400, "longer than 200 characters"),
        ("/lv/providers/102/", 404, "Reģistrā nav ieraksta Nr. 102."),
        ("/en/providers/99999999999999999999/", 404, "The register has no entry No."),
        ("/en/providers/?q=%00daugavpils", 200, "entries of 101"),
        ("/en/providers/?local_government=0042000", 200, "was split between"),
        ("/en/providers/?municipality=0387500", 200, "No social service office is listed for Rugāju novads."),
        ("/en/providers/29/", 200, "uncertain"),
        ("/lv/providers/29/", 200, "Stāvoklis uz 10.06.2010."),
        ("/en/providers/29/", 200, "Cabinet Regulation No. 587 of 30 September 2014"),
    ],
)
def test_pages_tell_the_reader(register: None, client: Client, address: str, status: int, words: str) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert words in answer.text


def test_an_empty_register_says_so(client: Client) -> None:
    answer = client.get("/en/providers/")
    assert answer.status_code == 503
    assert "has not been loaded yet" in answer.text


def test_json_honours_the_filters_and_names_source_and_date(register: None, client: Client) -> None:
    content = client.get("/en/providers.json?municipality=0604300").json()
    assert (content["as_of"], content["count"], content["filters"]) == ("2010-06-10", 3, {"municipality": "0604300"})
    assert "edition of 10 June 2010" in content["source"]
    entry = content["providers"][0]
    assert entry["local_government_is_uncertain"]
    assert {note["topic"] for note in client.get("/en/providers.json?q=krastini").json()["providers"][0]["notes"]} == {"phone", "status"}
    assert entry["local_government_2021"] == ["Krāslavas novads", "Preiļu novads"]
    assert client.get("/en/providers.json?group=nobody").status_code == 400


def test_csv_holds_every_entry_with_source_and_date(register: None, client: Client) -> None:
    answer = client.get("/lv/providers.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert {int(row["number"]) for row in rows} == set(range(1, 102))
    assert {row["as_of"] for row in rows} == {"2010-06-10"}
    assert {row["municipality_2010"] for row in csv.DictReader(io.StringIO(client.get("/lv/providers.csv?municipality=0050000").text))} == {
        "Daugavpils pilsēta"
    }


LIST = "/lv/providers/"
FILTERED_LIST = "/lv/providers/?q=soc&type=home_care&group=elderly"


@pytest.mark.parametrize("address", [LIST, FILTERED_LIST, "/lv/providers.json", "/lv/providers/92/"])
def test_pages_ask_the_database_few_times(register: None, client: Client, django_assert_max_num_queries, address: str) -> None:
    with django_assert_max_num_queries(16):
        assert client.get(address).status_code == 200
