"""Delete a person from every load on lawful request, also from loads that were replaced.

The files of the person's partition are written anew beside the old ones without the person's rows, and its person table
without the person; one replacement of the manifest takes them all in place of the old, which are then removed. The record
says when, on which legal basis, how many loads and rows, and not who. What was counted with the person cannot be counted again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from saime.core.durable import full_disk_is_told, sync
from saime.core.errors import BadInput
from saime.core.warehouse.facts import PERSON
from saime.core.warehouse.faults import hide_personal_codes
from saime.core.warehouse.key_domains import WarehouseCipher
from saime.core.warehouse.keys import check_fingerprint
from saime.core.warehouse.manifest import Deletion, Manifest, StoredFile, StoredLoad, next_name
from saime.core.warehouse.merging import write_facts
from saime.core.warehouse.persons import UNKNOWN, binary_keys
from saime.core.warehouse.pseudonyms import (
    DIGITS,
    OLD_FORM_CHECK_DIGIT,
    CheckDigitRule,
    Numbers,
    parse_personal_codes,
)
from saime.core.warehouse.retention import check_nothing_left
from saime.core.warehouse.staging import partition_of
from saime.core.warehouse.store import Warehouse

LONGEST_CODE_FILE = 64  # bytes; one code, a byte order mark and a line end


@dataclass(frozen=True)
class PersonRows:
    """In how many loads the person has rows, and how many."""

    loads: int
    rows: int


def read_personal_code(path: Path, check_digit: CheckDigitRule | None = OLD_FORM_CHECK_DIGIT) -> Numbers:
    """The one personal code that a file holds, as a number. Shape: (1,).

    Raises: BadInput if the file cannot be read or does not hold one sound code; the message shows nothing of it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_CODE_FILE + 1)
    except OSError as error:
        raise BadInput(f"the file cannot be read: {error.strerror}", where=str(path), fix="give the path of a readable file") from None
    parsed = parse_personal_codes(pa.array([content.decode("utf-8-sig", "replace").strip()]), check_digit)
    if len(content) > LONGEST_CODE_FILE or parsed.malformed[0] or parsed.wrong_check_digit[0]:
        raise BadInput(
            "the file does not hold one sound personal code",
            where=str(path),
            fix="write the code of one person, DDMMYY-NNNNN or eleven digits, and nothing else into the file",
        )
    return parsed.numbers


def find_person(warehouse: Warehouse, person: Numbers, *, cipher: WarehouseCipher) -> PersonRows:
    """What ``delete_person`` would remove; nothing is changed. Raises: BadInput for another key or a damaged file."""
    check_fingerprint(cipher, warehouse.key_fingerprint, where=str(warehouse.root))
    return _count(list(_held(warehouse, _Person(warehouse, person, cipher))))


def delete_person(warehouse: Warehouse, person: Numbers, *, cipher: WarehouseCipher, legal_basis: str, at: datetime) -> PersonRows:
    """Remove all rows of a person, given as one number, and record the deletion; no rows, no record.

    Raises: BadInput for another key, a damaged file, or a legal basis that is empty or holds a personal code; TryLater if
    another change runs, the disk is full, or old files could not be removed.
    """
    _check_legal_basis(legal_basis, person)
    with full_disk_is_told(warehouse.root, "deleting a person", lambda: _room_needed(warehouse, person, cipher)), warehouse.changing():
        check_fingerprint(cipher, warehouse.key_fingerprint, where=str(warehouse.root))
        wanted = _Person(warehouse, person, cipher)
        held = list(_held(warehouse, wanted))
        found = _count(held)
        if held:
            deletion = Deletion(at=at.isoformat(timespec="seconds"), legal_basis=legal_basis, loads=found.loads, rows=found.rows)
            new_loads = {one.load.record.id: _rewrite(warehouse, one, wanted.number) for one in held}
            others = wanted.table.only(wanted.table.numbers[wanted.table.numbers != wanted.number])
            manifest = warehouse.manifest.with_persons([warehouse.write_persons(wanted.partition, others)])
            warehouse.switch(_with_deletion(manifest, new_loads, deletion))
        check_nothing_left(warehouse)
    return found


