"""Deliveries in CSV: a header row, one line a row, every column read as text and checked later.

The separator is told from the header (``csv_header.py``), the encoding from the first byte outside ASCII
(``text_stream.py``). Left out: quoted line breaks and compressed files; each is told as a fault.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from saime.core.model.text import Text
from saime.core.warehouse.csv_header import Header, read_header
from saime.core.warehouse.delivery import Delivery, DeliveryFile
from saime.core.warehouse.faults import FaultLog, Place, Rows
from saime.core.warehouse.header import header_fits
from saime.core.warehouse.sealed import SEAL_BROKEN, Content
from saime.core.warehouse.text_stream import WINDOWS_1257, TextStream

BLOCK_BYTES = 1 << 22
MOST_UNEVEN_ROWS = 100_000  # after that many the rest of the file is not read

NOT_CSV = (
    Text(lv="failu nevar nolasīt kā CSV līdz beigām", en="the file cannot be read as CSV to its end"),
    Text(lv="pārbaudiet pēdiņas un rindu beigas un piegādājiet to vēlreiz", en="check quotes and line ends, and deliver it again"),
)
UNEVEN = (
    Text(
        lv="rindā ir vairāk vai mazāk lauku nekā galvenē, kurā to ir {fields}; pie rindas norādīts, cik",
        en="a row has more or fewer fields than the {fields} of the header; how many stands beside the row",
    ),
    Text(
        lv="katrā rindā katrai ailei rakstiet vienu vērtību vai nevienu; pārbaudiet atdalītājus un pēdiņas",
        en="write every row with one value, or none, for each column; check separators and quotes",
    ),
)
MIXED_ENCODINGS = (
    Text(
        lv="pirms šīs rindas teksts ir kodējumā {encoding}, šajā rindā tā vairs nav; tālāk fails nav lasīts",
        en="the text is {encoding} before this row and not in it; later rows were not read",
    ),
    Text(
        lv="saglabājiet visu failu vienā kodējumā: UTF-8 vai Windows-1257",
        en="save the whole file in one encoding, UTF-8 or Windows-1257",
    ),
)
CUT_OFF = (
    Text(lv="fails beidzas rindas vidū", en="the file ends in the middle of a row"),
    Text(lv="piegādājiet visu failu", en="deliver the whole file"),
)

_LOGGER = logging.getLogger(__name__)


def open_csv(content: Content, delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Read the header; None if the log tells why the rows cannot be read."""
    header = read_header(content, delivery, log)
    if header is None or not header_fits(header.names, delivery, log):
        return None
    return CsvDelivery(content, delivery, header, log)


class CsvDelivery:
    """Rows with another number of fields are logged and left out of the batches; ``data_rows`` still counts them."""

    rows_expected: int | None = None

    def __init__(self, content: Content, delivery: Delivery, header: Header, log: FaultLog) -> None:
        self._content, self._delivery, self._header, self._log = content, delivery, header, log
        self._uneven: list[int] = []

    def batches(self) -> Iterator[pa.RecordBatch]:
        with TextStream(self._content.open()) as text:
            try:
                yield from self._open(text)
            except pa.ArrowInvalid:
                if len(self._uneven) < MOST_UNEVEN_ROWS and not self._log_stopped(text):
                    self._log.add("damaged_file", *NOT_CSV)
                return
        if not self._log_stopped(text):
            self._log_cut_off()
        _LOGGER.info("%s: %s, separated by %r", self._delivery.shown_name, text.encoding or "ASCII", self._header.separator)

    def data_rows(self, positions: Rows) -> Rows:
        """A row's number in the file: its position, and the rows of the wrong length before it."""
        uneven = np.array(self._uneven, np.int64)
        even_before = uneven - np.arange(1, len(uneven) + 1)
        return positions + 1 + np.searchsorted(even_before, positions, side="right")

    def _open(self, text: TextStream) -> Iterator[pa.RecordBatch]:
        words, columns = pa.dictionary(pa.int32(), pa.string()), self._delivery.contract.columns
        yield from arrow_csv.open_csv(
            text,
            # one thread, because only then does the parser know the number of a row
            read_options=arrow_csv.ReadOptions(
                column_names=list(self._header.names), skip_rows=1, block_size=BLOCK_BYTES, use_threads=False
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._header.separator, invalid_row_handler=self._note_uneven, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={column.name: pa.string() if column.type == "personal_code" else words for column in columns},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )

    def _note_uneven(self, row: arrow_csv.InvalidRow) -> str:
        self._uneven.append(row.number - 1)  # the parser counts the header
        what, fix = UNEVEN
        places = [Place(row=row.number - 1, value=str(row.actual_columns))]
        self._log.add("wrong_field_count", what.filled(fields=str(row.expected_columns)), fix, places=places)
        return "skip" if len(self._uneven) < MOST_UNEVEN_ROWS else "error"

    def _log_stopped(self, text: TextStream) -> bool:
        """Log why the text ended early, if it did."""
        if text.is_broken:
            self._log.add("damaged_file", *SEAL_BROKEN)
        elif text.bad_byte is not None:
            begun = WINDOWS_1257 if text.encoding == WINDOWS_1257 else "UTF-8"
            what, fix = MIXED_ENCODINGS
            self._log.add("not_utf8", what.filled(encoding=begun), fix, places=[Place(row=self._row_at(text.bad_byte))])
        return text.is_broken or text.bad_byte is not None

    def _log_cut_off(self) -> None:
        if self._uneven and self._uneven[-1] == self._last_row_without_line_end():
            self._log.add("cut_off", *CUT_OFF, places=[Place(row=self._uneven[-1])])

    def _last_row_without_line_end(self) -> int | None:
        row, line = 0, b""
        with self._content.open() as file:
            for line in file:  # noqa: B007
                row += 1
        return None if line.endswith((b"\r", b"\n")) else row - 1

    def _row_at(self, offset: int) -> int:
        """The row of a byte; the header is row 0."""
        with self._content.open() as file:
            return next(row for row, end in enumerate(accumulate(map(len, file))) if end > offset)
