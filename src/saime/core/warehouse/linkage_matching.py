"""Which persons of a load are in a register: sorted person numbers of each partition, merged.

Both loads are partitioned and sorted by person, so partitions are matched one by one and their counts add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.warehouse.facts import PERSON
from saime.core.warehouse.manifest import StoredFile, StoredLoad

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.int64]
PARTITIONS_AT_ONCE = 2
EMPTY = -1  # stands for an empty value


@dataclass(frozen=True)
class Persons:
    """The persons of one partition of a load, each once and in the order of their numbers, with values of their first row."""

    numbers: Values
    values: dict[str, Values]


@dataclass
class Matched:
    """Distinct persons of a load. ``persons_by`` and ``matched_by``: by column and stored value, EMPTY where it is empty;
    ``differs``: matched persons whose value is another one than the register's, by column."""

    persons: int = 0
    matched: int = 0
    persons_by: dict[str, Counter[int]] = field(default_factory=dict)
    matched_by: dict[str, Counter[int]] = field(default_factory=dict)
    differs: Counter[str] = field(default_factory=Counter)

    def add(self, other: Matched) -> None:
        self.persons += other.persons
        self.matched += other.matched
        self.differs.update(other.differs)
        for mine, others in ((self.persons_by, other.persons_by), (self.matched_by, other.matched_by)):
            for column, counts in others.items():
                mine.setdefault(column, Counter()).update(counts)


@dataclass(frozen=True)
class Source:
    """Where loads lie: the warehouse's folder, and the codes of each code list that they refer to, by its key."""

    root: Path
    code_lists: dict[str, tuple[str, ...]]

    def codes(self, load: StoredLoad, column: str) -> tuple[str, ...]:
        return self.code_lists[load.code_lists[column]]


def match(source: Source, load: StoredLoad, register: StoredLoad, by: Iterable[str], agree: Iterable[str]) -> Matched:
    """Look up the persons of a load in a register. ``agree`` are columns of both with code lists of the same codes."""
    by, same = tuple(by), {column: _translation(source, load, register, column) for column in agree}
    in_register = {file.partition: file for file in register.files}

    def match_one(file: StoredFile) -> Matched:
        persons = persons_of(source, load, file, (*by, *same))
        other = in_register.get(file.partition)
        return _matched(persons, persons_of(source, register, other, same) if other else None, by, same)

    total = Matched()
    with ThreadPoolExecutor(PARTITIONS_AT_ONCE) as pool:
        for part in pool.map(match_one, load.files):
            total.add(part)
    return total


def persons_of(source: Source, load: StoredLoad, file: StoredFile, columns: Iterable[str]) -> Persons:
    """The persons of one partition of a load. The only place that knows how a load keeps its persons: rows sorted by number."""
    names = list(dict.fromkeys(columns))
    with pq.ParquetFile(source.root / load.folder / file.name, memory_map=True, page_checksum_verification=True) as facts:
        table = facts.read([PERSON, *names], use_threads=False)  # another thread reads another partition
    numbers = np.asarray(table.column(PERSON))
    is_first = np.ones(len(numbers), np.bool_)
    is_first[1:] = numbers[1:] != numbers[:-1]
    values = {name: _numbers(table.column(name).combine_chunks(), is_first) for name in names}
    return Persons(numbers[is_first].astype(np.int64), values)


def _numbers(column: pa.Array, chosen: Mask) -> Values:
    if column.null_count:
        column = column.cast(pa.int32()).fill_null(EMPTY)
    return np.asarray(column)[chosen].astype(np.int64)


def _matched(persons: Persons, register: Persons | None, by: tuple[str, ...], same: dict[str, Values]) -> Matched:
    found, place = _find(persons, register) if register else (np.zeros(len(persons.numbers), np.bool_), None)
    result = Matched(len(found), int(found.sum()))
    for column in by:
        result.persons_by[column] = _tally(persons.values[column])
        result.matched_by[column] = _tally(persons.values[column][found])
    if register is not None and place is not None:
        for column, translation in same.items():
            theirs = translation[register.values[column][place[found]]]
            result.differs[column] = int((persons.values[column][found] != theirs).sum())
    return result


def _find(persons: Persons, register: Persons) -> tuple[Mask, Values]:
    """Which persons are in the register, and where."""
    if not len(register.numbers):
        return np.zeros(len(persons.numbers), np.bool_), np.zeros(len(persons.numbers), np.int64)
    place = np.minimum(np.searchsorted(register.numbers, persons.numbers), len(register.numbers) - 1).astype(np.int64)
    return np.asarray(register.numbers[place] == persons.numbers), place


def _tally(values: Values) -> Counter[int]:
    if not len(values):
        return Counter()
    lowest = int(values.min())
    counts = np.bincount(values - lowest)
    return Counter({lowest + int(step): int(counts[step]) for step in np.flatnonzero(counts)})


def _translation(source: Source, load: StoredLoad, register: StoredLoad, column: str) -> Values:
    """For each position in the register's code list the load's position of the same code. The last place is for EMPTY."""
    mine = {code: position for position, code in enumerate(source.codes(load, column))}
    return np.array([*(mine.get(code, -2) for code in source.codes(register, column)), EMPTY], np.int64)
