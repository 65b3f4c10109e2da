"""Files laid into the drop folder are loaded, answered beside where they lay, and taken away; whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from pytest_django import Settings

from saime.core.errors import TryLater
from saime.core.pack.reader import Pack
from saime.core.warehouse.keys import receiving_recipient
from saime.core.warehouse.store import Warehouse
from saime.workplace.inbox import TAKEN, Outcome, empty_inbox
from saime.workplace.models import Receipt
from support.commands import run_saime
from support.warehouse import personal_code
from support.workplace import FEED, PERIOD, write_population

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "inbox" / FEED
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def pack(pack_root: Path) -> Pack:
    return Pack(pack_root)


def run() -> list[Outcome]:
    return list(empty_inbox(0))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def answers(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


@pytest.mark.django_db
def test_a_delivery_is_loaded_answered_and_taken_away(folder: Path, home: Path, pack: Pack) -> None:
    write_population(folder / f"{PERIOD}.csv", pack)
    (outcome,) = run()
    receipt = Receipt.objects.get()
    assert (outcome.receipt, receipt.state, receipt.rows_accepted, receipt.user, receipt.channel) == (receipt, "loaded", 30, None, "inbox")
    assert names(folder) == [f"2022.csv.receipt-{receipt.number}.{extension}" for extension in ("json", "txt")]
    (told,) = answers(folder)
    assert (told["receipt"], told["load_id"]) == (receipt.number, Warehouse(home / "warehouse").loads()[0].id)
    text = next(folder.glob("*.txt")).read_text()
    assert f"Kvīts: {receipt.number}" in text
    assert f"Receipt: {receipt.number}" in text
    assert run() == []


@pytest.mark.django_db
def test_marks_in_the_name_say_that_it_corrects_or_is_made_up(folder: Path, home: Path, pack: Pack) -> None:
    write_population(folder / "2022.synthetic.csv", pack)
    run()
    sealed = folder / "2022.replace.synthetic.parquet.age"
    write_population(folder / "new.parquet", pack, 31).rename(sealed)
    sealed.write_bytes(pyrage.encrypt(sealed.read_bytes(), [pyrage.x25519.Recipient.from_str(receiving_recipient(home / "keys"))]))
    assert [outcome.receipt.state for outcome in run()] == ["corrected"]
    (load,) = Warehouse(home / "warehouse").loads()
    assert (load.rows, load.synthetic) == (31, True)


@pytest.mark.django_db
def test_a_faulty_delivery_is_answered_with_its_faults_and_does_not_stay(folder: Path, home: Path, pack: Pack) -> None:
    write_population(folder / "2022.csv", pack, age=200)
    write_population(folder / "2022-06.csv", pack)
    assert [outcome.receipt.state for outcome in run()] == ["refused", "refused"]
    by_period = {answer["period"]: answer for answer in answers(folder)}
    assert [fault["code"] for fault in by_period["2022"]["faults"]] == ["out_of_range"]
    assert "a year" in by_period["2022-06"]["refusal"]["what"]["en"]
    assert "par gadu (2022)" in by_period["2022-06"]["refusal"]["what"]["lv"]
    assert not [name for name in names(folder) if "receipt" not in name]
    assert not [path for path in (home / "inbox" / TAKEN).glob("*/*") if path.is_file()]
    assert len(list((home / "quarantine").iterdir())) == 1


@pytest.mark.django_db
def test_what_is_still_being_written_is_left_alone(folder: Path, pack: Pack) -> None:
    write_population(folder / ".2022.csv", pack)
    path = write_population(folder / "2022.csv", pack)
    assert list(empty_inbox(3600)) == []
    assert names(folder) == [".2022.csv", "2022.csv"]
    hours_ago = time.time() - 7200
    os.utime(path, (hours_ago, hours_ago))
    assert len(list(empty_inbox(3600))) == 1


@pytest.mark.django_db
def test_other_names_and_links_are_not_taken_and_the_sender_is_told(folder: Path, home: Path, tmp_path: Path, pack: Pack) -> None:
    secret = write_population(tmp_path / "secret.csv", pack)
    (folder / "2022.csv").symlink_to(secret)
    (folder / f"{personal_code(3)}.csv").write_text("a\n")
    assert run() == run() == []
    assert names(folder) == ["***********.csv.not-taken.txt", "2022.csv", "2022.csv.not-taken.txt", f"{personal_code(3)}.csv"]
    assert "Fails nav paņemts" in (folder / "2022.csv.not-taken.txt").read_text()
    assert secret.exists()
    assert not Receipt.objects.exists()


@pytest.mark.django_db
def test_while_another_load_runs_the_file_waits(folder: Path, home: Path, pack: Pack) -> None:
    write_population(folder / "2022.csv", pack)
    with Warehouse(home / "warehouse").changing():
        (outcome,) = run()
    assert (outcome.receipt, "another load" in outcome.waits, names(folder)) == (None, True, [])
    (outcome,) = run()
    assert outcome.receipt is not None
    assert outcome.receipt.state == "loaded"


@pytest.mark.django_db
def test_one_process_empties_the_folder_at_a_time(folder: Path, pack: Pack) -> None:
    write_population(folder / "2022.csv", pack)
    first = empty_inbox(0)
    next(first)
    with pytest.raises(TryLater):
        run()


def test_the_command_empties_the_folder_and_a_kill_loses_nothing_and_loads_nothing_twice(tmp_path: Path, pack: Pack) -> None:
    home, drop = tmp_path / "home", tmp_path / "drop"
    (drop / FEED).mkdir(parents=True)
    write_population(drop / FEED / "2021.csv", pack)
    done = run_saime("inbox", "--settle", "0", home=home, SAIME_INBOX=str(drop))
    assert done.returncode == 0, done.stderr
    assert "population/2021.csv: loaded, receipt " in done.stdout
    assert "1 files taken" in done.stdout
    assert (home / "saime.sqlite3").stat().st_mode & 0o077 == 0

    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAIME_")}
    environment |= {"PYTHONPATH": str(TESTS), "SAIME_HOME": str(home), "SAIME_INBOX": str(drop)}
    command = [sys.executable, str(TESTS / "support" / "inbox_process.py")]
    write_population(drop / FEED / "2022.csv", pack, 31)
    for step in ("taken", "loading", "loaded"):
        killed = subprocess.run([*command, step], env=environment, capture_output=True)
        assert killed.returncode == -signal.SIGKILL, (step, killed.stderr.decode())
        assert (drop / TAKEN / FEED / "2022.csv").exists(), step
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.stdout.split() == ["2022.csv", "already_loaded"], finished.stderr
    assert [(load.period, load.rows) for load in Warehouse(home / "warehouse").loads()] == [("2021", 30), ("2022", 31)]
    assert not list(drop.rglob("*.csv"))
    assert {answer["load_id"] for answer in answers(drop / FEED)} == {load.id for load in Warehouse(home / "warehouse").loads()}
