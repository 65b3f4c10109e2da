"""Open a delivery as what its first bytes say it is, whatever the file is called."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.model.text import Text
from saime.core.warehouse.csv_delivery import open_csv
from saime.core.warehouse.delivery import Delivery, DeliveryFile
from saime.core.warehouse.faults import FaultLog
from saime.core.warehouse.parquet_delivery import open_parquet
from saime.core.warehouse.pseudonyms import DIGITS
from saime.core.warehouse.sealed import AGE_MAGICS, SEAL_BROKEN, Content, SealBroken, open_content
from saime.core.warehouse.xlsx_delivery import MOST_ROWS, open_xlsx

PARQUET_MAGIC = b"PAR1"
ZIP_MAGIC = b"PK\x03\x04"
OLD_OFFICE_MAGIC = b"\xd0\xcf\x11\xe0"
LONGEST_MAGIC = max(map(len, AGE_MAGICS))
EMPTY = (
    Text(lv="fails ir tukšs", en="the file is empty"),
    Text(
        lv="pārbaudiet, vai izguve bija pabeigta, un piegādājiet failu vēlreiz",
        en="check that the export was finished, and deliver the file again",
    ),
)
OLD_OFFICE = (
    Text(lv="vecā parauga Excel fails (.xls) vai fails ar paroli", en="an Excel file of the old kind (.xls), or one with a password"),
    Text(lv="saglabājiet to kā .xlsx bez paroles", en="save it as .xlsx without a password"),
)
ENCRYPTED_TWICE = (
    Text(lv="fails ir šifrēts divreiz", en="the file is encrypted twice"),
    Text(lv="šifrējiet to vienreiz", en="encrypt it once"),
)


def open_delivery(delivery: Delivery, log: FaultLog) -> DeliveryFile | None:
    """Open the file and check its header; None if the log tells why its rows cannot be read.

    Raises: BadInput if the file is encrypted and the receiving key does not open it, or it is too large for its format.
    """
    try:
        return _open(open_content(delivery), delivery, log)
    except SealBroken:
        log.add("damaged_file", *SEAL_BROKEN)
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
        log.add("empty_file", *EMPTY)
    elif start.startswith(OLD_OFFICE_MAGIC):
        log.add("damaged_file", *OLD_OFFICE)
    elif start.startswith(AGE_MAGICS):
        log.add("damaged_file", *ENCRYPTED_TWICE)
    else:
        return open_csv(content, delivery, log)
    return None


def _start(content: Content) -> bytes:
    with content.open() as file:
        return file.read(LONGEST_MAGIC)
