"""No way out for a withheld number: pages, files, charts, selections, mistakes, headers, sizes, logs and the release store.

The proof is by twins: two releases whose exact tables differ, but only in cells that are withheld. Whatever a reader does, both
answer with the same bytes, so that nothing in an answer, its size included, depends on a withheld number. Time needs no
clock: the process that answers reads the release store alone, and the stores are the same.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import logging
import re
import shutil
import sys
import urllib.request
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoDbBlocker

from saime.core.exchange.numbers import format_number
from saime.core.model.dataset import Dataset
from saime.core.releases.reader import Release, ReleaseReader
from support.commands import run_saime
from support.reading import FAULTY, Answer, all_answers, ask, ask_all, numbers_in, selections_near_withheld
from support.server import serving
from support.withheld_twins import EXACT, publish_twin, withheld_numbers

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("ways-out")]
MOVED = (0, 1)
SIGNS = {"Q": "c", "O": ":"}
PX = {"Q": '".."', "O": '"..."'}


@dataclasses.dataclass(frozen=True)
class Twin:
    home: Path
    release: Release


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> list[Twin]:
    homes = [tmp_path_factory.mktemp(f"twin{moved}") for moved in MOVED]
    return [Twin(home, publish_twin(home / "releases", moved)) for home, moved in zip(homes, MOVED, strict=True)]


def reader_of(home: Path, monkeypatch: pytest.MonkeyPatch, server: str = "testserver") -> Client:
    monkeypatch.setattr(settings, "ENVIRONMENT", dataclasses.replace(settings.ENVIRONMENT, home=home))
    return Client(SERVER_NAME=server)


@pytest.fixture(scope="module")
def answers(twins: list[Twin], django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> list[dict[str, Answer]]:
    with pytest.MonkeyPatch.context() as monkeypatch, django_db_blocker.unblock():
        return [all_answers(reader_of(twin.home, monkeypatch), twin.release) for twin in twins]


def test_the_twins_differ_in_withheld_cells_and_there_only(twins: list[Twin]) -> None:
    for exact in EXACT:
        one, other = (exact(moved) for moved in MOVED)
        dataset = twins[0].release.dataset(one.dataset)
        triples = zip(one.values, other.values, dataset.obs_status, strict=True)
        assert {status for first, second, status in triples if first != second} == {"Q"}
    assert {status for name in twins[0].release.ids for status in twins[0].release.dataset(name).conf_status} == {"F", "A", "D", "C"}


def test_the_public_files_of_the_store_are_the_same(twins: list[Twin]) -> None:
    first, second = ({path.relative_to(t.home): path.read_bytes() for path in t.home.rglob("*") if path.is_file()} for t in twins)
    assert len(first) == 2 + 3 * len(EXACT)
    assert first == second


def test_every_answer_is_the_same_to_the_byte(answers: list[dict[str, Answer]]) -> None:
    first, second = answers
    assert first.keys() == second.keys()
    assert [address for address in first if first[address] != second[address]] == []
    statuses = {answer.status for answer in first.values()}
    assert statuses >= {200, 302, 400, 404}
    assert 500 not in statuses
    for kind in ("", ".px", ".csv", ".xlsx", ".json", ".svg", ".svg?width=narrow"):
        assert {first[f"/{language}/datasets/by-area{kind}"].status for language in ("lv", "en")} == {200}


def test_no_withheld_number_is_in_any_answer(twins: list[Twin], answers: list[dict[str, Answer]]) -> None:
    exact = [make(moved) for make in EXACT for moved in MOVED]
    hidden = {number for table in exact for number in withheld_numbers(twins[0].release.dataset(table.dataset), table)}
    assert hidden >= {6173, 6172, 5291, 5292, 8317, 8318}
    shown = numbers_in(answers[0].values())
    assert str(11464) in shown
    assert {str(number) for number in hidden} & shown == set()


def test_mistakes_near_a_withheld_cell_are_answered_as_elsewhere(twins: list[Twin], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words, so the same size, whether the cell is withheld or not."""
    client, page = reader_of(twins[0].home, monkeypatch), "/en/datasets/by-area"
    for fault in ("SEX=X", "SEX=M&sort=OBS_VALUE", "SEX=M&OBS_VALUE=3", "SEX=M&TIME_PERIOD=2021"):
        for ending in ("", ".json"):
            withheld, free = (ask(client, f"{page}{ending}?REF_AREA={area}&{fault}") for area in ("0004000", "0039000"))
            assert withheld.status == free.status == 400
            assert withheld.text.replace("0004000", "0039000") == free.text


def rows_of(answer: Answer) -> list[tuple[str, ...]]:
    return [tuple(row) for row in csv.reader(io.StringIO(answer.body.decode()))]


