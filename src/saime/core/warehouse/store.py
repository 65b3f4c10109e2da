"""The warehouse: a folder of fact files, one manifest, one loader at a time, any number of readers.

``facts/FEED/PERIOD/LOAD/part-NNN.parquet`` holds the rows of partition NNN, ``persons/part-NNN.parquet`` the person keys behind
their numbers; ``staging/`` holds a load in the making, ``layers/DIGEST/`` what engines derive from a fact file.
Every change becomes visible when the manifest is replaced, in one step; whatever the manifest does not list is left over
from a change that was stopped or has just been made, and the end of that change, or the next one, removes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from saime.core.durable import make_folders, sync
from saime.core.errors import BadInput, TryLater
from saime.core.model.period import Period
from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.coverage import check_covered, check_kept
from saime.core.warehouse.facts import FactTable, LoadRecord
from saime.core.warehouse.manifest import (
    FACTS,
    LAYERS,
    MANIFEST,
    PARTITIONS,
    PERSONS,
    Manifest,
    PersonFile,
    StoredFile,
    StoredLoad,
    read_manifest,
    write_manifest,
)
from saime.core.warehouse.persons import PersonTable, no_persons, read_persons, write_persons

STAGING = "staging"


class Warehouse:
    """A warehouse folder; it need not exist before the first load. ``partitions`` counts only for a new one."""

    def __init__(self, root: Path, partitions: int = PARTITIONS) -> None:
        if not 1 <= partitions <= 1 << 16 or partitions & (partitions - 1):
            raise BadInput(f"{partitions} partitions", where=str(root), fix="take a power of two up to 65536")
        self.root = root
        self._partitions = partitions
        self._read: tuple[os.stat_result, Manifest] | None = None

    @property
    def manifest(self) -> Manifest:
        """What the file says now; it is read again only when it is another one, as a load asks for it at each partition."""
        try:
            now = (self.root / MANIFEST).stat()
        except FileNotFoundError:
            return read_manifest(self.root, self._partitions)
        if self._read is None or not _same_file(self._read[0], now):
            self._read = now, read_manifest(self.root, self._partitions)
        return self._read[1]

    @property
    def key_fingerprint(self) -> str | None:
        """Which person key the warehouse was loaded with; None while it holds no loads."""
        return self.manifest.key_fingerprint

    def loads(self, feed: str | None = None, periods: Sequence[str] | None = None) -> tuple[LoadRecord, ...]:
        """The loads in force that have facts, in the order of loading: of a feed, with a period that overlaps one of the given."""
        return tuple(load.record for load in _chosen(self.manifest, feed, periods) if load.removed is None)

    def facts(
        self, contract: FeedContract, periods: Sequence[str], code_lists: dict[str, CodeList], *, as_of: datetime | None = None
    ) -> FactTable:
        """The facts of all loads of a feed that overlap the periods; an empty table if there are none.

        ``code_lists`` by column, from ``code_lists_of``. ``as_of``: a moment with its time zone; the loads in force then
        are taken, also if they were corrected later. A person deleted since is not among the facts of then either.
        Raises: BadInput if loads leave days of a period uncovered, if their facts were removed at the end of their
        retention, if a file is missing or damaged, or if facts were loaded with code lists that the given ones do not
        continue.
        """
        manifest = self.manifest
        loads = _chosen(manifest, contract.feed, periods, as_of)
        check_kept(loads)
        check_covered(contract.feed, periods, [load.record for load in loads])
        for load in loads:
            _check_code_lists(manifest, load, code_lists)
        files = {self.whole(load, file): file for load in loads for file in load.files}
        partitions = sorted({file.partition for file in files.values()})
        return FactTable(
            feed=contract,
            partitions=tuple(tuple(path for path, file in files.items() if file.partition == partition) for partition in partitions),
            code_lists={column: code_list.codes for column, code_list in code_lists.items()},
            loads=tuple(load.record for load in loads),
            digests={path: file.sha256 for path, file in files.items()},
            layers=self.root / LAYERS,
        )

    @contextmanager
    def changing(self) -> Iterator[Path]:
        """Hold the warehouse for one change: yields an empty staging folder, and at the end removes it and what is not listed.

        Raises: TryLater while another load or other change runs.
        """
        make_folders(self.root)
        with (self.root / "loading.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TryLater(
                    "another load is running on this warehouse, or another change of it",
                    where=str(self.root),
                    fix="give the command again when it is done",
                ) from None
            if not (self.root / MANIFEST).exists():  # facts never lie in a warehouse without one
                write_manifest(self.root, self.manifest)
            self.remove_unlisted()
            staging = self.root / STAGING
            try:
                make_folders(staging)
                yield staging
            finally:
                self.remove_unlisted()

    def publish(
        self, load: StoredLoad, persons: Sequence[PersonFile], code_lists: dict[str, CodeList], fingerprint: str, folder: Path
    ) -> None:
        """Move a finished load into place and list it with the new person tables; it replaces the one in force of its feed and period.

        All their files must be on the disk. Call within ``changing``.
        """
        target = self.root / load.folder
        sync(folder)
        make_folders(target.parent)
        folder.rename(target)
        sync(target.parent)
        known = {code_list.key: code_list.codes for code_list in code_lists.values()}
        self.switch(self.manifest.with_load(load, known, fingerprint).with_persons(persons))

    def switch(self, manifest: Manifest) -> None:
        """Make a change visible, in one step. Files that it names must be on the disk. Call within ``changing``."""
        write_manifest(self.root, manifest)

    def unlisted(self) -> tuple[Path, ...]:
        """The fact files and person tables that the manifest does not list, and the layers of such fact files."""
        manifest = self.manifest
        folders = [(self.persons_folder, manifest.persons), *((self.root / load.folder, load.files) for load in manifest.loads)]
        listed = {f"{folder}/{file.name}" for folder, files in folders for file in files}  # as text: there may be a hundred thousand
        there = (*(self.root / FACTS).glob("*/*/*/*"), *self.persons_folder.glob("*"))
        digests = {file.sha256 for load in manifest.loads for file in load.files}
        layers = (path for path in (self.root / LAYERS).glob("*/*") if path.parent.name not in digests)
        return (*(path for path in there if str(path) not in listed), *layers)

    @property
    def persons_folder(self) -> Path:
        return self.root / PERSONS

    def persons(self, partition: int) -> PersonTable:
        """The persons of a partition. Raises: BadInput if their table is missing or damaged."""
        manifest = self.manifest
        file = manifest.person_file(partition)
        if file is None:
            return no_persons(partition, manifest.partitions)
        path = self.persons_folder / file.name
        self._check_whole(path, file, f"the person table of partition {partition}")
        return read_persons(path, file)

    def write_persons(self, partition: int, table: PersonTable) -> PersonFile:
        """Write a partition's person table beside the one that is listed, for a change of the manifest. Call within ``changing``."""
        manifest = self.manifest
        make_folders(self.persons_folder)
        return write_persons(table, self.persons_folder, manifest.person_file(partition), partition, manifest.partitions)

    def whole(self, load: StoredLoad, file: StoredFile) -> Path:
        """The path of a file whose content is what the manifest says. Raises: BadInput if it is missing or damaged."""
        path = self.root / load.folder / file.name
        self._check_whole(path, file, f"partition {file.partition} of load {load.record.id}")
        return path

    @staticmethod
    def _check_whole(path: Path, file: StoredFile, what: str) -> None:
        fix = "restore the file from the warehouse's backup"
        try:
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except FileNotFoundError:
            raise BadInput(f"{what} is missing", where=str(path), fix=fix) from None
        if digest != file.sha256:
            raise BadInput(f"{what} is damaged", where=str(path), fix=fix)

    def remove_unlisted(self) -> None:
        """Remove the staging folder, and facts and person tables that the manifest does not list. Call within ``changing``."""
        shutil.rmtree(self.root / STAGING, ignore_errors=True)
        for path in self.unlisted():
            with suppress(OSError):
                path.unlink()
        for folder in (*(self.root / FACTS).glob("*/*/*"), *(self.root / LAYERS).glob("*")):
            with suppress(OSError):
                folder.rmdir()  # only one that is empty now


def _same_file(one: os.stat_result, other: os.stat_result) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"))


def _chosen(manifest: Manifest, feed: str | None, periods: Sequence[str] | None, as_of: datetime | None = None) -> list[StoredLoad]:
    wanted = None if periods is None else [Period.parse(code) for code in periods]
    loads = [load for load in manifest.loads if load.was_in_force(as_of) and feed in (None, load.record.feed)]
    if wanted is None:
        return loads
    return [load for load in loads if any(Period.parse(load.record.period).overlaps(period) for period in wanted)]


def _check_code_lists(manifest: Manifest, load: StoredLoad, code_lists: dict[str, CodeList]) -> None:
    """Positions stay right as long as a list only grows at its end."""
    for column, key in load.code_lists.items():
        loaded = manifest.code_lists[key]
        given = code_lists[column].codes if column in code_lists else ()
        if given[: len(loaded)] != loaded:
            now = code_lists[column].key if column in code_lists else "none"
            raise BadInput(
                f"facts were loaded with code list {key}, and the pack now has {now}",
                where=f"feed {load.record.feed}, period {load.record.period}, column {column}",
                fix="put the earlier codes back in their order; new leaf codes go after them, or under a new classification",
            )
