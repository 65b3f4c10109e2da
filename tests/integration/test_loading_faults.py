"""Every fault of a delivery is found, counted and named by column and row, and none shows a personal code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from saime.core.warehouse.faults import HIDDEN, DeliveryRefused, Fault
from support.warehouse import CARE, HEAD_COUNT, Home, Value, care_row, personal_code, write_csv, write_large_csv, write_parquet

NAMES = [column.name for column in CARE.columns]


def refuse(tmp_path: Path, path: Path) -> dict[str, Fault]:
    """The faults of a delivery by code; nothing of it may reach the warehouse."""
    home = Home(tmp_path / "home")
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(path)
    assert home.warehouse.loads() == ()
    for number in range(20):
        assert personal_code(number) not in str(refusal.value)
        assert personal_code(number, dash=True) not in str(refusal.value)
    return {fault.code: fault for fault in refusal.value.faults}


def refuse_rows(tmp_path: Path, write: Callable[..., Path], **changes: Value) -> Fault:
    """Twelve rows of which rows 3 to 10 are changed; the one fault they have."""
    rows = [care_row(number, **(changes if 3 <= number <= 10 else {})) for number in range(1, 13)]
    (fault,) = refuse(tmp_path, write(tmp_path / "june.data", rows)).values()
    assert [place.row for place in fault.places] == [3, 4, 5, 6, 7]
    assert fault.count == 8
    return fault


ROW_FAULTS = [
    ({"person": None}, "empty_required", "person", None),
    ({"person": "7070701234"}, "bad_personal_code", "person", None),
    ({"person": "707070-1234X"}, "bad_personal_code", "person", None),
    ({"sex": None}, "empty_required", "sex", None),
    ({"sex": "X"}, "unknown_code", "sex", "'X'"),
    ({"care": "Home"}, "unknown_code", "care", "'Home'"),
    ({"care": "y" * 50}, "unknown_code", "care", f"'{'y' * 39}…'"),
    ({"care": "70707012345"}, "unknown_code", "care", HIDDEN),
    ({"age": -1}, "out_of_range", "age", "'-1'"),
    ({"age": 121}, "out_of_range", "age", "'121'"),
    ({"age": 10**12}, "out_of_range", "age", HIDDEN),
    ({"age": "7.0"}, "bad_integer", "age", "'7.0'"),
    ({"age": "0x10"}, "bad_integer", "age", "'0x10'"),
    ({"age": " 7"}, "bad_integer", "age", "' 7'"),
    ({"since": "2019-02-30"}, "bad_date", "since", "'2019-02-30'"),
    ({"since": "30.01.2019"}, "bad_date", "since", "'30.01.2019'"),
    ({"since": "2019-1-1"}, "bad_date", "since", "'2019-1-1'"),
    ({"since": "2019-01-01T00:00"}, "bad_date", "since", HIDDEN),
    ({"until": "never"}, "bad_date", "until", "'never'"),
    ({"paid": "yes"}, "bad_boolean", "paid", "'yes'"),
    ({"until": "2018-12-31"}, "ends_before_start", "until", "2019-01-01 – 2018-12-31"),
    ({"until": "2019-05-31"}, "outside_period", "since", "2019-01-01 – 2019-05-31"),
    ({"since": "2019-07-01"}, "outside_period", "since", "2019-07-01 – None"),
]


@pytest.mark.parametrize("write", [write_csv, write_parquet])
@pytest.mark.parametrize(("changes", "code", "column", "value"), ROW_FAULTS)
def test_a_fault_of_rows_is_named(
    tmp_path: Path, write: Callable[..., Path], changes: dict[str, Value], code: str, column: str, value: str | None
) -> None:
    fault = refuse_rows(tmp_path, write, **changes)
    assert (fault.code, fault.column, fault.places[0].value) == (code, column, value)


def test_an_unknown_code_is_told_with_the_list_and_its_codes(tmp_path: Path) -> None:
    fault = refuse_rows(tmp_path, write_csv, care="x")
    assert fault.what.en == "the code is not in code list care(2.1); known codes: home, day, night"


def test_a_wrong_check_digit_is_told_without_the_code(tmp_path: Path) -> None:
    code = personal_code(3)
    wrong = code[:10] + str((int(code[10]) + 1) % 10)
    (fault,) = refuse(tmp_path, write_csv(tmp_path / "june.csv", [care_row(1), care_row(2, person=wrong)])).values()
    assert (fault.code, fault.count, fault.places[0].row, fault.places[0].value) == ("wrong_check_digit", 1, 2, None)


def test_the_last_and_first_day_of_the_period_are_within_it(tmp_path: Path) -> None:
    rows = [care_row(1, until="2019-06-01"), care_row(2, since="2019-06-30")]
    assert Home(tmp_path / "home").load(write_csv(tmp_path / "june.csv", rows)).record.rows == 2


def test_all_kinds_of_faults_are_told_at_once(tmp_path: Path) -> None:
    rows = [care_row(1), care_row(1), care_row(2, sex="X", age="old"), care_row(3, since="x"), care_row(4, person="x")]
    faults = refuse(tmp_path, write_csv(tmp_path / "june.csv", rows))
    assert set(faults) == {"bad_personal_code", "unknown_code", "bad_date", "bad_integer", "duplicate_key"}
    assert all(fault.count == 1 for fault in faults.values())


def test_a_row_with_a_fault_is_not_also_a_duplicate(tmp_path: Path) -> None:
    faults = refuse(tmp_path, write_csv(tmp_path / "june.csv", [care_row(1, care="x"), care_row(1, care="z")]))
    assert set(faults) == {"unknown_code"}


def test_rows_with_one_key_are_found_far_apart_and_named_with_the_first(tmp_path: Path) -> None:
    path = write_large_csv(tmp_path / "june.csv", 600_000, 20_000)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[5], lines[300_000], lines[600_000], ""]))
    (fault,) = refuse(tmp_path, path).values()
    assert (fault.code, fault.count) == ("duplicate_key", 3)
    assert [(place.row, place.other_row) for place in fault.places] == [(600_001, 5), (600_002, 300_000), (600_003, 600_000)]


def test_empty_values_in_a_key_are_alike(tmp_path: Path) -> None:
    rows = [care_row(1, care=None), care_row(1, care="home"), care_row(1, care=None, age=5)]
    (fault,) = refuse(tmp_path, write_csv(tmp_path / "june.csv", rows)).values()
    assert [(place.row, place.other_row) for place in fault.places] == [(3, 1)]


def test_a_key_without_the_start_of_the_spell(tmp_path: Path) -> None:
    contract = CARE.model_copy(update={"key": ("person", "care")})
    rows = [
        care_row(1, since="2019-03-01"),
        care_row(1, care="day"),
        care_row(1, since="2019-01-01"),
        care_row(1, since="2019-02-01", care="day"),
    ]
    with pytest.raises(DeliveryRefused) as refusal:
        Home(tmp_path / "home").load(write_csv(tmp_path / "june.csv", rows), contract=contract)
    assert [(place.row, place.other_row) for place in refusal.value.faults[0].places] == [(3, 1), (4, 2)]


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    path = write_large_csv(tmp_path_factory.mktemp("large") / "june.csv", 1_000_010, 20_000)
    return arrow_csv.read_csv(path, convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(NAMES, pa.string())))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_wrong_type_in_row_1000003_is_named_with_that_row(tmp_path: Path, million: pa.Table, suffix: str) -> None:
    age = million.column("age").to_pylist()
    age[1_000_002] = "forty"
    table = million.set_column(NAMES.index("age"), "age", pa.array(age))
    path = tmp_path / f"june.{suffix}"
    if suffix == "csv":
        arrow_csv.write_csv(
            table.set_column(6, "until", pc.fill_null(table.column("until"), "")), path, arrow_csv.WriteOptions(quoting_style="none")
        )
    else:
        pq.write_table(table, path)
    (fault,) = refuse(tmp_path, path).values()
    assert (fault.code, fault.column, fault.count) == ("bad_integer", "age", 1)
    assert [(place.row, place.value) for place in fault.places] == [(1_000_003, "'forty'")]


def test_rows_of_the_wrong_length_are_named_and_do_not_shift_the_others(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(number) for number in range(10)])
    lines = path.read_text().splitlines()
    lines[2], lines[3], lines[7] = lines[2] + ",x", "a,b", lines[7].rsplit(",", 1)[0]
    lines[1], lines[5] = lines[1].replace("home", "one"), lines[5].replace("home", "five")
    lines[9] = lines[9].replace("home", "nine")
    path.write_text("\n".join(lines) + "\n")
    faults = refuse(tmp_path, path)
    assert [(p.row, p.value) for p in faults["wrong_field_count"].places] == [(2, "8"), (3, "2"), (7, "6")]
    assert [(p.row, p.value) for p in faults["unknown_code"].places] == [(1, "'one'"), (5, "'five'"), (9, "'nine'")]


def test_uneven_rows_are_numbered_right_across_blocks(tmp_path: Path) -> None:
    path = write_large_csv(tmp_path / "june.csv", 500_000, 20_000)
    lines = path.read_text().splitlines()
    lines[7], lines[450_000] = "a,b", "a"
    lines[499_999] = lines[499_999].replace("2016-", "never")
    lines[499_998] = lines[499_998].replace(",home,", ",nohome,").replace(",day,", ",nohome,").replace(",night,", ",nohome,")
    path.write_text("\n".join(lines) + "\n")
    faults = refuse(tmp_path, path)
    assert [place.row for place in faults["wrong_field_count"].places] == [7, 450_000]
    assert [place.row for place in faults["unknown_code"].places] == [499_998]


def test_a_file_of_uneven_rows_only_is_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "june.csv"
    path.write_text(",".join(NAMES) + "\n" + "a\n" * 150_000)
    faults = refuse(tmp_path, path)
    assert faults["wrong_field_count"].count == 100_000


def test_a_csv_cut_in_the_middle_of_a_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(number) for number in range(10)])
    path.write_bytes(path.read_bytes()[:-25])
    faults = refuse(tmp_path, path)
    assert faults["cut_off"].places[0].row == 10
    assert faults["wrong_field_count"].places[0].row == 10


def test_a_csv_without_a_last_newline_is_whole(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(number, until="2019-06-30") for number in range(10)])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert Home(tmp_path / "home").load(path).record.rows == 10


def test_an_empty_line_is_a_row_of_empty_values(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(1), care_row(2)])
    path.write_text(path.read_text() + "\n")
    assert [place.row for place in refuse(tmp_path, path)["empty_required"].places] == [3]


def test_text_that_stops_being_utf8_is_named_by_its_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(number) for number in range(10)])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"home", "mājās".encode())
    lines[4] = lines[4].replace(b"home", "mājās".encode("cp1257"))
    path.write_bytes(b"".join(lines))
    fault = refuse(tmp_path, path)["not_utf8"]
    assert fault.places[0].row == 4


def test_utf16_is_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(1)])
    path.write_bytes(path.read_text().encode("utf-16"))
    assert set(refuse(tmp_path, path)) == {"not_utf8"}


@pytest.mark.parametrize("name", ["june.csv", "june.parquet"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert set(refuse(tmp_path, tmp_path / name)) == {"empty_file"}


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_header_without_rows(tmp_path: Path, write: Callable[..., Path]) -> None:
    assert set(refuse(tmp_path, write(tmp_path / "june.data", []))) == {"no_rows"}


def test_a_missing_an_extra_and_a_doubled_column(tmp_path: Path) -> None:
    names = ["person", "age", "age", "care", "paid", "since", "until", "colour"]
    faults = refuse(tmp_path, write_csv(tmp_path / "june.csv", [care_row(1)], names=names))
    assert {code: fault.column for code, fault in faults.items()} == {
        "missing_column": "sex",
        "extra_column": "'colour'",
        "duplicate_column": "'age'",
    }


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_file_of_another_feed_is_recognised(tmp_path: Path, write: Callable[..., Path]) -> None:
    names = [column.name for column in HEAD_COUNT.columns]
    path = (
        write_csv(tmp_path / "june.csv", [care_row(1)], names=names)
        if write is write_csv
        else write_parquet(tmp_path / "june.parquet", [care_row(1)], pa.schema([(name, pa.string()) for name in names]))
    )
    assert refuse(tmp_path, path)["other_feed"].fix.en.startswith("deliver it as feed head-count")


def test_a_file_without_a_header_shows_no_personal_code(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(1), care_row(2)])
    path.write_text(path.read_text().split("\n", 1)[1])
    assert {"missing_column", "extra_column"} <= set(refuse(tmp_path, path))


def test_another_separator_is_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", [care_row(1)])
    path.write_text(path.read_text().replace(",", "|"))
    assert "separated by '|'" in refuse(tmp_path, path)["damaged_file"].what.en


def test_parquet_without_its_footer(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "june.parquet", [care_row(number) for number in range(5000)])
    path.write_bytes(path.read_bytes()[:-100])
    assert set(refuse(tmp_path, path)) == {"damaged_file"}


def test_parquet_damaged_inside_is_told_from_which_row(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "june.parquet", [care_row(number) for number in range(5000)])
    chunk = pq.read_metadata(path).row_group(3).column(0)
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset : chunk.data_page_offset + 40] = b"\xff" * 40
    path.write_bytes(content)
    fault = refuse(tmp_path, path)["damaged_file"]
    assert 1 <= fault.places[0].row <= 3001


def test_parquet_columns_of_types_that_lose_something(tmp_path: Path) -> None:
    types = {
        "person": pa.int64(),
        "age": pa.float64(),
        "since": pa.timestamp("us"),
        "paid": pa.int8(),
        "sex": pa.string(),
        "care": pa.string(),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in NAMES])
    home = Home(tmp_path / "home")
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(write_parquet(tmp_path / "june.parquet", [care_row(1, paid=1)], schema))
    assert {(fault.code, fault.column) for fault in refusal.value.faults} == {
        ("wrong_column_type", name) for name in ("person", "age", "since", "paid")
    }
