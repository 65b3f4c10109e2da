"""The same rows reach the warehouse from every form of delivery: CSV, Parquet and XLSX, plain or encrypted."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyrage
import pytest
import xlsxwriter
from click.testing import CliRunner

from saime.cli.workplace import environment
from saime.core.errors import BadInput
from saime.core.model.text import Text
from saime.core.pack.reader import Pack
from saime.core.warehouse import sealed
from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.contract import Column, FeedContract
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.faults import DeliveryRefused, Fault
from saime.core.warehouse.keys import open_person_cipher, receiving_recipient
from saime.core.warehouse.loading import LoadReceipt, load_delivery
from saime.intake.services import receive_delivery
from support.warehouse import CARE, CODE_LISTS, Home, care_row, personal_code, shown_rows, write_csv, write_large_csv, write_parquet

NAMES = [column.name for column in CARE.columns]
PLACES = ("0001", "Ķekava", "Rūjiena")
PLACED = FeedContract.model_validate(
    {
        **CARE.model_dump(),
        "columns": [*CARE.columns, Column(name="place", type="code", label=Text(lv="Vieta", en="Place"), code_list="place")],
    }
)
ROWS = [
    {**care_row(1, age=7, care="night", paid="1", until="2019-06-01"), "place": "Ķekava"},
    {**care_row(1, age=7, care=None, paid="FALSE", since="2019-06-30"), "place": "0001"},
    {**care_row(2, age=120, paid=None), "place": "Rūjiena"},
]
SHOWN = sorted(
    [
        ("2019-01-01", "2019-06-01", "M", "7", "night", "True", "Ķekava"),
        ("2019-06-30", None, "M", "7", None, "False", "0001"),
        ("2019-01-01", None, "F", "120", "home", None, "Rūjiena"),
    ],
    key=str,
)
Cell = str | int | float | bool | date | datetime | None


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def delivery_of(home: Home, path: Path) -> Delivery:
    lists = {**CODE_LISTS, "place": CodeList("place", "1.0", PLACES)}
    return dataclasses.replace(home.delivery(path), contract=PLACED, code_lists=lists, receiving_keys=home.root / "keys")


def load(home: Home, path: Path) -> LoadReceipt:
    cipher = open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)
    return load_delivery(home.warehouse, delivery_of(home, path), cipher=cipher, quarantine=home.quarantine)


def check_loaded(home: Home, path: Path) -> None:
    assert load(home, path).record.rows == len(ROWS)
    assert shown_rows(home.warehouse.facts(PLACED, ["2019-06"], delivery_of(home, path).code_lists)) == SHOWN


def refuse(home: Home, path: Path) -> dict[str, Fault]:
    """The faults of a delivery by code; none shows a personal code."""
    with pytest.raises(DeliveryRefused) as refusal:
        load(home, path)
    assert home.warehouse.loads() == ()
    assert not any(personal_code(number) in str(refusal.value) for number in range(10))
    return {fault.code: fault for fault in refusal.value.faults}


def csv_bytes(encoding: str = "utf-8", separator: str = ",", rows: Sequence[Mapping[str, object]] = ROWS) -> bytes:
    names = [*NAMES, "place"]
    lines = [names, *(["" if row[name] is None else str(row[name]) for name in names] for row in rows)]
    return "".join(separator.join(line) + "\n" for line in lines).encode(encoding)


def write_xlsx(path: Path, rows: Sequence[Sequence[Cell]], names: Sequence[str] = (*NAMES, "place")) -> Path:
    """Each value as the cell that its type is; dates as date cells, empty text as an empty cell with a format."""
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy"})
        for number, row in enumerate([names, *rows]):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell, *([day] if isinstance(cell, date) or cell == "" else []))
    return path


def cells(row: Mapping[str, object], **changes: Cell) -> list[Cell]:
    """A row as Excel keeps it: numbers, booleans and dates in cells of their own kind."""
    values: dict[str, Cell] = {name: None if row[name] is None else str(row[name]) for name in (*NAMES, "place")}
    values["age"] = int(str(row["age"]))
    values["paid"] = None if row["paid"] is None else str(row["paid"]).lower() in ("1", "true")
    for name in ("since", "until"):
        values[name] = date.fromisoformat(str(row[name])) if row[name] else None
    return list({**values, **changes}.values())


def parquet_bytes(folder: Path) -> bytes:
    schema = pa.schema([(name, pa.string()) for name in (*NAMES, "place")])
    return write_parquet(folder / "plain.parquet", ROWS, schema).read_bytes()


def seal(home: Home, path: Path, content: bytes, *, armored: bool = False) -> Path:
    recipient = pyrage.x25519.Recipient.from_str(receiving_recipient(home.root / "keys"))
    path.write_bytes(pyrage.encrypt(content, [recipient], armored=armored))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1257"])
def test_csv_in_any_encoding_and_with_any_separator(home: Home, tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "june.data"
    path.write_bytes(csv_bytes(encoding, separator))
    check_loaded(home, path)


def test_commas_inside_quotes_do_not_separate(home: Home, tmp_path: Path) -> None:
    (tmp_path / "june.csv").write_bytes(csv_bytes(separator=";").replace(b"night", b'"night, sometimes; day"'))
    fault = refuse(home, tmp_path / "june.csv")["unknown_code"]
    assert (fault.column, fault.places[0].value) == ("care", "'night, sometimes; day'")


def test_windows_1257_in_the_last_of_many_blocks_and_a_fault_after_it(home: Home, tmp_path: Path) -> None:
    path = write_large_csv(tmp_path / "june.csv", 300_000, 20_000)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[299_990] = lines[299_990].replace(b"home", "mājās".encode("cp1257")).replace(b"day", "mājās".encode("cp1257"))
    lines[299_990] = lines[299_990].replace(b"night", "mājās".encode("cp1257"))
    path.write_bytes(b"".join(lines))
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(path)
    (fault,) = refusal.value.faults
    assert [(place.row, place.value) for place in fault.places] == [(299_990, "'mājās'")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1257"])
def test_a_byte_that_fits_neither_encoding_is_named_by_its_row(home: Home, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "june.csv").write_bytes(csv_bytes(encoding).replace("Rūjiena".encode(encoding), b"R\x81jiena"))
    faults = refuse(home, tmp_path / "june.csv")
    assert [place.row for place in faults["not_utf8"].places] == [3]


def test_a_format_is_told_by_content_not_by_name(home: Home, tmp_path: Path) -> None:
    check_loaded(home, write_xlsx(tmp_path / "june.parquet", [cells(row) for row in ROWS]))


def test_an_xlsx_of_text_cells(home: Home, tmp_path: Path) -> None:
    texts = [[None if row[name] is None else str(row[name]) for name in (*NAMES, "place")] for row in ROWS]
    check_loaded(home, write_xlsx(tmp_path / "june.xlsx", texts))


def test_empty_rows_of_a_sheet_count_between_others_and_not_after_them(home: Home, tmp_path: Path) -> None:
    rows = [cells(row) for row in ROWS]
    rows[1:1] = [[None]]
    path = write_xlsx(tmp_path / "june.xlsx", [*rows, [""], [""]])
    assert {place.row for place in refuse(home, path)["empty_required"].places} == {2}


def test_number_cells_where_zeros_get_lost_are_told_with_the_remedy(home: Home, tmp_path: Path) -> None:
    rows = [cells(ROWS[0]), cells(ROWS[1], place=1), cells(ROWS[2], person=int(personal_code(2)))]
    with pytest.raises(DeliveryRefused) as refusal:
        load(home, write_xlsx(tmp_path / "june.xlsx", rows))
    found = [(fault.code, fault.column, [place.row for place in fault.places]) for fault in refusal.value.faults]
    assert found == [("wrong_column_type", "person", [3]), ("wrong_column_type", "place", [2])]
    assert "format the column as text" in refusal.value.faults[0].fix.en


CELL_FAULTS = [
    ({"since": datetime(2019, 1, 1, 12, 30)}, "bad_date", "since"),
    ({"since": 43_466}, "bad_date", "since"),
    ({"age": 7.5}, "bad_integer", "age"),
    ({"age": date(2019, 1, 1)}, "bad_integer", "age"),
    ({"paid": "jā"}, "bad_boolean", "paid"),
    ({"care": 3}, "unknown_code", "care"),
    ({"person": True}, "bad_personal_code", "person"),
    ({"place": None}, "empty_required", "place"),
]


@pytest.mark.parametrize(("changes", "code", "column"), CELL_FAULTS)
def test_a_cell_of_the_wrong_kind_is_named(home: Home, tmp_path: Path, changes: dict[str, Cell], code: str, column: str) -> None:
    path = write_xlsx(tmp_path / "june.xlsx", [cells(ROWS[0]), cells(ROWS[1]), cells(ROWS[2], **changes)])
    ((found, fault),) = refuse(home, path).items()
    assert (found, fault.column, [place.row for place in fault.places]) == (code, column, [3])


def test_formulas_and_errors_are_no_values(home: Home, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "june.xlsx", [cells(ROWS[0]), cells(ROWS[1], until="=NA()")])
    assert refuse(home, path)["wrong_column_type"].places[0].value == "G3"


def test_cells_beside_the_table_are_told(home: Home, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "june.xlsx", [cells(ROWS[0]), [*cells(ROWS[1]), None, "checked"]])
    assert refuse(home, path)["wrong_field_count"].places[0].row == 2


def test_a_stray_cell_at_the_far_corner_is_told_before_memory_is_taken_for_it(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "june.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [*NAMES, "place"])
        sheet.write(1_048_575, 16_383, "x")
    assert "delete empty rows and columns" in refuse(home, path)["damaged_file"].fix.en


def test_a_header_of_a_sheet_is_checked_like_any_other(home: Home, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "june.xlsx", [cells(ROWS[0])], names=[*NAMES, "plaice"])
    assert {code: fault.column for code, fault in refuse(home, path).items()} == {"missing_column": "place", "extra_column": "'plaice'"}


def test_workbooks_that_are_cut_off_old_or_empty(home: Home, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "june.xlsx", [cells(row) for row in ROWS])
    whole = path.read_bytes()
    for content in (whole[:-200], whole[:3000], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)):
        path.write_bytes(content)
        assert set(refuse(home, path)) == {"damaged_file"}
    assert set(refuse(home, write_xlsx(path, []))) == {"no_rows"}
    assert set(refuse(home, write_xlsx(path, [], names=[]))) == {"missing_column"}


@pytest.mark.parametrize("armored", [False, True], ids=["binary", "armored"])
@pytest.mark.parametrize("form", ["utf-8", "cp1257", "xlsx", "parquet"])
def test_an_encrypted_delivery_is_loaded_like_a_plain_one(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, armored: bool
) -> None:
    content = csv_bytes(form, ";") if form in ("utf-8", "cp1257") else b""
    if form == "xlsx":
        content = write_xlsx(tmp_path / "plain", [cells(row) for row in ROWS]).read_bytes()
    if form == "parquet":
        content = parquet_bytes(tmp_path)
    path = seal(home, tmp_path / "june.age", content, armored=armored)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # a temporary file would fail here
    check_loaded(home, path)
    assert not any(personal_code(number).encode() in held for number in (1, 2) for held in home.files().values())
    assert load(home, path).already_loaded


def test_a_large_encrypted_delivery_runs_through_the_pipe(home: Home, tmp_path: Path) -> None:
    plain = write_large_csv(tmp_path / "june.csv", 300_000, 20_000)
    path = seal(home, tmp_path / "june.age", plain.read_bytes())
    delivery = dataclasses.replace(home.delivery(path), receiving_keys=home.root / "keys")
    cipher = open_person_cipher(home.root / "keys", None)
    receipt = load_delivery(home.warehouse, delivery, cipher=cipher, quarantine=home.quarantine)
    assert (receipt.record.rows, receipt.record.persons) == (300_000, 20_000)


def test_an_encrypted_delivery_that_was_cut_off_or_changed(home: Home, tmp_path: Path) -> None:
    days = [date.fromordinal(date(2000, 1, 1).toordinal() + number).isoformat() for number in range(4000)]
    rows = [{**care_row(number % 10, since=day), "place": "0001"} for number, day in enumerate(days)]
    path = seal(home, tmp_path / "june.age", csv_bytes(rows=rows))
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:70_000], whole[:100_000] + b"x" + whole[100_001:], whole[:400] + b"x" + whole[401:]):
        path.write_bytes(content)
        assert "damaged_file" in refuse(home, path)


def test_a_refused_encrypted_delivery_is_kept_as_it_came(home: Home, tmp_path: Path) -> None:
    path = seal(home, tmp_path / "june.age", csv_bytes().replace(b"night", b"noon"))
    assert set(refuse(home, path)) == {"unknown_code"}
    (report,) = home.quarantine.reports()
    home.quarantine.open(report.id, tmp_path / "opened.age")
    assert (tmp_path / "opened.age").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kind", ["other key", "passphrase", "header cut off"])
def test_a_delivery_encrypted_to_another_key_is_told_the_right_one(home: Home, tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "june.age", pyrage.x25519.Identity.generate()
    path.write_bytes(
        {
            "other key": pyrage.encrypt(csv_bytes(), [other.to_public()]),
            "passphrase": pyrage.passphrase.encrypt(csv_bytes(), "a passphrase"),
            "header cut off": pyrage.encrypt(csv_bytes(), [other.to_public()])[:60],
        }[kind]
    )
    with pytest.raises(BadInput, match="encrypted to another key") as refusal:
        load(home, path)
    assert receiving_recipient(home.root / "keys") in refusal.value.fix
    assert (home.warehouse.loads(), home.quarantine.reports()) == ((), ())


def test_a_large_encrypted_parquet_is_told_to_come_as_csv(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "MOST_IN_MEMORY", 100)
    with pytest.raises(BadInput, match="opened in memory") as refusal:
        load(home, seal(home, tmp_path / "june.age", parquet_bytes(tmp_path)))
    assert "deliver it as CSV" in refusal.value.fix
    check_loaded(home, seal(home, tmp_path / "june.age", csv_bytes()))


def test_emptiness_is_told_and_encrypting_twice_too(home: Home, tmp_path: Path) -> None:
    assert set(refuse(home, seal(home, tmp_path / "june.age", b""))) == {"empty_file"}
    twice = seal(home, tmp_path / "june.age", csv_bytes()).read_bytes()
    assert set(refuse(home, seal(home, tmp_path / "june.age", twice))) == {"damaged_file"}


def test_the_command_prints_the_key_that_the_service_opens_with(tmp_path: Path, pack_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from saime.cli.main import saime

    monkeypatch.setenv("SAIME_HOME", str(tmp_path / "home"))
    environment.cache_clear()
    said = [CliRunner().invoke(saime, ["receiving-key"]).output for _ in range(2)]
    environment.cache_clear()
    assert said[0] == said[1]
    pack = Pack(pack_root)
    names = [column.name for column in pack.feed("population").columns]
    government = pack.classification("local-governments-2021").leaves[0].id
    row = {"person_code": personal_code(1), "sex": pack.classification("sex").leaves[0].id, "age": 30, "local_government": government}
    plain = write_csv(tmp_path / "people.csv", [row], names).read_bytes()
    path = tmp_path / "people.age"
    path.write_bytes(pyrage.encrypt(plain, [pyrage.x25519.Recipient.from_str(said[0].strip())]))
    at = datetime.fromisoformat("2023-02-01T09:00:00+00:00")
    assert receive_delivery(tmp_path / "home", pack, "population", path, "2022", synthetic=True, received_at=at).record.rows == 1


def test_no_pipe_stays_open(home: Home, tmp_path: Path) -> None:
    path = seal(home, tmp_path / "june.age", csv_bytes().replace(b"person", b"nobody", 1))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        refuse(home, path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
