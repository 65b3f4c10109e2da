"""A disk that is full while a delivery is loaded: the load says so, and the warehouse is as it was before."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from saime.core.errors import TryLater
from saime.core.warehouse.faults import DeliveryRefused
from support.warehouse import Home, all_rows, care_row, write_csv, write_large_csv

MEGABYTES = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "saime-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here; it takes the rights of root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Take all room but so many bytes."""
    path = folder / "ballast"
    with path.open("wb") as file:
        file.write(b"x" * max(shutil.disk_usage(folder).free - leave, 0))
    return path


@pytest.mark.parametrize("room", [0, 4096, 12_288, 40_960, 1_000_000, 6_000_000, 12_000_000])
def test_a_full_disk_is_told_and_changes_nothing(small_disk: Path, tmp_path: Path, room: int) -> None:
    home = Home(small_disk / "home")
    home.load(write_csv(tmp_path / "may.csv", [care_row(1)]), period="2019-05")
    before, rows = home.state(), all_rows(home.facts("2019-05"))
    path = write_large_csv(tmp_path / "june.csv", 400_000, 20_000)
    ballast = fill(small_disk, room)
    with pytest.raises(
        TryLater, match=r"the disk is full while loading a delivery: up to \d+\.\d MB are needed, \d+\.\d MB are free"
    ) as refusal:
        home.load(path)
    assert refusal.value.exit_code == 4
    assert home.state() == before
    assert all_rows(home.facts("2019-05")).equals(rows)
    ballast.unlink()
    assert home.load(path).record.rows == 400_000


def test_a_full_disk_at_the_first_load_leaves_nothing_behind(small_disk: Path, tmp_path: Path) -> None:
    home = Home(small_disk / "home")
    ballast = fill(small_disk, 0)
    path = write_csv(tmp_path / "june.csv", [care_row(1)])
    with pytest.raises(TryLater, match="the disk is full"):
        home.load(path)
    assert not home.state()
    ballast.unlink()
    assert home.load(path).record.rows == 1


def test_a_full_disk_under_the_quarantine_leaves_no_half_sealed_delivery(small_disk: Path, tmp_path: Path) -> None:
    home = Home(small_disk / "home")
    path = write_large_csv(tmp_path / "june.csv", 400_000, 20_000)
    path.write_text(path.read_text().split("\n", 1)[1])  # no header: refused before anything is staged
    ballast = fill(small_disk, 2_000_000)
    with pytest.raises(TryLater, match="the disk is full"):
        home.load(path)
    assert not [name for name in home.files() if name.startswith("quarantine/")]
    ballast.unlink()
    with pytest.raises(DeliveryRefused):
        home.load(path)
    assert len(home.quarantine.reports()) == 1