class _Person:
    """A person's partition, its person table, and the person's number there; -1 if the warehouse does not know the person."""

    def __init__(self, warehouse: Warehouse, person: Numbers, cipher: WarehouseCipher) -> None:
        self.partition = _partition(warehouse, person, cipher)
        self.table = warehouse.persons(self.partition)
        self.number = int(self.table.find(binary_keys(cipher.person_keys(person)))[0])


@dataclass(frozen=True)
class _Held:
    """A file of a load in which the person has rows."""

    load: StoredLoad
    file: StoredFile
    rows: int


def _held(warehouse: Warehouse, person: _Person) -> Iterator[_Held]:
    """A load has at most one file of the person: that of their partition."""
    if person.number == UNKNOWN:
        return
    for load in warehouse.manifest.loads:
        for file in load.files:
            if file.partition == person.partition:
                path = warehouse.whole(load, file)
                rows = int(pc.sum(_is_person(pq.read_table(path, columns=[PERSON]), person.number)).as_py())
                if rows:
                    yield _Held(load, file, rows)


def _rewrite(warehouse: Warehouse, held: _Held, person: int) -> StoredLoad:
    """Write the file anew without the person beside the old one, and give the load as the manifest shall list it."""
    folder = warehouse.root / held.load.folder
    table = pq.read_table(folder / held.file.name)
    kept = table.filter(pc.invert(_is_person(table, person)))
    others = tuple(file for file in held.load.files if file != held.file)
    new_name = next_name(held.file.partition, held.file)
    files = (*others, _write(folder / new_name, held.file.partition, kept)) if kept.num_rows else others
    record = held.load.record.model_copy(update={"deletions": held.load.record.deletions + 1})
    return held.load.model_copy(update={"record": record, "files": tuple(sorted(files, key=lambda file: file.partition))})


def _write(path: Path, partition: int, table: pa.Table) -> StoredFile:
    write_facts(table, path, {name.decode(): value.decode() for name, value in table.schema.metadata.items()})
    sync(path.parent)
    content = path.read_bytes()
    return StoredFile(
        partition=partition, name=path.name, rows=table.num_rows, bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )


def _is_person(table: pa.Table, person: int) -> pa.ChunkedArray:
    return pc.equal(table.column(PERSON), pa.scalar(person, pa.uint32()))


def _with_deletion(manifest: Manifest, new_loads: dict[str, StoredLoad], deletion: Deletion) -> Manifest:
    loads = tuple(new_loads.get(load.record.id, load) for load in manifest.loads)
    return manifest.model_copy(update={"loads": loads, "deletions": (*manifest.deletions, deletion)})


def _count(held: list[_Held]) -> PersonRows:
    return PersonRows(loads=len(held), rows=sum(one.rows for one in held))


def _check_legal_basis(text: str, person: Numbers) -> None:
    if not text.strip():
        raise BadInput("the legal basis is empty", where="legal basis", fix="name the act and article, or the request's number")
    joined = re.sub(r"(?<=\d)\s(?=\d)", "", text)
    if hide_personal_codes(joined) != joined or f"{person[0]:0{DIGITS}d}" in re.sub(r"\D", "", text):
        raise BadInput(
            "the legal basis holds a personal code, and it is kept on record",
            where="legal basis",
            fix="name the act and article, or the request's number, and not the person",
        )


def _partition(warehouse: Warehouse, person: Numbers, cipher: WarehouseCipher) -> int:
    return int(partition_of(cipher.routing_keys(person), warehouse.manifest.partitions)[0])


def _room_needed(warehouse: Warehouse, person: Numbers, cipher: WarehouseCipher) -> int:
    """Bytes of the files of the person's partition, which are written anew at most."""
    manifest, partition = warehouse.manifest, _partition(warehouse, person, cipher)
    files = (*manifest.persons, *(file for load in manifest.loads for file in load.files))
    return sum(file.bytes for file in files if file.partition == partition)
