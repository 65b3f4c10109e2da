"""Deliveries in Parquet: text, or columns typed as the contract says (dates, integers, booleans, dictionaries of text)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.warehouse.contract import Column, ColumnType
from saime.core.warehouse.delivery import ROWS_AT_A_TIME, Delivery, DeliveryFile
from saime.core.warehouse.faults import FaultLog, Place, Rows
from saime.core.warehouse.header import header_fits

ACCEPTED: dict[ColumnType, str] = {
    "personal_code": "text (as a number it loses its zeros)",
    "code": "text or integers",
    "date": "date32 or text",
    "integer": "integers or text",
    "amount": "decimals with two digits after the point, integers or text (floats are not exact)",
    "boolean": "bool or text",
    "household": "integers or text",
}


def open_parquet(source: pa.NativeFile, delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Read the footer; None if the log tells why the rows cannot be read."""
    try:
        schema = pq.read_schema(source)
    except (pa.ArrowInvalid, OSError):
        log.add(
            "damaged_file", "the Parquet footer is missing or damaged; the file was cut off, or is not Parquet", "deliver the whole file"
        )
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
                what = "the Parquet file is damaged from here on; later rows were not read"
                self._log.add("damaged_file", what, "deliver the file again", places=[Place(row=read + 1)])

    def data_rows(self, positions: Rows) -> Rows:
        return positions + 1


def _check_type(column: Column, found: pa.DataType, log: FaultLog) -> None:
    value = found.value_type if pa.types.is_dictionary(found) else found
    if not _is_accepted(column.type, value):
        log.add("wrong_column_type", f"the column is stored as {value}", f"store it as {ACCEPTED[column.type]}", column=column.name)


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
