"""A research extract: chosen columns of a feed, with pseudonyms of the extract's own domain in place of person keys.

Rows are sorted by pseudonym over the whole extract, so neither their order nor a partition follows the person keys: two
extracts share no pseudonym and no order. Columns that the contract does not allow are refused. What remains the same in
two extracts are the facts themselves; how many persons a combination of them singles out is counted and told.
The extract is built in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from saime.core.durable import full_disk_is_told, replace_file, sync
from saime.core.errors import BadInput, Refused
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import PERSON, VALID_FROM, VALID_TO, FactTable
from saime.core.warehouse.key_domains import rekey
from saime.core.warehouse.pseudonyms import PersonCipher
from saime.core.warehouse.store import Warehouse

PSEUDONYM = "pseudonym"
FEW = 5  # persons; fewer that agree in all columns are counted as singled out (ADR 0006)


class ExtractRecord(BaseModel):
    """What an extract holds; it is kept beside the file. ``few``: persons in combinations that fewer than five share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    feed: str
    feed_version: str
    periods: tuple[str, ...]
    columns: tuple[str, ...]
    loads: tuple[str, ...]
    rows: int
    persons: int
    few: int
    synthetic: bool
    sha256: str
    use: int
    made_at: str


@dataclass(frozen=True)
class ExtractRequest:
    """Whose domain, which columns, where to; ``use`` is the number of the recorded use of the master key."""

    name: str
    periods: tuple[str, ...]
    columns: tuple[str, ...]
    target: Path


def check_columns(contract: FeedContract, columns: Sequence[str]) -> None:
    """Raises: BadInput for a column that the feed lacks, or none at all; Refused for one that its contract does not allow."""
    allowed = [column.name for column in contract.columns if column.extract]
    where, fix = f"feed {contract.feed}", f"choose among: {', '.join(allowed) or 'none'}"
    if unknown := sorted(set(columns) - {column.name for column in contract.columns}):
        raise BadInput(f"the feed has no column {', '.join(unknown)}", where=where, fix=fix)
    if not columns or len(set(columns)) < len(columns):
        raise BadInput("an extract has at least one column, and each once", where=where, fix=fix)
    if closed := sorted(set(columns) - set(allowed)):
        raise Refused(f"the contract does not allow column {', '.join(closed)} in an extract", where=where, fix=fix)


def check_target(target: Path) -> None:
    """Raises: BadInput if the file or its record is there."""
    for path in (target, record_path(target)):
        if path.exists():
            raise BadInput("the file is there already", where=str(path), fix="choose another file")


def record_path(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def write_extract(
    warehouse: Warehouse, facts: FactTable, request: ExtractRequest, *, source: PersonCipher, target: PersonCipher, use: int, made_at: str
) -> ExtractRecord:
    """Write the extract to a new Parquet file, and its record beside it.

    Raises: BadInput and Refused as the two checks above; TryLater if the disk is full.
    """
    check_columns(facts.feed, request.columns)
    check_target(request.target)
    table = _table(warehouse, facts, request.columns, source, target)
    with full_disk_is_told(request.target.parent, "writing an extract", lambda: table.nbytes):
        digest = _write(table.replace_schema_metadata({"saime:extract": request.name, "saime:feed": facts.feed.feed}), request.target)
        record = ExtractRecord(
            name=request.name,
            feed=facts.feed.feed,
            feed_version=facts.feed.version,
            periods=request.periods,
            columns=request.columns,
            loads=tuple(load.id for load in facts.loads),
            rows=table.num_rows,
            persons=len(table.column(PSEUDONYM).unique()),
            few=_few(table),
            synthetic=any(load.synthetic for load in facts.loads),
            sha256=digest,
            use=use,
            made_at=made_at,
        )
        replace_file(record_path(request.target), record.model_dump_json(indent=1).encode())
    return record


def _table(warehouse: Warehouse, facts: FactTable, columns: Sequence[str], source: PersonCipher, target: PersonCipher) -> pa.Table:
    """All rows by pseudonym, then by start; codes as words, not positions."""
    spell = dict(zip(facts.feed.spell_columns, (VALID_FROM, VALID_TO), strict=False))
    stored = {VALID_FROM: VALID_FROM, VALID_TO: VALID_TO} if not spell else {}
    stored |= {name: spell.get(name, name) for name in columns}
    read = list(dict.fromkeys([PERSON, VALID_FROM, *stored.values()]))
    rows = pa.concat_tables([pq.read_table(path, columns=read) for partition in facts.partitions for path in partition])
    if not rows.num_rows:
        raise BadInput("there are no rows to extract", where=f"feed {facts.feed.feed}", fix="check the periods")
    tables = [warehouse.persons(partition) for partition in range(warehouse.manifest.partitions)]
    known = np.concatenate([rekey(table.key_bytes, source, target) for table in tables])
    numbers = np.concatenate([table.numbers for table in tables])  # rising
    pseudonyms = known[np.searchsorted(numbers, np.asarray(rows.column(PERSON)))]
    order = np.lexsort((np.asarray(rows.column(VALID_FROM).cast(pa.int32())), *pseudonyms.view(">u8").astype(np.uint64).T[::-1]))
    column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(pseudonyms), [None, pa.py_buffer(pseudonyms)])
    chosen = {name: _decoded(facts, stored_name, rows.column(stored_name)) for name, stored_name in stored.items()}
    return pa.table({PSEUDONYM: column, **chosen}).take(pa.array(order))


def _decoded(facts: FactTable, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    codes = facts.code_lists.get(name)
    return column if codes is None else pa.array(codes, pa.string()).take(column.combine_chunks().cast(pa.int32()))


def _write(table: pa.Table, path: Path) -> str:
    """Write beside the place and move in, readable by the owner only. Returns SHA-256."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.touch(mode=0o600)
        pq.write_table(table, new, compression="zstd", write_page_checksum=True)
        sync(new)
        with new.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync(path.parent)
    return digest


def _few(table: pa.Table) -> int:
    """Persons with a row whose combination of columns fewer than five persons share."""
    facts = [name for name in table.column_names if name != PSEUDONYM]
    shared = table.group_by(facts).aggregate([(PSEUDONYM, "count_distinct"), (PSEUDONYM, "distinct")])
    rare = shared.filter(pa.compute.less(shared.column(f"{PSEUDONYM}_count_distinct"), FEW))
    return len(pa.compute.list_flatten(rare.column(f"{PSEUDONYM}_distinct")).unique())
