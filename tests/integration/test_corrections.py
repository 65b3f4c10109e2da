"""A delivery replaces an earlier one of the same feed and period; what was counted from the earlier can be counted again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from saime.core.errors import BadInput, Refused
from saime.core.warehouse.faults import DeliveryRefused
from support.warehouse import RECEIVED_AT, Home, all_rows, care_row, write_csv

CORRECTED_AT, AGAIN_AT = "2019-08-01T08:00:00+00:00", "2019-09-01T10:00:00+02:00"
JULY, AUGUST, LATER = datetime(2019, 7, 31, tzinfo=UTC), datetime(2019, 8, 15, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A working folder with May, and June as it came first."""
    home = Home(tmp_path / "home")
    home.load(write_csv(tmp_path / "may.csv", [care_row(9)]), period="2019-05")
    home.load(write_csv(tmp_path / "june.csv", [care_row(1), care_row(2)]))
    return home


@pytest.fixture
def better(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "better.csv", [care_row(1, care="day"), care_row(2), care_row(3)])


def test_a_correction_takes_the_place_of_the_earlier_delivery(home: Home, better: Path) -> None:
    first = home.facts().loads[0]
    receipt = home.load(better, received_at=CORRECTED_AT, replace=True)
    assert (receipt.already_loaded, receipt.record.replaces, receipt.record.rows) == (False, first.id, 3)
    assert all_rows(home.facts()).num_rows == 3
    assert [record.delivery_name for record in home.warehouse.loads()] == ["may.csv", "better.csv"]


def test_the_earlier_state_can_be_read_again_byte_by_byte(home: Home, better: Path) -> None:
    before, files = all_rows(home.facts()), home.state()
    loads = home.facts().loads
    home.load(better, received_at=CORRECTED_AT, replace=True)
    assert home.facts(as_of=JULY).loads == loads
    assert all_rows(home.facts(as_of=JULY)).equals(before)
    after = home.state()
    assert {name: after[name] for name in files if _is_fact(name)} == {name: content for name, content in files.items() if _is_fact(name)}
    assert all_rows(home.facts(as_of=AUGUST)).equals(all_rows(home.facts()))
    assert home.facts(as_of=datetime.fromisoformat(CORRECTED_AT)).loads == home.facts().loads
    assert home.facts(as_of=datetime.fromisoformat(RECEIVED_AT)).loads == loads
    assert home.facts(as_of=datetime(2019, 7, 5, 7, 59, tzinfo=UTC)).loads == ()


def test_the_manifest_says_what_replaced_a_load_and_when(home: Home, better: Path) -> None:
    record = home.load(better, received_at=CORRECTED_AT, replace=True).record
    may, june, corrected = home.warehouse.manifest.loads
    assert june.replaced is not None
    assert (june.replaced.at, june.replaced.by) == (CORRECTED_AT, record.id)
    assert may.replaced is corrected.replaced is None
    assert corrected.record.replaces == june.record.id


def test_the_same_correction_twice_changes_nothing(home: Home, better: Path) -> None:
    first = home.load(better, received_at=CORRECTED_AT, replace=True)
    before = home.state()
    for replace in (True, False):
        again = home.load(better, received_at=AGAIN_AT, replace=replace)
        assert (again.already_loaded, again.record) == (True, first.record)
    assert home.state() == before


def test_without_replace_a_correction_is_refused_and_told_how(home: Home, better: Path) -> None:
    before = home.state()
    with pytest.raises(Refused, match=r"loaded for 2019-06: june\.csv, received 2019-07-05") as refusal:
        home.load(better)
    assert "load it with --replace" in str(refusal.value)
    assert home.state() == before


def test_there_must_be_something_to_replace(home: Home, better: Path) -> None:
    before = home.state()
    with pytest.raises(BadInput, match="no delivery of feed care is loaded for 2019-07"):
        home.load(better, period="2019-07", replace=True)
    assert home.state() == before


def test_a_faulty_correction_leaves_the_earlier_delivery_in_force(home: Home, tmp_path: Path) -> None:
    before = home.state()
    with pytest.raises(DeliveryRefused):
        home.load(write_csv(tmp_path / "faulty.csv", [care_row(1, sex="X")]), received_at=CORRECTED_AT, replace=True)
    assert home.state() == before


def test_the_first_delivery_may_come_back_in_place_of_its_correction(home: Home, better: Path, tmp_path: Path) -> None:
    first, rows = home.facts().loads[0], all_rows(home.facts())
    second = home.load(better, received_at=CORRECTED_AT, replace=True).record
    with pytest.raises(Refused, match=r"better\.csv"):
        home.load(tmp_path / "june.csv", received_at=AGAIN_AT)
    third = home.load(tmp_path / "june.csv", received_at=AGAIN_AT, replace=True).record
    assert (third.replaces, third.id) == (second.id, f"{first.id}-2")
    assert all_rows(home.facts()).equals(rows)
    assert all_rows(home.facts(as_of=AUGUST)).num_rows == 3
    assert home.facts(as_of=LATER).loads == (third,)
    assert home.load(tmp_path / "june.csv", received_at=AGAIN_AT, replace=True).already_loaded


def _is_fact(name: str) -> bool:
    """Person tables grow with a correction; fact files stay as they are."""
    return name.endswith(".parquet") and "/facts/" in f"/{name}"
