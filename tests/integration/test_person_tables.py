"""Persons have one number over all loads; the key behind it is in the person table alone and goes with the last fact."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from saime.core.errors import BadInput
from saime.core.warehouse import persons
from saime.core.warehouse.retention import remove_expired
from support.change_process import CHANGED_AT, KEPT_CARE
from support.warehouse import Home, all_rows, care_row, write_csv


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def load(home: Home, period: str, people: range) -> None:
    rows = [care_row(number, since=f"{period}-01") for number in people]
    home.load(write_csv(home.root.parent / f"{period}.csv", rows), period=period, contract=KEPT_CARE)


def known(home: Home) -> dict[bytes, int]:
    table = pa.concat_tables([pq.read_table(path) for path in (home.warehouse.root / "persons").iterdir()])
    keys = table.column("person_key").cast(pa.binary(16)).to_pylist()
    return dict(zip(keys, table.column("person_number").to_pylist(), strict=True))


def test_a_person_keeps_the_number_and_new_ones_come_after(home: Home) -> None:
    load(home, "2019-05", range(60))
    before = known(home)
    load(home, "2019-06", range(30, 90))
    after = known(home)
    assert (len(before), len(after)) == (60, 90)
    assert before.items() <= after.items()
    assert len(set(after.values())) == 90
    for partition in range(8):
        of_partition = sorted(number for number in after.values() if number >> 29 == partition)
        assert of_partition == list(range(partition << 29, (partition << 29) + len(of_partition)))
    assert set(all_rows(home.facts("2019-06")).column("person_number").to_pylist()) <= set(after.values())


def test_no_fact_file_holds_a_person_key(home: Home) -> None:
    load(home, "2019-05", range(60))
    keys = list(known(home))
    for path in home.warehouse.root.glob("facts/*/*/*/*"):
        content = path.read_bytes()
        assert not any(key in content for key in keys)


def test_a_key_goes_with_the_last_fact_and_its_number_is_not_given_again(home: Home) -> None:
    load(home, "2019-05", range(60))
    load(home, "2019-06", range(30, 60))
    before = known(home)
    remove_expired(home.warehouse, [KEPT_CARE], date(2019, 12, 31), at=CHANGED_AT)
    assert known(home).items() <= before.items()
    assert len(known(home)) == 30
    load(home, "2019-07", range(100, 160))
    assert not {number for key, number in known(home).items() if key not in before} & set(before.values())
    remove_expired(home.warehouse, [KEPT_CARE], date(2020, 2, 20), at=CHANGED_AT)
    assert not list((home.warehouse.root / "facts").rglob("*.parquet"))
    assert not known(home)


def test_a_damaged_or_missing_person_table_stops_a_load(home: Home) -> None:
    load(home, "2019-05", range(60))
    path = home.warehouse.root / "persons" / "part-003.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(BadInput, match="the person table of partition 3 is damaged"):
        load(home, "2019-06", range(60))
    path.unlink()
    with pytest.raises(BadInput, match="the person table of partition 3 is missing"):
        load(home, "2019-06", range(60))
    path.write_bytes(content)
    load(home, "2019-06", range(60))


def test_what_was_derived_from_a_file_goes_with_it(home: Home) -> None:
    for month in ("2019-05", "2019-06"):
        load(home, month, range(60))
    layers = home.facts("2019-05", "2019-06").layers
    assert layers
    digests = {load.record.period: [file.sha256 for file in load.files] for load in home.warehouse.manifest.loads}
    for digest in (*digests["2019-05"], *digests["2019-06"], "0" * 64):
        (layers / digest).mkdir(parents=True)
        (layers / digest / "2019-abc.months").write_bytes(b"derived")
    remove_expired(home.warehouse, [KEPT_CARE], date(2019, 12, 31), at=CHANGED_AT)
    assert sorted(path.name for path in layers.iterdir()) == sorted(digests["2019-06"])


def test_a_partition_that_is_full_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons, "NUMBER_BITS", 4)  # two numbers for each of eight partitions
    with pytest.raises(BadInput, match="has run out of person numbers"):
        load(home, "2019-05", range(60))
    assert not home.warehouse.loads()


def test_a_warehouse_of_an_earlier_format_is_told(home: Home) -> None:
    load(home, "2019-05", range(3))
    path = home.warehouse.root / "manifest.json"
    path.write_text(path.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(BadInput, match="has format 1, and this version of Saime reads format 2"):
        home.warehouse.loads()
