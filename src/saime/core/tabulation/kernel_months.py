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
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from saime.core.durable import make_folders
from saime.core.model.period import Period
from saime.core.tabulation import kernel_rows
from saime.core.tabulation.kernel_layout import SETS_OF_MONTHS, Layout, Slots, slots_of
from saime.core.tabulation.kernel_membership import ColumnClasses, Integers
from saime.core.tabulation.kernel_repeats import Distinct, RowLoops
from saime.core.tabulation.kernel_rows import Array, Days, Persons, Rows, Run, batches, days, ordinals_of_numbers, whole_persons
from saime.core.warehouse.facts import PERSON, VALID_FROM, VALID_TO, FactTable

VERSION = 1
MOST_BITS = 62
WIDEST_RANGE = 1 << 10  # numbers with more values, such as amounts, would make every row a combination of its own
MOST_YEARS = 4  # of a plan; with more, spells are looked up in the rows
DIGEST_BYTES = 32


@dataclass(frozen=True)
class Field:
    """A column within ``facts``: its value less ``low``, shifted. The highest value of its bits stands for an empty one."""

    column: str
    shift: int
    bits: int
    low: int = 0

    @property
    def empty(self) -> int:
        return (1 << self.bits) - 1

    def values(self, column: pa.Array) -> Integers:
        """Raises: ValueError if a value does not fit."""
        numbers = column.cast(pa.int32()) if not pa.types.is_integer(column.type) else column
        found = np.asarray(pc.fill_null(numbers.cast(pa.int64()), self.low)) - self.low
        if ((found < 0) | (found >= self.empty)).any():
            raise ValueError(f"a value of column {self.column} does not fit into {self.bits} bits")
        return np.where(np.asarray(column.is_null()), self.empty, found) if column.null_count else found

    def ordinals(self, classes: ColumnClasses) -> Array:
        """The ordinal of each value of the field."""
        values = pa.array(np.arange(self.empty) + self.low, pa.int32())
        known = np.asarray(values) if classes.bounds is None else ordinals_of_numbers(values, classes.bounds)
        return np.append(np.minimum(known, classes.empty), classes.empty).astype(np.int32)


def fields_of(facts: FactTable) -> tuple[Field, ...]:
    """Columns of codes, of truth values and of numbers with a narrow range, in the contract's order, as far as they fit."""
    fields: list[Field] = []
    shift = 0
    for column in facts.feed.stored_columns:
        low, values = 0, {"code": len(facts.code_lists.get(column.name, ())), "boolean": 2}.get(column.type, 0)
        if column.type == "integer" and column.minimum is not None and column.maximum is not None:
            low, values = column.minimum, column.maximum - column.minimum + 1
        if values > 0 and (column.type == "code" or values <= WIDEST_RANGE) and shift + values.bit_length() <= MOST_BITS:
            fields.append(Field(column.name, shift, values.bit_length(), low))
            shift += values.bit_length()
    return tuple(fields)


class LayerLoops(RowLoops, Protocol):
    def spell_periods(self, slots: Slots, valid_from: Days, valid_to: Days) -> Integers: ...

    def join_equal(self, persons: Persons, facts: Integers, masks: Integers) -> int: ...


class MonthLayers:
    """The layers of a fact table for the years of a layout."""

    def __init__(self, folder: Path, facts: FactTable, layout: Layout, loops: LayerLoops) -> None:
        self._loops = loops
        self._folder, self._digests, self._fields = folder, facts.digests, fields_of(facts)
        self._years, self._classes = layout.years, layout.classes
        self._tables = [(field, field.ordinals(layout.classes[field.column])) for field in self._fields if field.column in layout.classes]

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
        found = {year: _read(self._path(path, year)) for year in self._years}
        missing = [year for year, table in found.items() if table is None]
        derived = dict(zip(missing, derive(path, self._fields, missing, self._loops), strict=True)) if missing else {}
        for year, table in derived.items():
            _write(self._path(path, year), table)
        return {year: table if table is not None else derived[year] for year, table in found.items()}

    def _path(self, path: Path, year: int) -> Path:
        layout = hashlib.sha256(f"{VERSION} {self._fields}".encode()).hexdigest()[:12]
        return self._folder / self._digests[path] / f"{year}-{layout}.months"

    def _rows(self, table: pa.Table, place: int) -> Iterator[Rows]:
        for batch in table.to_batches(max_chunksize=kernel_rows.ROWS_AT_ONCE):
            facts, months = np.asarray(batch.column("facts")), np.asarray(batch.column("months"))
            time = months if place == 0 else months.astype(np.int32) + np.int32(place * SETS_OF_MONTHS)
            ordinals = {f.column: table[facts >> facts.dtype.type(f.shift) & facts.dtype.type(f.empty)] for f, table in self._tables}
            yield Rows(np.asarray(batch.column(PERSON)), (time,), ordinals)


def derive(path: Path, fields: Sequence[Field], years: Sequence[int], loops: LayerLoops) -> list[pa.Table]:
    """The layers of a fact file, one for each year. Raises: ValueError if a value does not fit its field."""
    months = [slots_of(Period.parse(str(year)).parts("M")) for year in years]
    parts: list[list[pa.RecordBatch]] = [[] for _ in years]
    repeats = Distinct(loops)
    for rows in whole_persons([Run(str(path), _packed(path, fields))]):
        fewer = repeats.take(rows)
        for slots, batches_of_year in zip(months, parts, strict=True):
            batches_of_year.append(_layer(fewer, slots, _schema(fields), loops))
    return [pa.Table.from_batches(part, _schema(fields)) for part in parts]


def _packed(path: Path, fields: Sequence[Field]) -> Iterator[Rows]:
    for batch in batches(path, [PERSON, VALID_FROM, VALID_TO, *(field.column for field in fields)], kernel_rows.ROWS_AT_ONCE):
        facts = np.zeros(len(batch), np.int64)
        for field in fields:
            facts |= field.values(batch.column(field.column)) << field.shift
        yield Rows(np.asarray(batch.column(PERSON)), (days(batch.column(VALID_FROM)), days(batch.column(VALID_TO))), {"facts": facts})


def _schema(fields: Sequence[Field]) -> pa.Schema:
    width = pa.uint32() if sum(field.bits for field in fields) <= 32 else pa.uint64()
    columns = {PERSON: pa.uint32(), "facts": width, "months": pa.uint16()}
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def _layer(rows: Rows, months: Slots, schema: pa.Schema, loops: LayerLoops) -> pa.RecordBatch:
    """Each combination of a person with all its months."""
    valid_from, valid_to = rows.time
    columns: tuple[Array, ...] = (rows.persons.copy(), rows.ordinals["facts"].copy(), loops.spell_periods(months, valid_from, valid_to))
    left = loops.join_equal(*columns)
    kinds = (field.type.to_pandas_dtype() for field in schema)
    return pa.record_batch([pa.array(column[:left].astype(kind)) for column, kind in zip(columns, kinds, strict=True)], schema=schema)


def _read(path: Path) -> pa.Table | None:
    """None if there is no such layer, or a damaged one."""
    try:
        content = memoryview(path.read_bytes())
    except FileNotFoundError:
        return None
    if hashlib.sha256(content[DIGEST_BYTES:]).digest() != content[:DIGEST_BYTES]:
        return None
    with pa.ipc.open_file(pa.py_buffer(content[DIGEST_BYTES:])) as file:
        return file.read_all()


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
