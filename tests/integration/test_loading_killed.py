"""A load that is killed, at any moment, and given again ends in the same warehouse as one that never was."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from support.warehouse import Home, all_rows, care_row, write_csv, write_large_csv

ROWS, PERSONS = 300_000, 20_000
TESTS = Path(__file__).resolve().parents[1]
PROCESS = [sys.executable, str(TESTS / "support" / "load_process.py")]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TESTS)}
STEPS = [
    *[("fsync", number) for number in range(1, 20, 2)],
    ("rename", 1),
    ("after-rename", 1),
    ("replace", 2),  # the manifest with the load; the first is the empty one
    ("after-replace", 1),
    ("after-replace", 2),
    ("write", 2),
    ("after-write", 1),
]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Home]:
    """A delivery, and a working folder that it was loaded into without trouble."""
    folder = tmp_path_factory.mktemp("clean")
    path = write_large_csv(folder / "june.csv", ROWS, PERSONS)
    home = Home(folder / "home")
    home.load(path)
    return path, home


def start(home: Home, path: Path, *step: object) -> subprocess.Popen[bytes]:
    command = [*PROCESS, str(home.root), str(path), *map(str, step)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def same_key(home: Home, clean_home: Home) -> Home:
    """A new working folder with the key of the clean one, so that the two can be compared row by row."""
    shutil.copytree(clean_home.root / "keys", home.root / "keys")
    return home


def check_like(home: Home, clean_home: Home, path: Path) -> None:
    """Load once more; the rows, the persons and every byte are those of the clean load."""
    receipt = home.load(path)
    assert (receipt.record.rows, receipt.record.persons) == (ROWS, PERSONS)
    assert home.state() == clean_home.state()
    rows = all_rows(home.facts())
    assert rows.num_rows == ROWS
    assert rows.equals(all_rows(clean_home.facts()))
    assert len(rows.group_by(["person_number", "valid_from", "care"]).aggregate([])) == ROWS


def check_readable(home: Home) -> None:
    """After a kill a reader sees all of the load or nothing of it."""
    facts = home.facts()
    rows = all_rows(facts).num_rows if facts.loads else 0
    assert rows in (0, ROWS)


@pytest.mark.parametrize(("step", "number"), STEPS)
def test_killed_at_a_step(clean: tuple[Path, Home], tmp_path: Path, step: str, number: int) -> None:
    path, clean_home = clean
    home = same_key(Home(tmp_path / "home"), clean_home)
    process = start(home, path, step, number)
    _, trouble = process.communicate()
    assert process.returncode == -signal.SIGKILL, trouble.decode()
    check_readable(home)
    check_like(home, clean_home, path)


@pytest.mark.slow
def test_killed_at_random_moments_again_and_again(clean: tuple[Path, Home], tmp_path: Path) -> None:
    path, clean_home = clean
    moments = random.Random(587)
    started = time.monotonic()
    start(same_key(Home(tmp_path / "whole"), clean_home), path).communicate()
    whole = time.monotonic() - started
    home, killed = same_key(Home(tmp_path / "home"), clean_home), 0
    for _ in range(12):
        process = start(home, path)
        try:
            process.communicate(timeout=moments.uniform(0.2, 0.95) * whole)
            shutil.rmtree(home.warehouse.root)  # it was quicker; the next round begins anew
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            killed += 1
            check_readable(home)
    assert killed
    check_like(home, clean_home, path)


def test_a_load_killed_beside_an_earlier_one_leaves_that_one_as_it_was(clean: tuple[Path, Home], tmp_path: Path) -> None:
    path, _ = clean
    home = Home(tmp_path / "home")
    home.load(write_csv(tmp_path / "may.csv", [care_row(1)]), period="2019-05")
    before = all_rows(home.facts("2019-05"))
    for step in (("after-rename", 1), ("replace", 1), ("write", 2)):
        process = start(home, path, *step)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert all_rows(home.facts("2019-05")).equals(before)
        assert [record.period for record in home.warehouse.loads()] == ["2019-05"]
    assert home.load(path).record.rows == ROWS
    assert pa.compute.count_distinct(all_rows(home.facts("2019-05", "2019-06")).column("person_number")).as_py() == PERSONS


def test_two_loads_at_once_are_one_load_and_one_that_comes_later(clean: tuple[Path, Home], tmp_path: Path) -> None:
    path, clean_home = clean
    home = same_key(Home(tmp_path / "home"), clean_home)
    processes = [start(home, path) for _ in range(2)]
    outcomes = [(process.communicate(), process.returncode) for process in processes]
    for (told, trouble), code in outcomes:
        assert told.split() == [str(ROWS).encode(), str(PERSONS).encode()] if code == 0 else b"another load is running" in trouble
    assert any(code == 0 for _, code in outcomes)
    check_like(home, clean_home, path)
