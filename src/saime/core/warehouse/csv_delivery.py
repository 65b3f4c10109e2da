"""Deliveries in CSV: UTF-8, comma, a header row, one line a row. Every column is read as text and checked later.

Left out: other separators, quoted line breaks and compressed files; each is told as a fault.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from saime.core.warehouse.delivery import Delivery, DeliveryFile
from saime.core.warehouse.faults import FaultLog, Place, Rows
from saime.core.warehouse.header import header_fits

BLOCK_BYTES = 1 << 22
LONGEST_HEADER = 1 << 20  # bytes
MOST_UNEVEN_ROWS = 100_000  # after that many the rest of the file is not read


def open_csv(delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Read the header; None if the log tells why the rows cannot be read."""
    with delivery.path.open("rb") as file:
        line = file.readline(LONGEST_HEADER)
    try:
        names = next(csv.reader([line.decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error):
        log.add("not_utf8", "the header is not text in UTF-8", "save the file as CSV in UTF-8")
        return None
    if len(names) == 1 and (separator := next((sign for sign in ";\t|" if sign in names[0]), None)):
        log.add("damaged_file", f"the columns are separated by {separator!r}", "save the file with commas between columns")
        return None
    return CsvDelivery(delivery, names, log) if header_fits(names, delivery, log) else None


class CsvDelivery:
    """Rows with another number of fields are logged and left out of the batches; ``data_rows`` still counts them."""

    rows_expected: int | None = None

    def __init__(self, delivery: Delivery, names: list[str], log: FaultLog) -> None:
        self._path, self._contract, self._names, self._log = delivery.path, delivery.contract, names, log
        self._uneven: list[int] = []

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._open()
        except pa.ArrowInvalid:
            if len(self._uneven) < MOST_UNEVEN_ROWS:
                self._log_unreadable()
        self._log_cut_off()

    def data_rows(self, positions: Rows) -> Rows:
        """A row's number in the file: its position, and the rows of the wrong length before it."""
        uneven = np.array(self._uneven, np.int64)
        even_before = uneven - np.arange(1, len(uneven) + 1)
        return positions + 1 + np.searchsorted(even_before, positions, side="right")

    def _open(self) -> Iterator[pa.RecordBatch]:
        text = pa.dictionary(pa.int32(), pa.string())
        types = {column.name: pa.string() if column.type == "personal_code" else text for column in self._contract.columns}
        yield from arrow_csv.open_csv(
            self._path,
            # one thread, because only then does the parser know the number of a row
            read_options=arrow_csv.ReadOptions(column_names=self._names, skip_rows=1, block_size=BLOCK_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(invalid_row_handler=self._note_uneven, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True
            ),
        )

    def _note_uneven(self, row: arrow_csv.InvalidRow) -> str:
        self._uneven.append(row.number - 1)  # the parser counts the header
        what = f"a row has more or fewer fields than the {row.expected_columns} of the header"
        fix = "write every row with one value, or none, for each column"
        places = [Place(row=row.number - 1, value=f"{row.actual_columns} fields")]
        self._log.add("wrong_field_count", what, fix, places=places)
        return "skip" if len(self._uneven) < MOST_UNEVEN_ROWS else "error"

    def _log_unreadable(self) -> None:
        if line := _first_line_not_utf8(self._path):
            fix = "save the file as CSV in UTF-8 (not Windows-1257 or UTF-16)"
            self._log.add("not_utf8", "the text is not UTF-8 from here on; later rows were not read", fix, places=[Place(row=line - 1)])
        else:
            self._log.add("damaged_file", "the file cannot be read as CSV to its end", "check quotes and line ends, and deliver it again")

    def _log_cut_off(self) -> None:
        if self._uneven and self._uneven[-1] + 1 == _count_lines(self._path) and not _ends_with_newline(self._path):
            what, fix = "the file ends in the middle of a row", "deliver the whole file"
            self._log.add("cut_off", what, fix, places=[Place(row=self._uneven[-1])])


def _first_line_not_utf8(path: Path) -> int | None:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return None


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) in b"\r\n"
