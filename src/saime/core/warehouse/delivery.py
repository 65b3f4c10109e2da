"""A delivery: one file received under a feed contract, plain or encrypted, read as a stream of Arrow record batches.

The file is read in place and never copied to another file. Memory holds a few batches at a time, whatever the size of the
file; the formats that cannot be read so say it (``xlsx_delivery.py``, ``sealed.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from saime.core.errors import BadInput
from saime.core.model.period import Period
from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.faults import Rows, hide_personal_codes

ROWS_AT_A_TIME = 1 << 18


@dataclass(frozen=True)
class Delivery:
    """What was delivered, under which contract, for which period, and when it was received.

    ``code_lists`` by column, from ``code_lists_of``. ``other_contracts`` are the pack's other feeds, to recognise a file
    that was meant for one of them. ``received_at`` is the caller's clock, in ISO 8601. ``name`` is the file's own unless given.
    ``receiving_keys`` is the folder of the key that opens encrypted deliveries; without it they are refused.
    """

    path: Path
    contract: FeedContract
    code_lists: dict[str, CodeList]
    period: Period
    received_at: str
    synthetic: bool
    name: str | None = None
    other_contracts: tuple[FeedContract, ...] = ()
    receiving_keys: Path | None = None

    @property
    def shown_name(self) -> str:
        return hide_personal_codes(self.name or self.path.name)

    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal. Raises: BadInput if it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise BadInput(
                f"the delivery cannot be read: {error.strerror}", where=self.shown_name, fix="give the path of a readable file"
            ) from None


class DeliveryFile(Protocol):
    """An opened file whose header fits the contract. Positions number the rows read, from 0."""

    rows_expected: int | None

    def batches(self) -> Iterator[pa.RecordBatch]: ...

    def data_rows(self, positions: Rows) -> Rows: ...


def read_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, each read by another thread while the one before it is worked on."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = reader.submit(next, batches, None)
            yield batch
