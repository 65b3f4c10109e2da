"""A correction that is killed, at any moment, and given again ends in the same warehouse as one that never was."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.change_process import CORRECTED_AT
from support.warehouse import Home, all_rows, care_row, write_csv, write_large_csv

TESTS = Path(__file__).resolve().parents[1]
ROWS = 20_000
STEPS = [
    *[("fsync", number) for number in range(1, 18, 3)],
    ("rename", 1),
    ("after-rename", 1),
    ("replace", 1),
    ("after-replace", 1),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``before`` is loaded once; in ``after`` the same was corrected without trouble."""
    folder = tmp_path_factory.mktemp("corrected")
    before = Home(folder / "before")
    before.load(write_csv(folder / "june.csv", [care_row(1)]))
    shutil.copytree(before.root, folder / "after")
    path = write_large_csv(folder / "better.csv", ROWS, 1000)
    Home(folder / "after").load(path, received_at=CORRECTED_AT, replace=True)
    return folder


@pytest.mark.parametrize(("step", "number"), STEPS)
def test_killed_at_a_step(folder: Path, tmp_path: Path, step: str, number: int) -> None:
    home = Home(Path(shutil.copytree(folder / "before", tmp_path / "home")))
    command = [sys.executable, str(TESTS / "support" / "change_process.py"), str(home.root), "replace", str(folder / "better.csv")]
    done = subprocess.run([*command, step, str(number)], env={"PYTHONPATH": str(TESTS)}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    seen = {("replace", 1): [1], ("after-replace", 1): [ROWS]}.get((step, number), [1, ROWS])
    assert all_rows(home.facts()).num_rows in seen
    home.load(folder / "better.csv", received_at=CORRECTED_AT, replace=True)
    assert home.state() == Home(folder / "after").state()
