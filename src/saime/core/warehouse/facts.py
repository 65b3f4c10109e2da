"""What the warehouse hands to a tabulation engine, and the record of each load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from saime.core.warehouse.contract import FeedContract

PERSON, PERSON_KEY, VALID_FROM, VALID_TO = "person_number", "person_key", "valid_from", "valid_to"


class LoadRecord(BaseModel):
    """One load of one delivery, as the warehouse's manifest keeps it. It names no person.

    ``rows`` and ``persons`` are those that were loaded of the delivery, ``left_out`` its rows with tolerated faults, which
    were not. ``replaces`` is the id of the load that it corrected, and ``deletions`` counts the lawful deletions of a
    person that took rows of this load away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    feed: str
    feed_version: str
    period: str
    delivery_name: str
    delivery_digest: str
    rows: int
    persons: int
    received_at: str
    synthetic: bool
    replaces: str | None = None
    deletions: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class FactTable:
    """Person facts of one feed over some periods.

    ``partitions``: Parquet files by partition; all rows of a person are in the files of one partition, so distinct
    counts of partitions add up exactly. Columns of a file: ``person_number`` (uint32, rising; one person in the whole
    warehouse), ``valid_from`` and ``valid_to`` (date32, both included, an empty end is open), then the contract's fact
    columns without its spell columns: codes as uint16 positions in ``code_lists[column]``, integers as int32, booleans as
    bool; empty is null. ``digests``: SHA-256 of each file, and ``layers`` the folder for what is derived from them; without
    these nothing is derived.
    """

    feed: FeedContract
    partitions: tuple[tuple[Path, ...], ...]
    code_lists: dict[str, tuple[str, ...]]
    loads: tuple[LoadRecord, ...]
    digests: dict[Path, str] = field(default_factory=dict)
    layers: Path | None = None