def shown_on(page: Answer) -> list[str]:
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page.body.decode(), flags=re.DOTALL)
    return [unescape(re.sub(r"<span.*?</span>|<[^>]+>", "", cell)).strip() for cell in cells]


@pytest.mark.parametrize("name", ["by-area", "without-reasons"])
def test_a_selection_shows_cells_as_they_were_published_and_adds_nothing_up(
    twins: list[Twin], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    client, dataset = reader_of(twins[0].home, monkeypatch), twins[0].release.dataset(name)
    published = rows_of(ask(client, f"/en/datasets/{name}.csv"))
    for query in selections_near_withheld(dataset):
        chosen = {part.split("=")[0]: part.split("=")[1].split(",") for part in query.split("&")}
        part = dataset.select(chosen)
        assert set(rows_of(ask(client, f"/en/datasets/{name}.csv?{query}"))) <= set(published)
        told = json.loads(ask(client, f"/en/datasets/{name}.json?{query}").body)
        assert told["value"] == list(part.values)
        assert sorted(shown_on(ask(client, f"/en/datasets/{name}?{query}"))) == sorted(as_shown(part))


def as_shown(dataset: Dataset) -> list[str]:
    pairs = zip(dataset.values, dataset.obs_status, strict=True)
    return [SIGNS[status] if value is None else format_number(value, "en") for value, status in pairs]


def test_a_dimension_cannot_be_taken_away_by_leaving_its_codes_out(twins: list[Twin], monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(twins[0].home, monkeypatch)
    for ending in ("", ".csv", ".json", ".px", ".xlsx", ".svg"):
        assert ask(client, f"/en/datasets/by-area{ending}?SEX=").status == 400
    told = json.loads(ask(client, "/en/datasets/by-area.json?SEX=_T&REF_AREA=0001000,0004000").body)
    assert (told["value"], told["id"]) == ([11464, 8320], ["REF_AREA", "SEX", "TIME_PERIOD"])


def test_charts_say_that_a_number_is_withheld_and_never_zero(twins: list[Twin], monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(twins[0].home, monkeypatch)
    for query, area in (("SEX=M", "Jūrmala"), ("SEX=M&REF_AREA=0001000,0004000,0034000,0041000", "Jūrmala")):
        for language, word in (("lv", "konfidenciāls"), ("en", "confidential")):
            drawing = ask(client, f"/{language}/datasets/by-area.svg?{query}").text
            labels = re.findall(r'aria-label="([^"]*)"', drawing)
            assert f"{area}: {word}" in labels
            assert [label for label in labels if label.startswith(area) and word not in label] == []
            assert not re.search(r"<title>|data-|aria-label=\"[^\"]*value: ", drawing)
            page = ask(client, f"/{language}/datasets/by-area?{query}").text
            assert f"{word} – 2." in re.search(r'<img src="[^"]*" alt="([^"]*)"', page).group(1)  # type: ignore[union-attr]


def test_a_conditional_request_and_one_for_headers_only_tell_no_more(twins: list[Twin], monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for twin in twins:
        client, address = reader_of(twin.home, monkeypatch), "/lv/datasets/by-area.csv?REF_AREA=0004000&SEX=M"
        tag = client.get(address)["ETag"]
        again, head = client.get(address, headers={"If-None-Match": tag}), client.head(address)
        told.append((tag, again.status_code, sorted(again.items()), head.status_code, sorted(head.items())))
    assert told[0] == told[1]
    assert told[0][1] == 304


def test_the_log_of_a_reader_is_the_same(twins: list[Twin], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    told = []
    with caplog.at_level(logging.DEBUG):
        for twin in twins:
            caplog.clear()
            client = reader_of(twin.home, monkeypatch)
            ask_all(client, [f"/en/datasets/by-area{ending}?{fault}" for fault in FAULTY for ending in ("", ".svg")])
            told.append([(record.name, record.getMessage()) for record in caplog.records if record.name != "django.db.backends"])
    assert told[0]
    assert told[0] == told[1]


def test_the_trace_of_a_withheld_cell_is_the_same(twins: list[Twin]) -> None:
    traces = [run_saime("trace", "by-area", "0004000", "M", "2022", home=twin.home) for twin in twins]
    assert {trace.returncode for trace in traces} == {0}
    assert "threshold-5" in traces[0].stdout
    assert (traces[0].stdout, traces[0].stderr) == (traces[1].stdout, traces[1].stderr)


@pytest.fixture(scope="module")
def outside_home(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's working folder without anything from inside: no warehouse, no run records, no keys but the web's."""
    home = tmp_path_factory.mktemp("outside")
    shutil.copytree(prepared_home / "releases", home / "releases")
    shutil.copy(prepared_home / "saime.sqlite3", home)
    (home / "keys").mkdir(mode=0o700)
    shutil.copy2(prepared_home / "keys" / "web.secret", home / "keys")
    return home


class Opened:
    """The paths that Python code of this process opens while it listens; an audit hook cannot be taken away again."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.listening = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.listening and event in ("open", "os.listdir", "os.scandir", "sqlite3.connect"):
            self.paths.add(str(arguments[0]))


@pytest.fixture(scope="module")
def opened() -> Opened:
    return Opened()


def demo_addresses(home: Path) -> list[str]:
    release = ReleaseReader(home / "releases").current()
    assert release is not None
    queries = {name: selections_near_withheld(release.dataset(name))[:40:8] for name in release.ids}
    return [
        f"/lv/datasets/{name}{ending}?{query}"
        for name in release.ids
        for query in ("", *queries[name])
        for ending in ("", ".csv", ".json", ".px", ".svg")
        if query or ending in (".csv", ".json")
    ]


def test_answers_come_from_the_release_store_alone(
    prepared_home: Path, outside_home: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without anything from inside all answers are the same, here and from a real server; and nothing else is opened."""
    addresses = demo_addresses(prepared_home)
    client = reader_of(prepared_home, monkeypatch, "localhost")
    opened.listening = True
    whole = ask_all(client, addresses)
    opened.listening = False
    assert {answer.status for answer in whole.values()} <= {200, 404}
    inside = {path for path in opened.paths if path.startswith(str(prepared_home))}
    assert inside
    assert [path for path in inside if not path.startswith(f"{prepared_home / 'releases'}/")] == []
    assert ask_all(reader_of(outside_home, monkeypatch, "localhost"), addresses) == whole
    files = [address for address in addresses if re.search(r"\.(csv|json|px)\?", address)]
    with serving(outside_home, tmp_path / "log.txt") as url:
        served = {address: fetch(url + address) for address in files}
    assert served == {address: whole[address].body for address in files}


def fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Host": "localhost"})  # noqa: S310  # our own server
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return answer.read()


@pytest.mark.parametrize("language", ["lv", "en"])
def test_every_file_of_the_demonstration_holds_what_is_published_and_no_more(
    prepared_home: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    client, release = reader_of(prepared_home, monkeypatch), ReleaseReader(prepared_home / "releases").current()
    assert release is not None
    withheld = 0
    for dataset in map(release.dataset, release.ids):
        answers = {kind: ask(client, f"/{language}/datasets/{dataset.id}.{kind}") for kind in ("csv", "json", "px", "xlsx")}
        observations = [
            ("" if value is None else str(value), status) for value, status in zip(dataset.values, dataset.obs_status, strict=True)
        ]
        first = rows_of(answers["csv"])[0].index("OBS_VALUE")
        assert [row[first : first + 2] for row in rows_of(answers["csv"])[1:]] == observations
        assert json.loads(answers["json"].body)["value"] == list(dataset.values)
        figures = answers["px"].text.split("DATA=")[1].rstrip(";\n").split()
        assert sorted(figures) == sorted(PX.get(status, value) for value, status in observations)
        sheet = re.findall(r'<c r="[A-Z]+\d+"(?: s="\d+")?><v>([^<]+)</v>', answers["xlsx"].text)
        assert sorted(sheet) == sorted(value for value, _ in observations if value)
        withheld += dataset.obs_status.count("Q")
    assert withheld > 100


def test_making_a_release_says_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    with caplog.at_level(logging.DEBUG):
        for moved in MOVED:
            caplog.clear()
            publish_twin(tmp_path / str(moved), moved)
            said.append(([record.getMessage() for record in caplog.records], capfd.readouterr()))
    assert said[0] == said[1]


def test_run_records_and_public_files_hold_no_digest_of_what_was_delivered(prepared_home: Path) -> None:
    """Who knows all rows of a delivery but one could guess the last until a digest agrees."""
    records = json.loads((prepared_home / "production" / "runs.json").read_text())
    assert {re.sub("[0-9a-f]{64}", "digest", json.dumps(record)) for record in records.values()}
    loads = [entry["record"] for entry in json.loads((prepared_home / "warehouse" / "manifest.json").read_text())["loads"]]
    digests = {load["delivery_digest"] for load in loads}
    public = b"".join(path.read_bytes() for path in (prepared_home / "releases").rglob("*.json"))
    assert digests
    assert [digest for digest in digests if digest[:12].encode() in public] == []
    assert re.findall(rb'"(?:rows|persons)": \d', public) == []
