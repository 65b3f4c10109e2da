"""Deliveries in Parquet: text, or columns typed as the contract says (dates, integers, booleans, dictionaries of text)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.model.text import Text
from saime.core.warehouse.contract import Column, ColumnType
from saime.core.warehouse.delivery import ROWS_AT_A_TIME, Delivery, DeliveryFile
from saime.core.warehouse.faults import FaultLog, Place, Rows
from saime.core.warehouse.header import header_fits

ACCEPTED: dict[ColumnType, Text] = {
    "personal_code": Text(lv="tekstu (skaitlim zūd nulles)", en="text (as a number it loses its zeros)"),
    "code": Text(lv="tekstu vai veselus skaitļus", en="text or integers"),
    "date": Text(lv="date32 vai tekstu", en="date32 or text"),
    "integer": Text(lv="veselus skaitļus vai tekstu", en="integers or text"),
    "amount": Text(
        lv="decimālskaitļus ar diviem cipariem aiz komata, veselus skaitļus vai tekstu (peldošā komata skaitļi nav precīzi)",
        en="decimals with two digits after the point, integers or text (floats are not exact)",
    ),
    "boolean": Text(lv="bool vai tekstu", en="bool or text"),
    "household": Text(lv="veselus skaitļus vai tekstu", en="integers or text"),
}
NO_FOOTER = (
    Text(
        lv="Parquet faila beigas ir bojātas vai to nav: fails ir aprauts vai nav Parquet",
        en="the Parquet footer is missing or damaged; the file was cut off, or is not Parquet",
    ),
    Text(lv="piegādājiet visu failu", en="deliver the whole file"),
)
DAMAGED = (
    Text(
        lv="Parquet fails no šīs vietas ir bojāts; tālākās rindas nav lasītas",
        en="the Parquet file is damaged from here on; later rows were not read",
    ),
    Text(lv="piegādājiet failu vēlreiz", en="deliver the file again"),
)
WRONG_TYPE = (
    Text(lv="ailē glabāts tips {found}", en="the column is stored as {found}"),
    Text(lv="glabājiet tajā {accepted}", en="store it as {accepted}"),
)


def open_parquet(source: pa.NativeFile, delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Read the footer; None if the log tells why the rows cannot be read."""
    try:
        schema = pq.read_schema(source)
    except (pa.ArrowInvalid, OSError):
        log.add("damaged_file", *NO_FOOTER)
        return None
    if not header_fits(schema.names, delivery, log):
        return None
    for column in delivery.contract.columns:
        _check_type(column, schema.field(column.name).type, log)
    return None if log else ParquetDelivery(source, delivery, schema, log)


class ParquetDelivery:
    """Streams a file by row groups; text other than personal codes is read as its dictionary."""

    def __init__(self, source: pa.NativeFile, delivery: Delivery, schema: pa.Schema, log: FaultLog) -> None:
        columns = delivery.contract.columns
        texts = [column.name for column in columns if column.type != "personal_code" and pa.types.is_string(schema.field(column.name).type)]
        self._file = pq.ParquetFile(source, read_dictionary=texts, pre_buffer=False, page_checksum_verification=True)
        self._names = [column.name for column in columns]
        self._log = log
        self.rows_expected: int | None = self._file.metadata.num_rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        read = 0
        with self._file as file:
            try:
                for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, columns=self._names):
                    read += len(batch)
                    yield batch
            except (pa.ArrowInvalid, OSError):
                self._log.add("damaged_file", *DAMAGED, places=[Place(row=read + 1)])

    def data_rows(self, positions: Rows) -> Rows:
        return positions + 1


def _check_type(column: Column, found: pa.DataType, log: FaultLog) -> None:
    value = found.value_type if pa.types.is_dictionary(found) else found
    if not _is_accepted(column.type, value):
        what, fix = (text.filled(found=str(value), accepted=ACCEPTED[column.type]) for text in WRONG_TYPE)
        log.add("wrong_column_type", what, fix, column=column.name)


def _is_accepted(wanted: ColumnType, found: pa.DataType) -> bool:
    if pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found):
        return True
    if wanted == "date":
        return bool(pa.types.is_date32(found))
    if wanted == "boolean":
        return bool(pa.types.is_boolean(found))
    if wanted == "amount" and pa.types.is_decimal(found):
        return bool(found.scale <= 2)
    return wanted in ("code", "integer", "amount", "household") and bool(pa.types.is_integer(found))
