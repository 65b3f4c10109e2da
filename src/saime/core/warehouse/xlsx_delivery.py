"""Deliveries in XLSX: the first sheet, column names in row 1, a row of the sheet for each row.

Codes and personal codes are text cells, dates are date cells or text, numbers and booleans are cells or text. A sheet is
held in memory whole (a full one of eight columns takes up to 1 GB), unlike CSV and Parquet. Left out: formulas, other
sheets (not read), .xls and .ods files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile
from zlib import error as DeflateError  # noqa: N812

import numpy as np
import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, load_workbook

from saime.core.model.text import Text
from saime.core.warehouse.contract import Column
from saime.core.warehouse.delivery import ROWS_AT_A_TIME, Delivery, DeliveryFile
from saime.core.warehouse.faults import MOST_PLACES, FaultLog, Place, Rows
from saime.core.warehouse.header import header_fits
from saime.core.warehouse.xlsx_sheet import TooLarge, read_extent

MOST_ROWS = (1 << 20) - 1  # of a sheet, without its header
MOST_CELLS = 1 << 24  # a full sheet of 16 columns; 64 bytes each in memory
Cell = Any
NO_VALUES = (
    Text(
        lv="šūnās ir formula vai kļūda; piegādē ir vērtības",
        en="cells hold a formula or an error; a delivery holds values",
    ),
    Text(lv="nokopējiet lapu un ielīmējiet to kā vērtības", en="copy the sheet and paste it as values"),
)
TOO_LARGE = (
    Text(
        lv=f"lapā ir vairāk nekā {MOST_ROWS} rindas vai {MOST_CELLS} šūnas, vai tā izpakota ir par lielu",
        en=f"the sheet is larger than {MOST_ROWS} rows, {MOST_CELLS} cells or what they take unpacked",
    ),
    Text(
        lv="izdzēsiet tukšās rindas un ailes ārpus tabulas vai piegādājiet CSV vai Parquet",
        en="delete empty rows and columns beyond the table, or deliver CSV or Parquet",
    ),
)
NO_WORKBOOK = (
    Text(
        lv="fails sākas kā XLSX, bet ir cits arhīvs, ir aprauts vai bojāts",
        en="the file begins like XLSX, and is another kind of archive, or cut off or damaged",
    ),
    Text(
        lv="saglabājiet to kā .xlsx un piegādājiet visu failu, arhīvā nesaspiestu",
        en="save it as .xlsx and deliver the whole file, not packed in an archive",
    ),
)
NUMBERS = (
    Text(lv="šūnā ir skaitlis, un skaitļiem zūd sākuma nulles", en="the cell is a number, and numbers lose their leading zeros"),
    Text(
        lv="formatējiet aili kā tekstu un ievadiet kodus no jauna",
        en="format the column as text and enter the codes again",
    ),
)
BESIDE = (
    Text(lv="rindā ir šūnas pa labi no galvenes pēdējās ailes", en="a row has cells to the right of the header's last column"),
    Text(lv="iztukšojiet tās", en="empty them"),
)


def open_xlsx(file: pa.NativeFile, delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Read the sheet; None if the log tells why its rows cannot be read."""
    sheet = _read_sheet(file, log)
    if sheet is None:
        return None
    names = _names(next(sheet.iter_rows(), []))
    if not header_fits(names, delivery, log):
        return None
    last = _check_cells(sheet, names, delivery, log)
    return None if log else XlsxDelivery(sheet, names, delivery, last)


class XlsxDelivery:
    """Gives every cell as text. Empty rows at the end are left out; between others they are rows of empty values."""

    def __init__(self, sheet: CalamineSheet, names: Sequence[str], delivery: Delivery, rows: int) -> None:
        self._sheet = sheet
        self._columns = {column.name: names.index(column.name) for column in delivery.contract.columns}
        self.rows_expected: int | None = rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = islice(self._sheet.iter_rows(), 1, 1 + (self.rows_expected or 0))
        while block := list(islice(rows, ROWS_AT_A_TIME)):
            columns = {name: pa.array([_text(row[index]) for row in block], pa.string()) for name, index in self._columns.items()}
            yield pa.record_batch(columns)

    def data_rows(self, positions: Rows) -> Rows:
        return positions + 1


def _read_sheet(file: pa.NativeFile, log: FaultLog) -> CalamineSheet | None:
    try:
        extent = read_extent(file)
        if extent.rows > MOST_ROWS + 1 or extent.cells > MOST_CELLS:
            raise TooLarge
        if extent.no_values:
            places = [Place(row=row - 1, value=name) for row, name in extent.no_values[:MOST_PLACES]]
            log.add("wrong_column_type", *NO_VALUES, count=len(extent.no_values), places=places)
            return None
        file.seek(0)
        return load_workbook(file).get_sheet_by_index(0)
    except TooLarge:
        log.add("damaged_file", *TOO_LARGE)
    except (BadZipFile, DeflateError, EOFError, KeyError, StopIteration, ParseError, CalamineError):
        log.add("damaged_file", *NO_WORKBOOK)
    return None


def _names(cells: Sequence[Cell]) -> list[str]:
    names = [_text(cell) or "" for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _check_cells(sheet: CalamineSheet, names: Sequence[str], delivery: Delivery, log: FaultLog) -> int:
    """Log number cells where zeros get lost and cells beside the table. Returns how many rows there are."""
    texts = [(names.index(column.name), column.name) for column in delivery.contract.columns if _must_be_text(column, delivery)]
    numbers: dict[str, list[int]] = {name: [] for _, name in texts}
    beside: list[int] = []
    last = 0
    for number, row in enumerate(islice(sheet.iter_rows(), 1, None), 1):
        if any(cell != "" for cell in row):
            last = number
        for index, name in texts:
            if type(row[index]) in (int, float):
                numbers[name].append(number)
        if any(cell != "" for cell in row[len(names) :]):
            beside.append(number)
    _log_cells(numbers, beside, log)
    return last


def _log_cells(numbers: dict[str, list[int]], beside: list[int], log: FaultLog) -> None:
    for name, rows in numbers.items():
        log.add_rows("wrong_column_type", np.array(rows, np.int64), *NUMBERS, column=name)
    log.add_rows("wrong_field_count", np.array(beside, np.int64), *BESIDE)


def _must_be_text(column: Column, delivery: Delivery) -> bool:
    """Personal codes, and codes of a list in which one begins with a zero."""
    code_list = delivery.code_lists.get(column.name)
    return column.type == "personal_code" or any(len(code) > 1 and code[0] == "0" for code in (code_list.codes if code_list else ()))


def _text(cell: Cell) -> str | None:
    """A cell as CSV would have it; a date with a time keeps it and is a fault later."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell == datetime(cell.year, cell.month, cell.day):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
