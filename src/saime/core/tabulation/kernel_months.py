"""The months layer: of each person and combination of coded values, the months of a year in which a fact holds.

A row belongs to a period of whole months exactly when its spell touches one of them, so counts over months, quarters and
years lose nothing here. A layer is derived from one fact file and one year by the first count that can use it, whatever the
plan, and lies under the digest of that file; a file that is gone takes its layers with it, and a damaged one is derived anew.

A layer file is the SHA-256 of the rest, then an Arrow file: ``person_number`` (rising), ``facts`` (the values, a field of
bits each) and ``months`` (bit 0 is January).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from saime.core.durable import make_folders
from saime.core.model.period import Period
from saime.core.tabulation import kernel_rows
from saime.core.tabulation.kernel_fields import PACKED, Field, StoredColumn, fields_of
from saime.core.tabulation.kernel_layout import SETS_OF_MONTHS, Layout, Slots, slots_of
from saime.core.tabulation.kernel_membership import Integers
from saime.core.tabulation.kernel_repeats import Places, RepeatLoops, Repeats, every
from saime.core.tabulation.kernel_rows import Array, Days, Persons, Rows, Run, read_blocks, whole_persons
from saime.core.warehouse.facts import PERSON, FactTable

VERSION = 1
MOST_YEARS = 4  # of a plan; with more, spells are looked up in the rows
DIGEST_BYTES = 32


class LayerLoops(RepeatLoops, Protocol):
    def spell_periods(self, slots: Slots, valid_from: Days, valid_to: Days, places: Places, begins: Places, masks: Integers) -> None: ...

    def join_equal(self, persons: Persons, facts: Integers, masks: Integers) -> int: ...


class MonthLayers:
    """The layers of a fact table for the years of a layout."""

    def __init__(self, folder: Path, facts: FactTable, layout: Layout, loops: LayerLoops) -> None:
        self._loops = loops
        self._folder, self._digests, self._fields = folder, facts.digests, fields_of(facts)
        self._kind = hashlib.sha256(f"{VERSION} {self._fields}".encode()).hexdigest()[:12]
        self._years = layout.years

    @classmethod
    def of(cls, facts: FactTable, layout: Layout, loops: LayerLoops) -> MonthLayers | None:
        """None if the plan asks for days, for a column that a layer leaves out, or if nothing may be derived from the facts."""
        if facts.layers is None or not 0 < len(layout.years) <= MOST_YEARS:
            return None
        known = {field.column for field in fields_of(facts)}
        return cls(facts.layers, facts, layout, loops) if known.issuperset(layout.classes) else None

    def read_blocks(self, files: Sequence[Path]) -> Iterator[Rows]:
        """The layers of fact files as rows; layers that are not there are derived.

        Raises: ValueError if values do not fit; OSError if a layer cannot be written.
        """
        tables = [self._open(path) for path in files]
        runs = [
            Run(str(path), self._rows(by_year[year], place))
            for path, by_year in zip(files, tables, strict=True)
            for place, year in enumerate(self._years)
        ]
        return whole_persons(runs)

    def _open(self, path: Path) -> dict[int, pa.Table]:
        found = {year: _read(self._place(path, year)) for year in self._years}
        missing = [year for year, table in found.items() if table is None]
        derived = dict(zip(missing, derive(path, self._fields, missing, self._loops), strict=True)) if missing else {}
        for year, table in derived.items():
            _write(Path(self._place(path, year)), table)
        return {year: table if table is not None else derived[year] for year, table in found.items()}

    def _place(self, path: Path, year: int) -> str:
        """No Path: to put one together takes as long as to read a small layer."""
        return f"{self._folder}/{self._digests[path]}/{year}-{self._kind}.months"

    def _rows(self, table: pa.Table, place: int) -> Iterator[Rows]:
        for batch in table.to_batches(max_chunksize=kernel_rows.ROWS_AT_ONCE):
            persons, facts, months = (np.asarray(column) for column in batch.columns)
            time = months if place == 0 else months.astype(np.int32) + np.int32(place * SETS_OF_MONTHS)
            yield Rows(persons, (time,), {PACKED: facts}, self._fields)


def derive(path: Path, fields: Sequence[Field], years: Sequence[int], loops: LayerLoops) -> list[pa.Table]:
    """The layers of a fact file, one for each year. Raises: ValueError if a value does not fit its field."""
    months = [slots_of(Period.parse(str(year)).parts("M")) for year in years]
    parts: list[list[pa.RecordBatch]] = [[] for _ in years]
    repeats = Repeats(loops)
    for rows in read_blocks([path], {field.column: StoredColumn.of(field.column) for field in fields}):
        fewer = repeats.left_out(rows)
        facts = _packed(fewer, fields)
        for slots, batches_of_year in zip(months, parts, strict=True):
            batches_of_year.append(_layer(fewer, facts, slots, _schema(fields), loops))
    return [pa.Table.from_batches(part, _schema(fields)) for part in parts]


def _schema(fields: Sequence[Field]) -> pa.Schema:
    width = pa.uint32() if sum(field.bits for field in fields) <= 32 else pa.uint64()
    columns = {PERSON: pa.uint32(), PACKED: width, "months": pa.uint16()}
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def _packed(rows: Rows, fields: Sequence[Field]) -> Integers:
    facts = np.zeros(len(rows), np.int64)
    for field in fields:
        facts |= field.packed(rows.ordinals[field.column].astype(np.int64))
    return facts


def _layer(rows: Rows, facts: Integers, months: Slots, schema: pa.Schema, loops: LayerLoops) -> pa.RecordBatch:
    """Each combination of a person with all its months."""
    valid_from, valid_to = rows.time
    masks = np.empty(len(rows), np.int64)
    places, _, begins = every(rows)
    loops.spell_periods(months, valid_from, valid_to, places, begins, masks)
    columns: tuple[Array, ...] = (rows.persons.copy(), facts.copy(), masks)
    left = loops.join_equal(*columns)
    kinds = (field.type.to_pandas_dtype() for field in schema)
    return pa.record_batch([pa.array(column[:left].astype(kind)) for column, kind in zip(columns, kinds, strict=True)], schema=schema)


def _read(place: str) -> pa.Table | None:
    """None if there is no such layer, or a damaged one."""
    try:
        with FileIO(place) as file:
            content = memoryview(file.read())
    except FileNotFoundError:
        return None
    layer = content[DIGEST_BYTES:]
    return pa.ipc.open_file(pa.py_buffer(layer)).read_all() if hashlib.sha256(layer).digest() == content[:DIGEST_BYTES] else None


def _write(path: Path, table: pa.Table) -> None:
    """Put a whole layer in place; what others have put there meanwhile is the same."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    make_folders(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(hashlib.sha256(content).digest())
        file.write(content)
    Path(name).replace(path)
