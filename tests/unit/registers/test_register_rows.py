"""A faulty CSV file is told by file, row and column, all faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from saime.core.errors import BadInput
from saime.registers.rows import Codes, Faults, OptionalInt, Row, Words, read_rows


class Example(Row):
    number: int
    name: Words
    codes: Codes
    year: OptionalInt


HEADER = "number,name,codes,year\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "example.csv"


def read(path: Path, text: str) -> list[Example]:
    path.write_text(text, encoding="utf-8")
    faults = Faults()
    rows = read_rows(path, Example, faults)
    faults.raise_if_any(path.parent)
    return rows


def test_cells_become_values_and_empty_cells_stay_empty(path: Path) -> None:
    assert read(path, HEADER + "1,Ķekava,a;b,2010\n2,Rīga,,\n") == [
        Example(number=1, name="Ķekava", codes=("a", "b"), year=2010),
        Example(number=2, name="Rīga", codes=(), year=None),
    ]


def test_every_faulty_cell_is_named(path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        read(path, HEADER + "one,Rīga,,\n2,,,\n3,Rīga,,soon\n")
    for place in ("example.csv, row 2, column number", "row 3, column name", "row 4, column year"):
        assert place in raised.value.what
    assert "nothing was changed" in raised.value.fix


def test_a_row_with_too_few_cells_is_named(path: Path) -> None:
    with pytest.raises(BadInput, match="row 3, column year: the row has 2 cells, the header 4"):
        read(path, HEADER + "1,Rīga,,\n2,Rīga\n")


@pytest.mark.parametrize("header", ["number,name,codes\n", "number,name,codes,year,colour\n", ""])
def test_a_wrong_header_names_the_column(path: Path, header: str) -> None:
    with pytest.raises(BadInput, match=r"column (year is missing|colour is unknown|number is missing)") as raised:
        read(path, header)
    assert raised.value.fix == "the columns are number, name, codes, year"


def test_unknown_and_repeated_codes_are_named(path: Path) -> None:
    rows = [Example(number=1, name="a", codes=("x", "y"), year=None), Example(number=1, name="b", codes=(), year=None)]
    faults = Faults()
    faults.add_unknown(path, rows, "codes", {"x", "z"})
    faults.add_repeated(path, rows, "number")
    with pytest.raises(BadInput) as raised:
        faults.raise_if_any(path)
    assert "row 2, column codes: 'y' is unknown; known are x, z" in raised.value.what
    assert "row 3, column number: repeats row 2" in raised.value.what


def test_many_faults_are_counted_rather_than_listed(path: Path) -> None:
    with pytest.raises(BadInput, match="and 5 more"):
        read(path, HEADER + "x,Rīga,,\n" * 25)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'number,name,codes,year\n1,"Riga'])
def test_a_file_that_is_no_csv_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot read the file"):
        read_rows(path, Example, Faults())
