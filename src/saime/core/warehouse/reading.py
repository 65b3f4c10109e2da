"""Open a delivery as what its first bytes say it is."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.warehouse.csv_delivery import open_csv
from saime.core.warehouse.delivery import Delivery, DeliveryFile
from saime.core.warehouse.faults import FaultLog
from saime.core.warehouse.parquet_delivery import open_parquet
from saime.core.warehouse.pseudonyms import DIGITS

PARQUET_MAGIC = b"PAR1"


def open_delivery(delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Open the file and check its header; None if the log tells why its rows cannot be read."""
    with delivery.path.open("rb") as file:
        start = file.read(len(PARQUET_MAGIC))
    if not start:
        log.add("empty_file", "the file is empty", "deliver the file again")
        return None
    return open_parquet(delivery, log) if _is_parquet(delivery, start) else open_csv(delivery, log)


def most_rows(delivery: Delivery) -> int:
    """As many rows as the file can have: those a Parquet footer tells (none if it is damaged), or its size by the shortest row."""
    with delivery.path.open("rb") as file:
        start = file.read(len(PARQUET_MAGIC))
    if _is_parquet(delivery, start):
        try:
            return int(pq.read_metadata(delivery.path).num_rows)
        except (pa.ArrowInvalid, OSError):
            return 0
    return delivery.path.stat().st_size // (DIGITS + len(delivery.contract.columns))


def _is_parquet(delivery: Delivery, start: bytes) -> bool:
    return start == PARQUET_MAGIC or delivery.path.suffix.lower() == ".parquet"
