"""A large upload is received at once and loaded by a process of its own; its receipt tells how far it is, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from saime.core.errors import Refused, TryLater
from saime.core.pack.reader import Pack
from saime.core.warehouse.keys import receiving_recipient
from saime.core.warehouse.store import Warehouse
from saime.workplace import deliveries, people
from saime.workplace.models import Receipt
from saime.workplace.waiting import LONGEST_RECEPTION, load_waiting
from support.server import PATIENCE, free_port
from support.warehouse import personal_code
from support.workplace import FEED, KEY_MADE_AT, PERIOD, QUICK_HASHERS, add_user, write_population

TESTS = Path(__file__).resolve().parents[1]
PAGE = "/en/workplace/deliver/"


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path / "home", upload_at_once_mib=0)
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    return tmp_path / "home"


@pytest.fixture
def pack(pack_root: Path) -> Pack:
    return Pack(pack_root)


@pytest.fixture
def steward() -> User:
    return add_user("steward", "data-steward", feeds=[FEED])


@pytest.fixture
def client(steward: User) -> Client:
    client = Client()
    client.force_login(steward)
    return client


def upload(client: Client, path: Path, **fields: str) -> Receipt:
    with path.open("rb") as file:
        answer = client.post(PAGE, {"feed": FEED, "period": PERIOD, "file": file} | fields)
    assert answer.status_code == 302, answer.content.decode()
    return Receipt.objects.get(pk=answer["location"].rstrip("/").rsplit("/", 1)[1])


def load() -> list[str]:
    return [receipt.state for receipt in load_waiting()]


def waiting(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "uploads" / "waiting").iterdir() if path.name != ".lock")


def wait_until_settled(database: Path) -> None:
    """Until every receipt says what became of its delivery, and its file is gone."""
    deadline = time.monotonic() + PATIENCE
    folder = database.parent / "uploads" / "waiting"
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(database)) as connection:
            states = {state for (state,) in connection.execute("select state from workplace_receipt")}
        if states == {"already_loaded"} and not [path for path in folder.iterdir() if path.name.isdigit()]:
            return
        time.sleep(0.2)
    pytest.fail(f"the upload is not loaded: {states}")


@pytest.mark.django_db
def test_a_large_upload_is_received_and_loaded_later(client: Client, pack: Pack, home: Path, tmp_path: Path) -> None:
    receipt = upload(client, write_population(tmp_path / "people.csv", pack))
    assert (receipt.state, receipt.load_id, Warehouse(home / "warehouse").loads()) == ("received", "", ())
    kept = home / "uploads" / "waiting" / str(receipt.pk)
    assert kept.read_bytes().startswith(b"age-encryption.org/v1")
    assert kept.parent.stat().st_mode & 0o077 == 0
    page = client.get(f"/lv/workplace/receipts/{receipt.pk}/").content.decode()
    assert "Saņemta; gaida ielādi" in page
    assert "Pieņemtas rindas" not in page
    assert load() == ["loaded"]
    receipt.refresh_from_db()
    (stored,) = Warehouse(home / "warehouse").loads()
    assert (receipt.load_id, receipt.rows_accepted, receipt.sha256) == (stored.id, 30, stored.delivery_digest)
    assert "Ielādēta" in client.get(f"/lv/workplace/receipts/{receipt.pk}/").content.decode()
    assert (waiting(home), load()) == ([], [])


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["people.parquet", "people.xlsx", "people.csv.age"])
def test_it_is_loaded_as_it_came(client: Client, pack: Pack, home: Path, tmp_path: Path, name: str) -> None:
    path = write_population(tmp_path / name.removesuffix(".age"), pack)
    if name.endswith(".age"):
        path.write_bytes(pyrage.encrypt(path.read_bytes(), [pyrage.x25519.Recipient.from_str(receiving_recipient(home / "keys"))]))
    upload(client, path)
    assert load() == ["loaded"]
    (stored,) = Warehouse(home / "warehouse").loads()
    assert stored.delivery_digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.django_db
def test_what_waits_is_loaded_in_the_order_in_which_it_came(client: Client, pack: Pack, home: Path, tmp_path: Path) -> None:
    first = upload(client, write_population(tmp_path / "first.csv", pack))
    refused = upload(client, write_population(tmp_path / "faulty.csv", pack, age=200), period="2021")
    correction = upload(client, write_population(tmp_path / "second.csv", pack, persons=31), replace="on")
    assert load() == ["loaded", "refused", "corrected"]
    for receipt in (first, refused, correction):
        receipt.refresh_from_db()
    assert (correction.replaces, correction.rows_accepted) == (first.load_id, 31)
    assert [fault["code"] for fault in refused.faults] == ["out_of_range"]
    assert (home / "quarantine" / refused.quarantine_id / "delivery.age").is_file()
    assert waiting(home) == []


@pytest.mark.django_db
def test_while_another_load_runs_it_waits_on(client: Client, pack: Pack, home: Path, tmp_path: Path) -> None:
    receipt = upload(client, write_population(tmp_path / "people.csv", pack))
    with Warehouse(home / "warehouse").changing():
        assert load() == []
    receipt.refresh_from_db()
    assert (receipt.state, waiting(home)) == ("received", [str(receipt.pk)])
    assert load() == ["loaded"]


@pytest.mark.django_db
def test_one_process_loads_at_a_time(client: Client, pack: Pack, tmp_path: Path) -> None:
    upload(client, write_population(tmp_path / "people.csv", pack))
    first = load_waiting()
    next(first)
    with pytest.raises(TryLater, match="another process loads the uploads"):
        load()


@pytest.mark.django_db
def test_a_defect_ends_one_delivery_and_not_those_after_it(
    client: Client, pack: Pack, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, write_population(tmp_path / "first.csv", pack))
    upload(client, write_population(tmp_path / "second.csv", pack), period="2021")
    original = deliveries.receive_delivery

    def stumble(*given: object, **more: object) -> object:
        if "2022" in given:
            raise ZeroDivisionError(personal_code(1))
        return original(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(deliveries, "receive_delivery", stumble)
    assert load() == ["refused", "loaded"]
    first = Receipt.objects.order_by("pk")[0]
    assert "ielādi apturēja Saimes kļūda" in first.refusal["what"]["lv"]
    assert personal_code(1) not in str(first.refusal)
    assert waiting(home) == []


@pytest.mark.django_db
def test_files_that_no_receipt_waits_for_are_removed(client: Client, pack: Pack, home: Path, tmp_path: Path) -> None:
    receipt = upload(client, write_population(tmp_path / "people.csv", pack))
    assert load() == ["loaded"]
    folder = home / "uploads" / "waiting"
    for name in (str(receipt.pk), ".half", ".old"):  # a kill before the removal; one that is being received; one that never was
        (folder / name).write_text(personal_code(1))
    long_ago = time.time() - LONGEST_RECEPTION - 1
    os.utime(folder / ".old", (long_ago, long_ago))
    assert load() == []
    assert waiting(home) == [".half"]


@pytest.mark.django_db
def test_a_receipt_that_says_what_became_of_the_delivery_is_never_changed(client: Client, pack: Pack, tmp_path: Path) -> None:
    receipt = upload(client, write_population(tmp_path / "people.csv", pack))
    load()
    for change in (receipt.save, receipt.delete, lambda: receipt.move_to(Receipt.objects.get().state)):
        with pytest.raises(Refused, match="never changed"):
            change()


@pytest.mark.django_db
def test_a_script_is_told_where_to_look(steward: User, pack: Pack, tmp_path: Path) -> None:
    key = people.new_api_key(steward, "nightly", KEY_MADE_AT)
    client = Client(headers={"authorization": f"Bearer {key}", "accept": "application/json"})
    with write_population(tmp_path / "people.csv", pack).open("rb") as file:
        answer = client.post(PAGE, {"feed": FEED, "period": PERIOD, "file": file})
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    load()
    assert client.get(answer["location"]).json()["state"] == "loaded"


def test_a_kill_loses_nothing_and_the_server_loads_nothing_twice(tmp_path: Path, pack: Pack) -> None:
    home = tmp_path / "home"
    write_population(tmp_path / "people.csv", pack)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAIME_")}
    environment |= {"PYTHONPATH": str(TESTS), "SAIME_HOME": str(home)}
    command = [sys.executable, str(TESTS / "support" / "upload_process.py"), str(tmp_path / "people.csv")]
    for step, told in (("renamed", None), ("keep", ["1", "received"]), ("published", None)):
        done = subprocess.run([*command, step], env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout.split()) == ((-signal.SIGKILL, []) if told is None else (0, told)), (step, done.stderr)
    serve = [str(Path(sys.executable).with_name("saime")), "serve", "--port", str(free_port())]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        wait_until_settled(home / "saime.sqlite3")
        server.send_signal(signal.SIGINT)
    assert [(one.period, one.rows) for one in Warehouse(home / "warehouse").loads()] == [(PERIOD, 30)]
    assert [name for name in waiting(home) if not name.startswith(".")] == []
