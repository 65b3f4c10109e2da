"""Open a delivery as what its first bytes say it is, whatever the file is called."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.warehouse.csv_delivery import open_csv
from saime.core.warehouse.delivery import Delivery, DeliveryFile
from saime.core.warehouse.faults import FaultLog
from saime.core.warehouse.parquet_delivery import open_parquet
from saime.core.warehouse.pseudonyms import DIGITS
from saime.core.warehouse.sealed import AGE_MAGICS, Content, SealBroken, open_content
from saime.core.warehouse.xlsx_delivery import MOST_ROWS, open_xlsx

PARQUET_MAGIC = b"PAR1"
ZIP_MAGIC = b"PK\x03\x04"
OLD_OFFICE_MAGIC = b"\xd0\xcf\x11\xe0"
LONGEST_MAGIC = max(map(len, AGE_MAGICS))


def open_delivery(delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Open the file and check its header; None if the log tells why its rows cannot be read.

    Raises: BadInput if the file is encrypted and the receiving key does not open it, or it is too large for its format.
    """
    try:
        return _open(open_content(delivery), delivery, log)
    except SealBroken:
        log.add("damaged_file", "the encrypted file is cut off or was changed on its way", "encrypt it and deliver it again")
        return None


def most_rows(delivery: Delivery) -> int:
    """As many rows as the file can have: those a Parquet footer tells (none if it is damaged), those of a sheet, or its
    size by the shortest row."""
    content = open_content(delivery)
    try:
        start = _start(content)
        if start.startswith(PARQUET_MAGIC):
            return int(pq.read_metadata(content.whole()).num_rows)
    except (pa.ArrowInvalid, OSError, SealBroken):
        return 0
    return MOST_ROWS if start.startswith(ZIP_MAGIC) else delivery.path.stat().st_size // (DIGITS + len(delivery.contract.columns))


def _open(content: Content, delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    start = _start(content)
    if start.startswith(PARQUET_MAGIC):
        return open_parquet(content.whole(), delivery, log)
    if start.startswith(ZIP_MAGIC):
        return open_xlsx(content.whole(), delivery, log)
    if not start:
        log.add("empty_file", "the file is empty", "deliver the file again")
    elif start.startswith(OLD_OFFICE_MAGIC):
        log.add("damaged_file", "an Excel file of the old kind (.xls), or one with a password", "save it as .xlsx without a password")
    elif start.startswith(AGE_MAGICS):
        log.add("damaged_file", "the file is encrypted twice", "encrypt it once")
    else:
        return open_csv(content, delivery, log)
    return None


def _start(content: Content) -> bytes:
    with content.open() as file:
        return file.read(LONGEST_MAGIC)
