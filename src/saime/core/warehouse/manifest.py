"""The manifest: the one file that says which loads a warehouse holds. What it does not list does not exist for readers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from saime.core.durable import replace_file
from saime.core.errors import BadInput
from saime.core.warehouse.facts import LoadRecord

MANIFEST, FACTS, PERSONS, LAYERS = "manifest.json", "facts", "persons", "layers"
FORMAT: Literal[2] = 2  # 1 kept person keys in the fact files
PARTITIONS = 64


class StoredFile(BaseModel):
    """A fact file of one partition, with what is needed to see that it is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partition: int
    name: str
    rows: int
    bytes: int
    sha256: str


class PersonFile(StoredFile):
    """The person table of one partition; ``next_number`` is that of the next new person, so that none is given twice."""

    next_number: int


class Replacement(BaseModel):
    """When a later delivery of the same feed and period took a load's place, and the id of that one's load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    by: str


class Removal(BaseModel):
    """When a load's facts were removed, and the last day for which its contract kept them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    kept_until: str


class Deletion(BaseModel):
    """That a person was deleted on lawful request: when, on which legal basis, from how many loads, how many rows. Not who."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    legal_basis: str
    loads: int
    rows: int


class StoredLoad(BaseModel):
    """A load, its files, and by column the key of the code list its positions refer to.

    A replaced load keeps its files, so that earlier tables can be counted again; a removed one has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: LoadRecord
    code_lists: dict[str, str]
    files: tuple[StoredFile, ...]
    replaced: Replacement | None = None
    removed: Removal | None = None

    @property
    def folder(self) -> Path:
        return Path(FACTS) / self.record.feed / self.record.period / self.record.id

    def was_in_force(self, as_of: datetime | None) -> bool:
        """Was it the load of its feed and period at a moment (None: now)? A removed load stays in force; its facts are gone."""
        if as_of is None:
            return self.replaced is None
        received = datetime.fromisoformat(self.record.received_at)
        return received <= as_of and (self.replaced is None or as_of < datetime.fromisoformat(self.replaced.at))


class Manifest(BaseModel):
    """``partitions`` is fixed by the first load; so is ``key_fingerprint``, None while there are no loads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = FORMAT
    partitions: int = PARTITIONS
    key_fingerprint: str | None = None
    code_lists: dict[str, tuple[str, ...]] = {}
    persons: tuple[PersonFile, ...] = ()
    loads: tuple[StoredLoad, ...] = ()
    deletions: tuple[Deletion, ...] = ()

    def person_file(self, partition: int) -> PersonFile | None:
        return next((file for file in self.persons if file.partition == partition), None)

    def with_persons(self, written: Iterable[PersonFile]) -> Manifest:
        """The manifest with these person tables in place of those of their partitions.

        One that has lost its last person stays: it knows which numbers were given.
        """
        files = {file.partition: file for file in (*self.persons, *written)}
        return self.model_copy(update={"persons": tuple(files[number] for number in sorted(files))})

    def with_load(self, load: StoredLoad, code_lists: dict[str, tuple[str, ...]], fingerprint: str) -> Manifest:
        """The manifest with one more load; the load of its feed and period that was in force is replaced by it."""
        new, replacement = load.record, Replacement(at=load.record.received_at, by=load.record.id)
        place = (new.feed, new.period)
        earlier = (
            old.model_copy(update={"replaced": replacement})
            if (old.record.feed, old.record.period) == place and old.replaced is None
            else old
            for old in self.loads
        )
        changes = {"key_fingerprint": fingerprint, "code_lists": {**self.code_lists, **code_lists}, "loads": (*earlier, load)}
        return self.model_copy(update=changes)


def read_manifest(root: Path, partitions: int) -> Manifest:
    """The warehouse's manifest; an empty one if there is no warehouse yet.

    The first load writes an empty manifest before any facts, so facts without a manifest mean that it was lost.
    Raises: BadInput if it is damaged or lost.
    """
    path = root / MANIFEST
    try:
        content = path.read_bytes()
        _check_format(content, path)
        return Manifest.model_validate_json(content)
    except FileNotFoundError:
        if any((root / FACTS).glob("*")):
            raise BadInput("the warehouse has lost its manifest", where=str(path), fix="restore the warehouse from its backup") from None
        return Manifest(partitions=partitions)
    except (ValidationError, UnicodeDecodeError):
        raise BadInput("the warehouse's manifest is damaged", where=str(path), fix="restore the warehouse from its backup") from None


def _check_format(content: bytes, path: Path) -> None:
    """Raises: BadInput if another version of Saime wrote the manifest."""
    found = re.search(rb'"format": *([0-9]+)', content)
    if found and int(found[1]) != FORMAT:
        raise BadInput(
            f"the warehouse has format {int(found[1])}, and this version of Saime reads format {FORMAT}",
            where=str(path),
            fix="load all deliveries again into a new warehouse, with the same person key",
        )


def next_name(partition: int, earlier: StoredFile | None) -> str:
    """The name of a partition's file that takes the place of an earlier one: ``part-003.parquet``, ``part-003-1.parquet``, …"""
    if earlier is None:
        return f"part-{partition:03d}.parquet"
    _, _, times = Path(earlier.name).stem.removeprefix("part-").partition("-")
    return f"part-{partition:03d}-{int(times or 0) + 1}.parquet"


def write_manifest(root: Path, manifest: Manifest) -> None:
    replace_file(root / MANIFEST, manifest.model_dump_json(indent=1).encode())
