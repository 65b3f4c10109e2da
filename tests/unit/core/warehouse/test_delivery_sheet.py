"""What a sheet spans is known before its cells are read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from zipfile import BadZipFile, ZipFile

import pytest
import xlsxwriter

from saime.core.warehouse import xlsx_sheet
from saime.core.warehouse.xlsx_sheet import TooLarge, read_extent


def workbook(fill: Callable[[Any], object]) -> io.BytesIO:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        fill(book.add_worksheet())
        book.add_worksheet().write(99, 99, "another sheet")
    content.seek(0)
    return content


def test_the_extent_reaches_the_last_cell() -> None:
    extent = read_extent(workbook(lambda sheet: [sheet.write(0, 0, "a"), sheet.write(1_048_575, 16_383, "b")]))
    assert (extent.rows, extent.columns) == (1_048_576, 16_384)


def test_an_empty_sheet() -> None:
    assert read_extent(workbook(lambda sheet: None)).cells == 0


@pytest.mark.parametrize("block", [64, 1 << 20])
def test_formulas_and_errors_are_found_across_blocks(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(xlsx_sheet, "BLOCK_BYTES", block)

    def fill(sheet: Any) -> None:
        for row in range(200):
            sheet.write_row(row, 0, ["text", row, True])
        sheet.write_formula(4, 1, "=1/0", value="#DIV/0!")
        sheet.write_formula(150, 26, "=A1", value="text")

    extent = read_extent(workbook(fill))
    assert (extent.rows, extent.columns) == (200, 27)
    assert extent.no_values == [(5, "B5"), (151, "AA151")]


def test_an_archive_of_something_else_and_one_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    other = io.BytesIO()
    with ZipFile(other, "w") as archive:
        archive.writestr("june.csv", "person\n")
    with pytest.raises(KeyError):
        read_extent(other)
    with pytest.raises(BadZipFile):
        read_extent(io.BytesIO(b"PK\x03\x04 and nothing more"))
    monkeypatch.setattr(xlsx_sheet, "MOST_UNPACKED", 100)
    with pytest.raises(TooLarge):
        read_extent(workbook(lambda sheet: None))
