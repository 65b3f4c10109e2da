"""From a delivery to the warehouse: checked whole, pseudonymised before anything is written, loaded whole or not at all.

A batch is checked, its personal codes become person keys, and its rows go to the staged files of their partitions.
Then each partition is sorted and written. A killed load leaves only what the next load removes; given again, it ends in
the same state. A delivery for a period already loaded replaces the earlier one, if it is given as a correction; the
earlier stays, so that what was counted from it can be counted again (ADR 0011).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from saime.core.durable import full_disk_is_told, make_folders
from saime.core.errors import BadInput, TryLater
from saime.core.model.text import Text
from saime.core.warehouse.checks import RowChecker
from saime.core.warehouse.corrections import check_replaces, loaded_for, new_load_id
from saime.core.warehouse.delivery import Delivery, DeliveryFile, read_ahead
from saime.core.warehouse.delivery_report import DeliveryReport, Outcome, delivery_report, judged
from saime.core.warehouse.facts import LoadRecord
from saime.core.warehouse.faults import MOST_PLACES, DeliveryRefused, Fault, FaultLog, Place
from saime.core.warehouse.key_domains import WarehouseCipher
from saime.core.warehouse.keys import check_fingerprint
from saime.core.warehouse.manifest import PersonFile, StoredFile, StoredLoad
from saime.core.warehouse.merging import Merged, fact_metadata, merge_partition
from saime.core.warehouse.person_checks import OF_A_PERSON, PersonFault
from saime.core.warehouse.pseudonyms import OLD_FORM_CHECK_DIGIT, CheckDigitRule
from saime.core.warehouse.quarantine import Quarantine
from saime.core.warehouse.reading import most_rows, open_delivery
from saime.core.warehouse.retention import check_may_keep
from saime.core.warehouse.staging import Staging, staged_path, staged_schema
from saime.core.warehouse.store import Warehouse

MERGES_AT_ONCE = 2
NO_ROWS = (
    Text(lv="failā ir tikai galvene un nevienas rindas", en="the file has a header and no rows"),
    Text(lv="pārbaudiet, vai izguve bija pabeigta, un piegādājiet rindas", en="check that the export was finished, and deliver the rows"),
)
FREQUENCIES = {
    "A": Text(lv="gadu (2022)", en="a year (2022)"),
    "Q": Text(lv="ceturksni (2022-Q1)", en="a quarter (2022-Q1)"),
    "M": Text(lv="mēnesi (2022-06)", en="a month (2022-06)"),
    "D": Text(lv="dienu (2022-06-30)", en="a day (2022-06-30)"),
}
OTHER_FREQUENCY = Text(
    lv="datu plūsmu {feed} piegādā par {wanted}, nevis par {period}", en="feed {feed} is delivered for {wanted}, not for {period}"
)
GIVE_PERIOD_AS = Text(lv="norādiet periodu kā {wanted}", en="give the period as {wanted}")
NOT_BEGUN = Text(lv="periods {period} vēl nav sācies", en="the period {period} has not begun yet")
CHECK_PERIOD = Text(lv="pārbaudiet periodu", en="check the period")

Progress = Callable[[int, int | None], None]  # rows read, rows expected if known


@dataclass(frozen=True)
class LoadReceipt:
    """What the warehouse holds of the delivery; ``already_loaded`` says that it did before and nothing changed."""

    record: LoadRecord
    already_loaded: bool
    report: DeliveryReport
    quarantine_id: str = ""  # of a delivery that was loaded in part


def load_delivery(
    warehouse: Warehouse,
    delivery: Delivery,
    *,
    cipher: WarehouseCipher,
    quarantine: Quarantine,
    replace: bool = False,
    check_digit: CheckDigitRule | None = OLD_FORM_CHECK_DIGIT,
    progress: Progress | None = None,
) -> LoadReceipt:
    """Load a delivery, or seal it into quarantine if it has faults. With ``replace`` it corrects the one loaded before.

    Raises: DeliveryRefused with all faults; BadInput for a wrong period, file or key, or if there is nothing to replace;
    Refused if another delivery is loaded for the feed and period and this one is not to replace it, or if its facts would
    be past their time; TryLater if another load runs, the disk is full, or the file changes while it is read.
    """
    _check_period(delivery)
    with full_disk_is_told(warehouse.root, "loading a delivery", lambda: _room_needed(warehouse, delivery)), warehouse.changing() as folder:
        check_fingerprint(cipher, warehouse.key_fingerprint, where=str(warehouse.root))
        digest = delivery.digest()
        earlier = loaded_for(warehouse, delivery)
        if earlier and earlier.delivery_digest == digest:
            report = delivery_report(delivery, digest, "loaded_before", rows=earlier.rows + earlier.left_out, left_out=earlier.left_out)
            return LoadReceipt(earlier, already_loaded=True, report=report)
        check_replaces(delivery, earlier, replace=replace)
        check_may_keep(delivery.contract, delivery.period, delivery.received_at, where=delivery.shown_name)
        load = _Load(warehouse, delivery, folder, FaultLog(), check_digit, earlier)
        stored = load.run(cipher, digest, progress)
        if delivery.digest() != digest:
            raise TryLater("the delivery changed while it was read", where=delivery.shown_name, fix="load it when it is complete")
        if stored is None:
            refused = quarantine.seal(delivery, load.refusal(digest))
            raise DeliveryRefused(load.faults, delivery=refused.delivery_name, quarantine_id=refused.id, rows=load.rows)
        report = load.report(digest)
        quarantine_id = quarantine.seal(delivery, report).id if report.left_out else ""
        warehouse.publish(stored, load.person_files, delivery.code_lists, cipher.fingerprint, load.finished)
        return LoadReceipt(stored.record, already_loaded=False, report=report, quarantine_id=quarantine_id)


@dataclass
class _Load:
    """One load in the making, in the staging folder."""

    warehouse: Warehouse
    delivery: Delivery
    folder: Path
    log: FaultLog
    check_digit: CheckDigitRule | None
    replaces: LoadRecord | None
    rows: int = 0
    person_files: list[PersonFile] = field(default_factory=list)
    loaded: int = 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults found, each with what the contract takes of it."""
        return judged(self.log.faults, self.delivery.contract, self.rows)

    @property
    def is_refused(self) -> bool:
        return any(fault.refuses for fault in self.faults)

    def report(self, digest: str) -> DeliveryReport:
        left_out = self.rows - self.loaded
        outcome: Outcome = "loaded_in_part" if left_out else "loaded_with_warnings" if self.log else "loaded"
        return delivery_report(self.delivery, digest, outcome, rows=self.rows, left_out=left_out, faults=self.faults)

    def refusal(self, digest: str) -> DeliveryReport:
        return delivery_report(self.delivery, digest, "refused", rows=self.rows, left_out=self.rows, faults=self.faults)

    @property
    def finished(self) -> Path:
        return self.folder / "finished"

    def run(self, cipher: WarehouseCipher, digest: str, progress: Progress | None) -> StoredLoad | None:
        """Stage and merge all rows; None if faults refuse the delivery."""
        file = open_delivery(self.delivery, self.log)
        if file is None:
            return None
        self._stage(file, cipher, progress)
        files, persons = self._merge(file)
        if not self.rows and not self.log:
            self.log.add("no_rows", *NO_ROWS)
        if self.is_refused:
            return None
        code_lists = {column: code_list.key for column, code_list in self.delivery.code_lists.items()}
        return StoredLoad(record=self._record(digest, persons), code_lists=code_lists, files=files)

    def _record(self, digest: str, persons: int) -> LoadRecord:
        delivery = self.delivery
        return LoadRecord(
            id=new_load_id(self.warehouse, delivery, digest),
            feed=delivery.contract.feed,
            feed_version=delivery.contract.version,
            period=delivery.period.code,
            delivery_name=delivery.shown_name,
            delivery_digest=digest,
            rows=self.loaded,
            persons=persons,
            received_at=delivery.received_at,
            synthetic=delivery.synthetic,
            replaces=self.replaces.id if self.replaces else None,
            left_out=self.rows - self.loaded,
        )

    def _stage(self, file: DeliveryFile, cipher: WarehouseCipher, progress: Progress | None) -> None:
        checker = RowChecker(self.delivery, file, self.log, self.check_digit)
        with Staging(self.folder, self.delivery.contract, cipher, self.warehouse.manifest.partitions) as staging:
            for batch in read_ahead(file.batches()):
                staging.add(checker.check(batch))
                if progress:
                    progress(checker.rows, file.rows_expected)
        self.rows = checker.rows

    def _merge(self, file: DeliveryFile) -> tuple[tuple[StoredFile, ...], int]:
        """Write the fact files and person tables, and log rows that share a key. Two partitions are worked on at a time."""
        make_folders(self.finished)
        staged = [number for number in range(self.warehouse.manifest.partitions) if staged_path(self.folder, number).exists()]
        with ThreadPoolExecutor(MERGES_AT_ONCE) as pool:
            merged = list(pool.map(self._merge_one, staged))
        for _, partition in merged:
            self._log_pairs(file, PersonFault("duplicate_key", partition.duplicates))
            for fault in partition.faults:
                self._log_pairs(file, fault)
        self.loaded = sum(partition.rows for _, partition in merged)
        return tuple(stored for stored, _ in merged), sum(partition.persons for _, partition in merged)

    def _merge_one(self, number: int) -> tuple[StoredFile, Merged]:
        source, target = staged_path(self.folder, number), self.finished / f"part-{number:03d}.parquet"
        contract, known = self.delivery.contract, self.warehouse.persons(number)
        merged, persons = merge_partition(source, target, contract, fact_metadata(contract, self.delivery.code_lists), known)
        source.unlink()
        if len(persons) > len(known):
            self.person_files.append(self.warehouse.write_persons(number, persons))
        with target.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        stored = StoredFile(partition=number, name=target.name, rows=merged.rows, bytes=target.stat().st_size, sha256=digest)
        return stored, merged

    def _log_pairs(self, file: DeliveryFile, fault: PersonFault) -> None:
        if not len(fault.pairs):
            return
        first = fault.pairs[np.argsort(fault.pairs[:, 0])][:MOST_PLACES]
        rows = file.data_rows(first.ravel()).reshape(-1, 2)
        places = [Place(row=int(row), other_row=int(other)) for row, other in rows]
        what, fix = (text.filled(key=", ".join(self.delivery.contract.key)) for text in OF_A_PERSON[fault.code])
        self.log.add(fault.code, what, fix, column=fault.column, count=len(fault.pairs), places=places)


def _check_period(delivery: Delivery) -> None:
    wanted, period = FREQUENCIES[delivery.contract.period], delivery.period
    if period.frequency != delivery.contract.period:
        what = OTHER_FREQUENCY.filled(feed=delivery.contract.feed, wanted=wanted, period=period.code)
        raise BadInput(what, where=delivery.shown_name, fix=GIVE_PERIOD_AS.filled(wanted=wanted))
    if period.start > datetime.fromisoformat(delivery.received_at).date():
        raise BadInput(NOT_BEGUN.filled(period=period.code), where=delivery.shown_name, fix=CHECK_PERIOD)


def _room_needed(warehouse: Warehouse, delivery: Delivery) -> int:
    """Bytes that staging, the finished files and the person tables take together at most, or the sealed delivery; an estimate."""
    persons = sum(file.bytes for file in warehouse.manifest.persons)
    row: int = sum(field.type.bit_width // 8 + 1 for field in staged_schema(delivery.contract))
    return max(2 * row * most_rows(delivery) + persons, delivery.path.stat().st_size)
