"""Facts past the retention of their feed's contract are removed; that they were there stays on record."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from saime.core.errors import BadInput, Refused, TryLater
from saime.core.model.period import Period
from saime.core.warehouse.contract import Retention
from saime.core.warehouse.retention import expired, kept_until, remove_expired
from support.change_process import CHANGED_AT, CORRECTED_AT, KEPT_CARE
from support.warehouse import HEAD_COUNT, Home, all_rows, care_row, write_csv, write_large_csv

TESTS = Path(__file__).resolve().parents[1]
DAY = date(2019, 12, 31)  # six months after June


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """May, June with its correction, and July of a feed with retention; June of another feed without."""
    folder = tmp_path_factory.mktemp("loaded")
    home = Home(folder / "home")
    path = write_large_csv(folder / "month.csv", 2000, 100)
    for month in ("2019-05", "2019-06", "2019-07"):
        home.load(path, period=month, contract=KEPT_CARE)
    better = write_csv(folder / "better.csv", [care_row(1), care_row(2)])
    home.load(better, contract=KEPT_CARE, received_at=CORRECTED_AT, replace=True)
    home.load(write_csv(folder / "heads.csv", [care_row(1)], ["person", "sex"]), contract=HEAD_COUNT)
    return folder


@pytest.fixture
def home(loaded: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(loaded / "home", tmp_path / "home")))


def periods(home: Home, on: date) -> list[str]:
    return [item.record.period for item in expired(home.warehouse, [KEPT_CARE, HEAD_COUNT], on)]


@pytest.mark.parametrize(
    ("period", "months", "until"),
    [
        ("2019-06", 6, date(2019, 12, 31)),
        ("2019-08", 6, date(2020, 2, 29)),
        ("2022", 12, date(2023, 12, 31)),
        ("2019-Q1", 1, date(2019, 4, 30)),
        ("2019-06-15", 7, date(2020, 1, 15)),
        ("2019-01-30", 1, date(2019, 2, 28)),
        ("9999", 1, None),
    ],
)
def test_time_counts_in_months_from_the_end_of_the_period(period: str, months: int, until: date | None) -> None:
    contract = KEPT_CARE.model_copy(update={"retention": Retention(months=months)})
    assert kept_until(contract, Period.parse(period)) == until
    assert kept_until(HEAD_COUNT, Period.parse(period)) is None


def test_a_load_is_past_its_time_after_the_last_day(home: Home) -> None:
    assert periods(home, date(2019, 11, 30)) == []
    assert periods(home, DAY) == ["2019-05"]
    assert periods(home, date(2020, 1, 1)) == ["2019-05", "2019-06", "2019-06"]


def test_what_is_past_its_time_is_removed_and_its_record_stays(home: Home) -> None:
    july, heads = all_rows(home.facts("2019-07")), all_rows(home.facts(contract=HEAD_COUNT))
    before = home.warehouse.manifest.loads
    removed = remove_expired(home.warehouse, [KEPT_CARE, HEAD_COUNT], date(2020, 1, 15), at=CHANGED_AT)
    assert len(removed) == 3
    after = home.warehouse.manifest.loads
    assert [load.record for load in after] == [load.record for load in before]
    gone = [load for load in after if load.removed]
    assert [load.record.period for load in gone] == ["2019-05", "2019-06", "2019-06"]
    assert {load.removed.at for load in gone if load.removed} == {"2020-03-01T08:00:00+00:00"}
    assert [load.removed.kept_until for load in gone if load.removed] == ["2019-11-30", "2019-12-31", "2019-12-31"]
    assert not any(load.files for load in gone)
    assert {path.parts[-3:-1] for path in home.warehouse.root.glob("facts/*/*/*/*")} == {
        (load.record.period, load.record.id) for load in after if not load.removed
    }
    assert all_rows(home.facts("2019-07")).equals(july)
    assert all_rows(home.facts(contract=HEAD_COUNT)).equals(heads)
    assert [(load.feed, load.period) for load in home.warehouse.loads()] == [("care", "2019-07"), ("head-count", "2019-06")]


def test_counting_removed_facts_is_told_now_and_as_of_then(home: Home) -> None:
    remove_expired(home.warehouse, [KEPT_CARE], date(2020, 1, 15), at=CHANGED_AT)
    for as_of in (None, datetime.fromisoformat(CORRECTED_AT), datetime.fromisoformat("2019-07-10T00:00:00+00:00")):
        with pytest.raises(BadInput, match="feed care for 2019-06 were kept until 2019-12-31 and then removed"):
            home.facts("2019-06", as_of=as_of)


def test_removing_again_changes_nothing(home: Home) -> None:
    remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT)
    before = home.state()
    assert remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT) == ()
    assert home.state() == before


def test_nothing_loaded_is_nothing_to_remove(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT) == ()
    assert not home.root.exists()


def test_nothing_is_removed_before_its_time(home: Home) -> None:
    before = home.state()
    with pytest.raises(BadInput, match="2020-03-02 is yet to come"):
        remove_expired(home.warehouse, [KEPT_CARE], date(2020, 3, 2), at=CHANGED_AT)
    assert home.state() == before


def test_a_delivery_past_its_time_is_not_loaded(home: Home, loaded: Path) -> None:
    remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT)
    before = home.state()
    with pytest.raises(Refused, match="feed care for 2019-05 may be kept until 2019-11-30, which is over"):
        home.load(loaded / "month.csv", period="2019-05", contract=KEPT_CARE, received_at="2019-12-01T08:00:00+00:00")
    assert home.state() == before


def test_with_a_longer_retention_removed_facts_may_come_again(home: Home, loaded: Path) -> None:
    remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT)
    longer = KEPT_CARE.model_copy(update={"retention": Retention(months=60)})
    receipt = home.load(loaded / "month.csv", period="2019-05", contract=longer, received_at="2020-03-02T08:00:00+00:00")
    assert (receipt.already_loaded, receipt.record.rows, receipt.record.replaces) == (False, 2000, None)
    assert all_rows(home.facts("2019-05")).num_rows == 2000


def test_a_file_that_cannot_be_removed_is_told(home: Home) -> None:
    (load,) = home.warehouse.loads("care", ["2019-05"])
    stuck = home.warehouse.root / "facts" / "care" / "2019-05" / load.id / "part-000.parquet.d"
    stuck.mkdir()
    with pytest.raises(TryLater, match="1 files of removed facts could not be deleted"):
        remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT)
    stuck.rmdir()
    remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT)
    assert not list(home.warehouse.root.glob("facts/*/2019-05/*"))


@pytest.mark.parametrize(("step", "number"), [("fsync", 3), ("replace", 1), ("after-replace", 1), ("unlink", 1), ("after-unlink", 5)])
def test_killed_at_a_step(home: Home, loaded: Path, tmp_path: Path, step: str, number: int) -> None:
    clean = Home(Path(shutil.copytree(loaded / "home", tmp_path / "clean")))
    remove_expired(clean.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT)
    command = [sys.executable, str(TESTS / "support" / "change_process.py"), str(home.root), "remove", DAY.isoformat()]
    done = subprocess.run([*command, step, str(number)], env={"PYTHONPATH": str(TESTS)}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    if home.warehouse.manifest.loads[0].removed is None:
        assert all_rows(home.facts("2019-05")).num_rows == 2000
    assert all_rows(home.facts("2019-06")).num_rows == 2
    remove_expired(home.warehouse, [KEPT_CARE], DAY, at=CHANGED_AT)
    assert home.state() == clean.state()
