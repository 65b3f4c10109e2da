"""The definition of a correct count: plain Python, row by row, one set of persons for each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.contributions import Contributions
from saime.core.tabulation.engines import CellKeys, Progress
from saime.core.tabulation.specification import CountedDimension, Specification, Stored
from saime.core.tabulation.time import touches
from saime.core.warehouse.facts import PERSON, VALID_FROM, VALID_TO, FactTable
from saime.core.warehouse.record_keys import KEY_RANGE, RecordKeyTable


class Row(NamedTuple):
    valid_from: date
    valid_to: date | None
    values: dict[str, Stored]


class ReferenceEngine:
    """Holds every person of every cell in memory, so it suits some hundred thousand rows, tests and second opinions."""

    def tabulate(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> FrequencyTable:
        """Count the distinct persons of each cell. Raises: OSError if a partition cannot be read."""
        persons: list[set[int]] = [set() for _ in range(specification.structure.size)]
        groups = specification.groups(facts)
        for done, files in enumerate(groups, start=1):
            for person, rows in _by_person(files, specification.columns, specification.counts).items():
                for cell in _cells_of_person(specification, rows):
                    persons[cell].add(person)
            if progress:
                progress(done, len(groups))
        return specification.table([len(members) for members in persons])

    def add_up(self, specification: Specification, facts: FactTable, *, ordered: bool, progress: Progress | None = None) -> Contributions:
        """Add up the amounts of each person in each cell. Raises: OSError if a partition cannot be read."""
        amount = str(specification.amount)
        result = Contributions(specification.structure.size, ordered=ordered)
        for done, files in enumerate(facts.partitions, start=1):
            added: dict[tuple[int, int], int] = {}
            for person, rows in _by_person(files, (*specification.columns, amount)).items():
                for row in rows:
                    if row.values[amount] is not None:
                        for cell in _cells_of_person(specification, [row]):
                            added[cell, person] = added.get((cell, person), 0) + int(row.values[amount] or 0)
            cells, values = np.array([cell for cell, _ in added], np.int64), np.array(list(added.values()), np.int64)
            result.take(cells, values, np.ones(len(cells), np.int64))
            if progress:
                progress(done, len(facts.partitions))
        return result

    def add_record_keys(
        self, specification: Specification, facts: FactTable, keys: RecordKeyTable, *, progress: Progress | None = None
    ) -> CellKeys:
        """Add up the record keys of the distinct persons of each cell. Raises: OSError if a partition cannot be read."""
        sums = [0] * specification.structure.size
        for done, files in enumerate(facts.partitions, start=1):
            for person, rows in _by_person(files, specification.columns).items():
                key = int(keys.of(np.array([person], np.uint32))[0])
                for cell in set(_cells_of_person(specification, rows)):
                    sums[cell] += key
            if progress:
                progress(done, len(facts.partitions))
        return np.array([total % KEY_RANGE for total in sums], np.uint32)


def _by_person(files: Sequence[Path], columns: tuple[str, ...], counts: str = PERSON) -> dict[int, list[Row]]:
    """The rows of some files, those of a person together, or of a household."""
    persons: dict[int, list[Row]] = {}
    for path in files:
        for person, row in _rows(path, columns, counts):
            persons.setdefault(person, []).append(row)
    return persons


def _rows(path: Path, columns: tuple[str, ...], counts: str) -> Iterator[tuple[int, Row]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=[counts, VALID_FROM, VALID_TO, *columns]):
            values = zip(*(batch.column(name).to_pylist() for name in columns), strict=True) if columns else [()] * len(batch)
            spells = zip(batch.column(VALID_FROM).to_pylist(), batch.column(VALID_TO).to_pylist(), strict=True)
            for person, (valid_from, valid_to), row in zip(batch.column(counts).to_pylist(), spells, values, strict=True):
                if person is not None:
                    yield person, Row(valid_from, valid_to, dict(zip(columns, row, strict=True)))


def _cells_of_person(specification: Specification, rows: Sequence[Row]) -> Iterator[int]:
    """The cells of the person with these rows, as positions in the structure; a cell may come again."""
    passing = [row for row in rows if all(test.holds(row.values[test.column]) for test in specification.filter)]
    for position, period in enumerate(specification.periods):
        touching = [row for row in passing if touches(period, row.valid_from, row.valid_to)]
        for row in touching:
            codes = [_codes(d, touching if d.per_person else [row]) for d in specification.dimensions]
            for cell in product(*codes, [position]):
                yield sum(code * stride for code, stride in zip(cell, specification.structure.strides, strict=True))


def _codes(dimension: CountedDimension, rows: Sequence[Row]) -> set[int]:
    """The leaves whose every test some row passes, and all their ancestors."""
    leaves = [leaf for leaf in dimension.leaves if any(all(test.holds(row.values[test.column]) for test in leaf.tests) for row in rows)]
    return {code for leaf in leaves for code in leaf.lineage}
