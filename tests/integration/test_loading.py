"""A delivery reaches the warehouse whole or not at all, once, and readers see only finished loads."""

from __future__ import annotations

import dataclasses
import fcntl
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from saime.core.durable import make_folders
from saime.core.errors import BadInput, Refused, TryLater
from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.faults import DeliveryRefused
from saime.core.warehouse.keys import open_person_cipher
from saime.core.warehouse.loading import load_delivery
from support.warehouse import CARE, CODE_LISTS, HEAD_COUNT, Home, all_rows, care_row, shown_rows, write_csv, write_large_csv, write_parquet

ROWS = [
    care_row(1, age=7, care="night", paid="1", since="2019-02-28", until="2019-06-01"),
    care_row(1, age=7, care=None, paid="FALSE", since="2019-06-30"),
    care_row(2, age=120, care="day", paid=None, since="2018-01-01", until="2019-12-31"),
    care_row(3, age=0),
]
SHOWN = sorted(
    [
        ("2019-02-28", "2019-06-01", "M", "7", "night", "True"),
        ("2019-06-30", None, "M", "7", None, "False"),
        ("2018-01-01", "2019-12-31", "F", "120", "day", None),
        ("2019-01-01", None, "M", "0", "home", "True"),
    ],
    key=str,
)
TYPED = pa.schema(
    [
        ("paid", pa.bool_()),
        ("person", pa.large_string()),
        ("sex", pa.dictionary(pa.int32(), pa.string())),
        ("age", pa.int16()),
        ("care", pa.string()),
        ("since", pa.date32()),
        ("until", pa.date32()),
    ]
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_csv_delivery_is_stored_as_it_says(home: Home, tmp_path: Path) -> None:
    receipt = home.load(write_csv(tmp_path / "june.csv", ROWS))
    assert not receipt.already_loaded
    assert (receipt.record.rows, receipt.record.persons, receipt.record.delivery_name) == (4, 3, "june.csv")
    assert (receipt.record.synthetic, receipt.record.feed_version, receipt.record.period) == (True, "1.0", "2019-06")
    assert shown_rows(home.facts()) == SHOWN


@pytest.mark.parametrize("schema", [None, TYPED], ids=["text", "typed"])
def test_a_parquet_delivery_is_stored_like_the_same_csv(home: Home, tmp_path: Path, schema: pa.Schema | None) -> None:
    home.load(write_parquet(tmp_path / "june.parquet", ROWS, schema))
    assert shown_rows(home.facts()) == SHOWN


def test_byte_order_mark_quotes_windows_line_ends_and_column_order_do_not_matter(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", ROWS, names=reversed([column.name for column in CARE.columns]))
    lines = path.read_text().replace("night", '"night"').rstrip("\n").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    home.load(path)
    assert shown_rows(home.facts()) == SHOWN


def test_a_code_with_and_without_dash_is_one_person(home: Home, tmp_path: Path) -> None:
    dashed = care_row(1, since="2019-03-01")
    dashed["person"] = f"{str(dashed['person'])[:6]}-{str(dashed['person'])[6:]}"
    receipt = home.load(write_csv(tmp_path / "june.csv", [care_row(1), dashed]))
    assert (receipt.record.rows, receipt.record.persons) == (2, 1)


def test_without_a_spell_a_fact_holds_in_the_whole_period(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "heads.csv", [care_row(1), care_row(2)], names=["person", "sex"])
    home.load(path, contract=HEAD_COUNT)
    assert shown_rows(home.facts(contract=HEAD_COUNT)) == [("2019-06-01", "2019-06-30", "F"), ("2019-06-01", "2019-06-30", "M")]


def test_fact_files_are_sorted_typed_and_name_their_code_lists(home: Home, tmp_path: Path) -> None:
    home.load(write_large_csv(tmp_path / "june.csv", 5000, 700))
    facts = home.facts()
    assert len(facts.partitions) == 8
    for (path,) in facts.partitions:
        schema = pq.read_schema(path)
        assert schema.names == ["person_number", "valid_from", "valid_to", "sex", "age", "care", "paid"]
        assert schema.types == [pa.uint32(), pa.date32(), pa.date32(), pa.uint16(), pa.int32(), pa.uint16(), pa.bool_()]
        assert schema.metadata[b"saime:code_list:care"].startswith(b"care(2.1)#")
        table = pq.read_table(path)
        rows = list(zip(table.column("person_number").to_pylist(), table.column("valid_from").to_pylist(), strict=True))
        assert rows == sorted(rows)


def test_each_person_is_in_one_partition_over_all_loads_and_counts_add_up(home: Home, tmp_path: Path) -> None:
    for month in (5, 6):
        home.load(write_large_csv(tmp_path / f"{month}.csv", 900 * month, 700), period=f"2019-{month:02d}")
    facts = home.facts("2019-05", "2019-06")
    assert all(len(files) == 2 for files in facts.partitions)
    query = "select count(distinct person_number) from read_parquet($files)"

    def persons(files: list[Path]) -> int:
        row = duckdb.execute(query, {"files": [str(file) for file in files]}).fetchone()
        assert row is not None
        return int(row[0])

    assert sum(persons(list(files)) for files in facts.partitions) == persons([file for files in facts.partitions for file in files]) == 700


def test_the_same_delivery_again_changes_nothing(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", ROWS)
    first = home.load(path)
    before = home.files()
    again = home.load(path.rename(tmp_path / "renamed.csv"))
    assert (again.already_loaded, again.record) == (True, first.record)
    assert home.files() == before


def test_the_same_delivery_always_gives_the_same_bytes(tmp_path: Path) -> None:
    path = write_large_csv(tmp_path / "june.csv", 5000, 700)
    one, two = Home(tmp_path / "one"), Home(tmp_path / "two")
    one.load(path)
    make_folders(two.root / "keys")
    for name in ("person.key", "routing.key", "household.key"):
        shutil.copy(one.root / "keys" / name, two.root / "keys" / name)
    two.load(path)
    assert one.state() == two.state()


def test_another_delivery_for_a_loaded_period_is_refused(home: Home, tmp_path: Path) -> None:
    home.load(write_csv(tmp_path / "june.csv", ROWS))
    before = home.files()
    with pytest.raises(Refused, match=r"loaded for 2019-06: june\.csv"):
        home.load(write_csv(tmp_path / "other.csv", ROWS[:2]))
    assert home.files() == before


def test_the_same_rows_may_come_for_another_period(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "year.csv", [care_row(1)])
    home.load(path)
    home.load(path, period="2019-07")
    assert [record.period for record in home.warehouse.loads()] == ["2019-06", "2019-07"]
    assert [record.period for record in home.warehouse.loads("care", ["2019-Q3"])] == ["2019-07"]
    assert home.warehouse.loads("head-count") == ()


@pytest.mark.parametrize("period", ["2019", "2019-Q2", "2019-06-30"])
def test_a_period_of_another_frequency_is_refused(home: Home, tmp_path: Path, period: str) -> None:
    with pytest.raises(BadInput, match=r"delivered for a month \(2022-06\), not for 2019"):
        home.load(write_csv(tmp_path / "june.csv", ROWS), period=period)


def test_a_period_that_has_not_begun_is_refused(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "july.csv", [care_row(1)])
    with pytest.raises(BadInput, match="2019-07 has not begun"):
        home.load(path, period="2019-07", received_at="2019-06-30T23:59:59+00:00")
    assert home.load(path, period="2019-07", received_at="2019-07-01T00:00:00+00:00").record.period == "2019-07"


def test_a_year_with_a_missing_month_cannot_be_counted(home: Home, tmp_path: Path) -> None:
    for month in (1, 2, 4):
        home.load(write_csv(tmp_path / f"{month}.csv", [care_row(month)]), period=f"2019-{month:02d}")
    assert len(home.facts("2019-02", "2019-01").loads) == 2
    with pytest.raises(BadInput, match="no delivery of feed care covers 2019-03-01"):
        home.facts("2019-Q1")
    with pytest.raises(BadInput, match="no delivery of feed care covers 2019-05-01"):
        home.facts("2019-04", "2019-Q2")


def test_nothing_loaded_is_an_empty_table(home: Home) -> None:
    facts = home.facts("2019-06")
    assert (facts.loads, facts.partitions) == ((), ())
    assert home.warehouse.key_fingerprint is None
    assert not home.root.exists()


def test_one_load_at_a_time(home: Home, tmp_path: Path) -> None:
    make_folders(home.warehouse.root)
    with (home.warehouse.root / "loading.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TryLater, match="another load is running"):
            home.load(write_csv(tmp_path / "june.csv", ROWS))
    assert home.load(write_csv(tmp_path / "june.csv", ROWS)).record.rows == 4


def test_a_load_with_another_key_is_refused(home: Home, tmp_path: Path) -> None:
    home.load(write_csv(tmp_path / "june.csv", ROWS))
    other = open_person_cipher(tmp_path / "other-keys", None)
    delivery = home.delivery(tmp_path / "june.csv", period="2019-07")
    with pytest.raises(BadInput, match="not the key the warehouse was loaded with"):
        load_delivery(home.warehouse, delivery, cipher=other, quarantine=home.quarantine)


def test_a_damaged_or_missing_partition_is_named(home: Home, tmp_path: Path) -> None:
    home.load(write_large_csv(tmp_path / "june.csv", 5000, 700))
    (path,) = home.facts().partitions[3]
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"partition 3 of load care-2019-06-\w+ is damaged") as refusal:
        home.facts()
    assert str(path) in str(refusal.value)
    path.unlink()
    with pytest.raises(BadInput, match=r"partition 3 .* is missing"):
        home.facts()


def test_a_lost_or_damaged_manifest_is_told_and_no_facts_are_removed(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", ROWS)
    home.load(path)
    manifest = home.warehouse.root / "manifest.json"
    facts = {name: content for name, content in home.files().items() if "/facts/" in name}
    manifest.write_text(manifest.read_text()[:-20])
    with pytest.raises(BadInput, match="manifest is damaged"):
        home.load(path)
    manifest.unlink()
    with pytest.raises(BadInput, match="lost its manifest"):
        home.load(path)
    assert {name: content for name, content in home.files().items() if "/facts/" in name} == facts


def test_a_code_list_may_grow_at_its_end_only(home: Home, tmp_path: Path) -> None:
    home.load(write_csv(tmp_path / "june.csv", ROWS))
    grown = {**CODE_LISTS, "care": CodeList("care", "2.2", ("home", "day", "night", "week"))}
    assert home.warehouse.facts(CARE, ["2019-06"], grown).code_lists["care"][-1] == "week"
    moved = {**CODE_LISTS, "care": CodeList("care", "2.2", ("day", "home", "night"))}
    with pytest.raises(BadInput, match=r"loaded with code list care\(2\.1\)"):
        home.warehouse.facts(CARE, ["2019-06"], moved)


def test_what_a_stopped_load_left_is_removed_and_never_read(home: Home, tmp_path: Path) -> None:
    home.load(write_csv(tmp_path / "june.csv", ROWS))
    before, rows = home.state(), all_rows(home.facts())
    (feed,) = {path.parent.parent for path in home.warehouse.root.glob("facts/*/*/*")}
    unlisted = [feed / "2019-07" / "care-2019-07-abc", feed / "2019-06" / "care-2019-06-abc"]
    for left in (home.warehouse.root / "staging" / "finished", *unlisted):
        make_folders(left)
        (left / "part-000.parquet").write_bytes(b"left over")
    assert all_rows(home.facts()).equals(rows)
    assert home.load(tmp_path / "june.csv").already_loaded
    assert home.state() == before


def test_a_delivery_that_changes_while_it_is_read_is_not_loaded(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", ROWS)
    cipher = open_person_cipher(home.root / "keys", None)

    def grow(rows: int, expected: int | None) -> None:
        with path.open("a") as file:
            file.write("\n")

    with pytest.raises(TryLater, match="changed while it was read"):
        load_delivery(home.warehouse, home.delivery(path), cipher=cipher, quarantine=home.quarantine, progress=grow)
    assert home.warehouse.loads() == ()
    assert not list(home.warehouse.root.glob("staging/*"))


def test_progress_tells_rows_read_and_expected(home: Home, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    cipher = open_person_cipher(home.root / "keys", None)
    for path, period in ((write_parquet(tmp_path / "a.parquet", ROWS), "2019-06"), (write_csv(tmp_path / "b.csv", ROWS[2:]), "2019-07")):
        delivery = home.delivery(path, period=period)
        load_delivery(home.warehouse, delivery, cipher=cipher, quarantine=home.quarantine, progress=lambda *told: seen.append(told))
    assert seen == [(4, 4), (2, None)]


def test_a_refused_delivery_is_sealed_whole_and_opens_with_the_receiving_key(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [*ROWS, care_row(4, sex="X")])
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(path)
    report = home.quarantine.report(refusal.value.quarantine_id)
    assert home.quarantine.reports() == (report,)
    assert (report.delivery_name, report.period, report.outcome, report.rows) == ("june.csv", "2019-06", "refused", 5)
    told = [(fault.code, fault.column, fault.count, fault.places, fault.what, fault.fix) for fault in report.faults]
    assert told == [(fault.code, fault.column, fault.count, fault.places, fault.what, fault.fix) for fault in refusal.value.faults]
    home.quarantine.open(report.id, tmp_path / "opened.csv")
    assert (tmp_path / "opened.csv").read_bytes() == path.read_bytes()
    assert (tmp_path / "opened.csv").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadInput, match="cannot write the file"):
        home.quarantine.open(report.id, tmp_path / "opened.csv")
    assert (home.warehouse.loads(), home.warehouse.key_fingerprint) == ((), None)
    assert not list(home.warehouse.root.glob("facts/*"))


def test_a_delivery_refused_twice_is_in_quarantine_once(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(4, sex="X")])
    for _ in range(2):
        with pytest.raises(DeliveryRefused):
            home.load(path)
    assert len(home.quarantine.reports()) == 1


def test_a_refused_delivery_does_not_open_with_another_key_or_damaged(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(write_csv(tmp_path / "june.csv", [care_row(4, sex="X")]))
    sealed = home.quarantine.root / refusal.value.quarantine_id / "delivery.age"
    content = sealed.read_bytes()
    sealed.write_bytes(content[:-1])
    with pytest.raises(BadInput, match="damaged"):
        home.quarantine.open(refusal.value.quarantine_id, tmp_path / "opened.csv")
    assert not (tmp_path / "opened.csv").exists()
    other = dataclasses.replace(home, root=tmp_path / "other")
    (home.root / "keys" / "receiving.key").unlink()
    with pytest.raises(BadInput, match="sealed to age1"):
        home.quarantine.open(refusal.value.quarantine_id, tmp_path / "opened.csv")
    with pytest.raises(BadInput, match="no such delivery"):
        other.quarantine.open("../keys", tmp_path / "opened.csv")


def test_a_delivery_that_is_not_there_is_told(home: Home, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(BadInput, match="the delivery cannot be read"):
            home.load(path)
