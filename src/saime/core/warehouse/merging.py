"""One partition: sort its staged rows by person and start, find rows that share a key, write the fact file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.durable import sync
from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import PERSON_KEY, VALID_FROM, VALID_TO
from saime.core.warehouse.faults import Rows
from saime.core.warehouse.staging import POSITION

ROWS_IN_A_GROUP = 1 << 20
EMPTY = np.iinfo(np.int64).min  # stands for an empty value where rows are compared

Columns = list[npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Merged:
    """What a partition holds. ``duplicates``: pairs of positions, a row and the first row that has the same key."""

    rows: int
    persons: int
    duplicates: Rows  # shape (n, 2)


def merge_partition(staged: Path, target: Path, contract: FeedContract, metadata: dict[str, str]) -> Merged:
    """Write the fact file of one partition to ``target`` and wait until it is on the disk."""
    table = _read(staged)
    person = _person_columns(table)
    order, duplicates = _order(table, person, contract)
    sorted_table = table.drop_columns([POSITION]).take(pa.array(order))
    write_facts(sorted_table, target, metadata)
    return Merged(len(order), _count_runs([column[order] for column in person]), duplicates)


def fact_metadata(contract: FeedContract, code_lists: dict[str, CodeList]) -> dict[str, str]:
    """What a fact file says about itself: its feed, and for each code column the code list with its version."""
    lists = {f"saime:code_list:{column}": code_list.key for column, code_list in code_lists.items()}
    return {"saime:feed": f"{contract.feed}({contract.version})", **lists}


def _read(staged: Path) -> pa.Table:
    with pa.OSFile(str(staged), "rb") as file, pa.ipc.open_stream(file) as stream:
        return stream.read_all().combine_chunks()


def _order(table: pa.Table, person: Columns, contract: FeedContract) -> tuple[Rows, Rows]:
    """The order by person, start and the rest of the key; and the rows that share a key with an earlier one."""
    names = dict(zip(contract.spell_columns, (VALID_FROM, VALID_TO), strict=False))
    key = [names.get(name, name) for name in contract.key if name != contract.person_column]
    start, position = _numbers(table, VALID_FROM), _numbers(table, POSITION)
    rest = [_numbers(table, name) for name in key if name != VALID_FROM]
    order = _sort([*person, start, *rest, position])
    if not contract.key:
        return order, np.empty((0, 2), np.int64)
    if VALID_FROM in key:
        return order, _duplicates([*person, start, *rest], order, position)
    return order, _duplicates([*person, *rest], _sort([*person, *rest, position]), position)


def _sort(columns: Columns) -> Rows:
    return np.lexsort(columns[::-1]).astype(np.int64, copy=False)


def _duplicates(key: Columns, order: Rows, position: Rows) -> Rows:
    repeats = ~_begins_a_run([column[order] for column in key])
    if not repeats.any():
        return np.empty((0, 2), np.int64)
    begins = np.maximum.accumulate(np.where(repeats, 0, np.arange(len(order))))
    return np.column_stack([position[order[repeats]], position[order[begins[repeats]]]])


def _begins_a_run(columns: Columns) -> npt.NDArray[np.bool_]:
    begins = np.ones(len(columns[0]), np.bool_)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return begins


def _count_runs(columns: Columns) -> int:
    return int(_begins_a_run(columns).sum())


def _person_columns(table: pa.Table) -> Columns:
    """The person key as two columns of 64 bits; their order is that of its bytes."""
    keys = table.column(PERSON_KEY).combine_chunks()
    halves = np.frombuffer(keys.buffers()[1], ">u8").reshape(-1, 2)[keys.offset : keys.offset + len(keys)].astype(np.uint64)
    return [(halves[:, half] ^ np.uint64(1 << 63)).view(np.int64) for half in (0, 1)]


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    column = table.column(name)
    if pa.types.is_date32(column.type) or pa.types.is_boolean(column.type):
        column = column.cast(pa.int32())
    return np.asarray(column.cast(pa.int64()).fill_null(EMPTY))


def read_facts(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A fact file, all of it or some columns, with the person key as 16 bytes."""
    table = pq.read_table(path, columns=columns)
    keys = table.column(PERSON_KEY).cast(pa.binary(16))
    return table.set_column(table.column_names.index(PERSON_KEY), PERSON_KEY, keys)


def write_facts(table: pa.Table, target: Path, metadata: dict[str, str]) -> None:
    """Write sorted rows, the person key as 16 bytes in the first column, and wait until they are on the disk."""
    keys = pa.ExtensionArray.from_storage(pa.uuid(), table.column(PERSON_KEY).combine_chunks())
    table = table.set_column(0, pa.field(PERSON_KEY, pa.uuid(), nullable=False), keys)
    dictionaries: Sequence[str] = [name for name in table.column_names if name != PERSON_KEY]
    pq.write_table(
        table.replace_schema_metadata(metadata),
        target,
        row_group_size=ROWS_IN_A_GROUP,
        compression="zstd",
        compression_level=1,
        use_dictionary=dictionaries,
        write_page_checksum=True,
    )
    sync(target)
