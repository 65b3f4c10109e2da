"""The warehouse under a new key: the same persons, facts and history; killed at any moment and given again, the same state."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from saime.core.errors import BadInput, TryLater
from saime.core.warehouse.custody import Custodians
from saime.core.warehouse.deletion import delete_person, find_person
from saime.core.warehouse.keys import SHARE_FILES, open_person_cipher, open_record_keys
from saime.core.warehouse.pseudonyms import Numbers
from saime.intake.master_key import AskedUse, rotate_warehouse_key
from support.change_process import CORRECTED_AT
from support.warehouse import Home, all_rows, care_row, personal_code, write_csv

TESTS = Path(__file__).resolve().parents[1]
AT = datetime(2020, 3, 1, 8, tzinfo=UTC)
BEFORE_THE_CORRECTION = datetime(2019, 7, 20, tzinfo=UTC)
PERSONS = 200


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """June of 200 persons, corrected to 150 of them."""
    folder = tmp_path_factory.mktemp("rotation")
    home = Home(folder / "home")
    home.load(write_csv(folder / "june.csv", [care_row(number) for number in range(PERSONS)]))
    better = write_csv(folder / "better.csv", [care_row(number, sex="F") for number in range(PERSONS - 50)])
    home.load(better, received_at=CORRECTED_AT, replace=True)
    return home


@pytest.fixture
def home(loaded: Home, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(loaded.root, tmp_path / "home")))


def rotate(home: Home, keys: Path | None = None) -> int:
    shares = tuple((keys or home.root / "keys") / name for name in SHARE_FILES)
    return rotate_warehouse_key(AskedUse(home.root, Custodians(shares, ("First", "Second"), "operator"), "yearly", AT))[0]


def person(number: int) -> Numbers:
    return np.array([int(personal_code(number))], np.int64)


def held_keys(home: Home) -> dict[int, bytes]:
    """Person keys by person number."""
    tables = [home.warehouse.persons(partition) for partition in range(home.warehouse.manifest.partitions)]
    return {int(number): key for table in tables for number, key in zip(table.numbers, table.keys.to_pylist(), strict=True)}


def record_keys(home: Home) -> dict[int, int]:
    keys = open_record_keys(home.root / "keys", home.warehouse.key_fingerprint or "")
    return {number: int(keys.of(np.frombuffer(key, np.uint8).reshape(1, 16))[0]) for number, key in held_keys(home).items()}


def test_all_keys_are_new_and_nothing_else_is(home: Home) -> None:
    keys, records, facts = held_keys(home), record_keys(home), {name: file for name, file in home.state().items() if "/facts/" in name}
    manifest = home.warehouse.manifest
    assert rotate(home) == PERSONS
    assert held_keys(home).keys() == keys.keys()
    assert not set(held_keys(home).values()) & set(keys.values())
    assert {name: file for name, file in home.state().items() if "/facts/" in name} == facts
    assert record_keys(home) == records
    after = home.warehouse.manifest
    assert after.model_copy(update={"persons": (), "key_fingerprint": None}) == manifest.model_copy(
        update={"persons": (), "key_fingerprint": None}
    )
    assert after.key_fingerprint != manifest.key_fingerprint


def test_history_is_as_before_and_persons_are_found_again(home: Home, tmp_path: Path) -> None:
    now, then = all_rows(home.facts()), all_rows(home.facts(as_of=BEFORE_THE_CORRECTION))
    rotate(home)
    assert all_rows(home.facts()).equals(now)
    assert all_rows(home.facts(as_of=BEFORE_THE_CORRECTION)).equals(then)
    numbers = set(held_keys(home))
    home.load(write_csv(tmp_path / "july.csv", [care_row(number) for number in range(PERSONS + 7)]), period="2019-07")
    assert len(set(held_keys(home)) - numbers) == 7
    cipher = open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)
    assert find_person(home.warehouse, person(3), cipher=cipher).loads == 3
    deleted = delete_person(home.warehouse, person(3), cipher=cipher, legal_basis="Regula (ES) 2016/679, 17. pants", at=AT)
    assert deleted.rows == 3
    assert find_person(home.warehouse, person(3), cipher=cipher).rows == 0


def test_it_can_be_done_again_and_again(home: Home) -> None:
    seen = {home.warehouse.key_fingerprint}
    for _ in range(3):
        rotate(home)
        seen.add(home.warehouse.key_fingerprint)
    assert len(seen) == 4
    assert open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint).fingerprint in seen


def test_the_old_key_is_refused(home: Home) -> None:
    old = (home.root / "keys" / "person.key").read_bytes()
    rotate(home)
    (home.root / "keys" / "person.key").write_bytes(old)
    with pytest.raises(BadInput, match="not the key the warehouse was loaded with"):
        open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)


def test_a_damaged_person_table_stops_it_and_changes_nothing(home: Home) -> None:
    file = home.warehouse.persons_folder / home.warehouse.manifest.persons[3].name
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    before = home.state()
    with pytest.raises(BadInput, match="person table of partition"):
        rotate(home)
    assert home.state() == before


def test_it_waits_for_a_load(home: Home) -> None:
    with home.warehouse.changing(), pytest.raises(TryLater, match="another load"):
        rotate(home)


STEPS = [
    *[("fsync", number) for number in (1, 2, 3, 5, 9)],
    ("replace", 1),
    ("after-replace", 1),
    ("replace", 2),
    ("after-replace", 2),
]


@pytest.fixture(scope="module")
def rotated(loaded: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same without trouble."""
    home = Home(Path(shutil.copytree(loaded.root, tmp_path_factory.mktemp("rotated") / "home")))
    rotate(home)
    return home


@pytest.mark.parametrize(("step", "number"), STEPS)
def test_killed_at_a_step(home: Home, rotated: Home, step: str, number: int) -> None:
    command = [sys.executable, str(TESTS / "support" / "change_process.py"), str(home.root), "rotate", str(home.root / "keys")]
    done = subprocess.run([*command, step, str(number)], env={"PYTHONPATH": str(TESTS)}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    finished = home.warehouse.key_fingerprint == rotated.warehouse.key_fingerprint
    if not finished or (home.root / "keys" / "person.key.next").exists():
        rotate(home)
    assert home.warehouse.key_fingerprint == rotated.warehouse.key_fingerprint
    assert open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint).fingerprint == rotated.warehouse.key_fingerprint
    assert held_keys(home) == held_keys(rotated)
    assert all_rows(home.facts()).equals(all_rows(rotated.facts()))
