"""Facts are kept as long as their feed's contract says, and then removed; that they were there stays on record.

The contract's time counts from the end of the delivery's period. Persons of whom no facts are left go from the person tables.
Removing is one replacement of the manifest; the files go after it, and those that a killed removal left go with the next
change of the warehouse.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow.parquet as pq

from saime.core.errors import BadInput, Refused, TryLater
from saime.core.model.period import Period
from saime.core.model.text import Text
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import PERSON, LoadRecord
from saime.core.warehouse.manifest import Manifest, PersonFile, Removal, StoredLoad
from saime.core.warehouse.store import Warehouse

PAST_ITS_TIME = Text(
    lv="datu plūsmas {feed} datus par periodu {period} drīkstēja glabāt līdz {until}, un šis laiks ir pagājis",
    en="facts of feed {feed} for {period} may be kept until {until}, which is over",
)
CHECK_RETENTION = Text(
    lv="pārbaudiet periodu; ja datus drīkst glabāt ilgāk, tam jābūt datu plūsmas aprakstā",
    en="check the period; if the facts may be kept longer, the retention in the feed's contract says so",
)


@dataclass(frozen=True)
class Expired:
    """A load whose facts are past their time, and the last day for which they were to be kept."""

    record: LoadRecord
    kept_until: date


def kept_until(contract: FeedContract, period: Period) -> date | None:
    """The last day for which a delivery's facts are kept; None if the contract sets no end."""
    if contract.retention is None:
        return None
    years, month = divmod(period.end.month - 1 + contract.retention.months, 12)
    year = period.end.year + years
    if year > date.max.year:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, last if _ends_a_month(period.end) else min(period.end.day, last))


def check_may_keep(contract: FeedContract, period: Period, received_at: str, *, where: str) -> None:
    """Raises: Refused if a delivery is received when its facts would be past their time already."""
    until = kept_until(contract, period)
    if until is not None and datetime.fromisoformat(received_at).date() > until:
        raise Refused(
            PAST_ITS_TIME.filled(feed=contract.feed, period=period.code, until=until.isoformat()),
            where=where,
            fix=CHECK_RETENTION,
        )


def expired(warehouse: Warehouse, contracts: Iterable[FeedContract], on: date) -> tuple[Expired, ...]:
    """The loads that hold facts past their time on a day, replaced ones too, in the order of loading."""
    return tuple(item for _, item in _expired(warehouse.manifest, contracts, on))


def remove_expired(warehouse: Warehouse, contracts: Sequence[FeedContract], on: date, *, at: datetime) -> tuple[Expired, ...]:
    """Remove the facts that are past their time on a day and keep the record of their loads. Returns what was removed.

    Raises: BadInput if the day is yet to come; TryLater if another change runs, or if files could not be removed.
    """
    if on > at.date():
        raise BadInput(f"{on} is yet to come, and what is past its time then is not past it now", fix="give today or an earlier day")
    if not warehouse.manifest.loads:
        return ()
    with warehouse.changing():
        manifest = warehouse.manifest
        found = _expired(manifest, contracts, on)
        removals = {load.record.id: Removal(at=_moment(at), kept_until=item.kept_until.isoformat()) for load, item in found}
        if found:
            left = manifest.model_copy(update={"loads": tuple(_without_facts(load, removals) for load in manifest.loads)})
            partitions = sorted({file.partition for load, _ in found for file in load.files})
            warehouse.switch(left.with_persons(_only_counted(warehouse, left, partitions)))
        check_nothing_left(warehouse)
    return tuple(item for _, item in found)


def _only_counted(warehouse: Warehouse, left: Manifest, partitions: Sequence[int]) -> Iterator[PersonFile]:
    """Write anew the person tables of partitions that hold persons of whom no facts are left."""
    for partition in partitions:
        files = [warehouse.whole(load, file) for load in left.loads for file in load.files if file.partition == partition]
        numbers = [pq.read_table(path, columns=[PERSON]).column(PERSON).unique().to_numpy() for path in files]
        table = warehouse.persons(partition)
        counted = table.only(np.concatenate([*numbers, np.empty(0, np.uint32)]))
        if len(counted) < len(table):
            yield warehouse.write_persons(partition, counted)


def check_nothing_left(warehouse: Warehouse) -> None:
    """Remove the files that the manifest lists no more. Raises: TryLater if some cannot be. Call within ``changing``."""
    warehouse.remove_unlisted()
    if left := warehouse.unlisted():
        raise TryLater(
            f"{len(left)} files of removed facts could not be deleted; nobody reads them, but they are still there",
            where=str(left[0].parent),
            fix="give the right to delete them, and give the command again",
        )


def _expired(manifest: Manifest, contracts: Iterable[FeedContract], on: date) -> list[tuple[StoredLoad, Expired]]:
    by_feed = {contract.feed: contract for contract in contracts}
    found = []
    for load in manifest.loads:
        contract = by_feed.get(load.record.feed)
        until = kept_until(contract, Period.parse(load.record.period)) if contract else None
        if load.removed is None and until is not None and on > until:
            found.append((load, Expired(load.record, until)))
    return found


def _without_facts(load: StoredLoad, removals: dict[str, Removal]) -> StoredLoad:
    removal = removals.get(load.record.id)
    return load.model_copy(update={"files": (), "removed": removal}) if removal else load


def _ends_a_month(day: date) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
