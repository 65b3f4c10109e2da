"""The definition of a correct count: plain Python, row by row, one set of persons for each cell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import pyarrow.parquet as pq

from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.engines import Progress
from saime.core.tabulation.specification import CountedDimension, Specification, Stored
from saime.core.tabulation.time import touches
from saime.core.warehouse.facts import PERSON, VALID_FROM, VALID_TO, FactTable

Row = dict[str, Stored]


class ReferenceEngine:
    """Holds every person of every cell in memory, so it suits some hundred thousand rows, tests and second opinions."""

    def tabulate(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> FrequencyTable:
        """Count the distinct persons of each cell. Raises: OSError if a partition cannot be read."""
        persons: list[set[int]] = [set() for _ in range(specification.structure.size)]
        for done, files in enumerate(facts.partitions, start=1):
            for path in files:
                for person, valid_from, valid_to, row in _rows(path, specification.columns):
                    for cell in _cells(specification, row, valid_from, valid_to):
                        persons[cell].add(person)
            if progress:
                progress(done, len(facts.partitions))
        return specification.table([len(members) for members in persons])


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, date, date | None, Row]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=[PERSON, VALID_FROM, VALID_TO, *columns]):
            values = zip(*(batch.column(name).to_pylist() for name in columns), strict=True) if columns else [()] * len(batch)
            spells = zip(batch.column(VALID_FROM).to_pylist(), batch.column(VALID_TO).to_pylist(), strict=True)
            for person, (valid_from, valid_to), row in zip(batch.column(PERSON).to_pylist(), spells, values, strict=True):
                yield person, valid_from, valid_to, dict(zip(columns, row, strict=True))


def _cells(specification: Specification, row: Row, valid_from: date, valid_to: date | None) -> Iterator[int]:
    """Every cell to which the row belongs in all dimensions at once, as a position in the structure."""
    if not all(test.holds(row[test.column]) for test in specification.filter):
        return
    codes = [_codes(dimension, row) for dimension in specification.dimensions]
    codes.append({position for position, period in enumerate(specification.periods) if touches(period, valid_from, valid_to)})
    for cell in product(*codes):
        yield sum(code * stride for code, stride in zip(cell, specification.structure.strides, strict=True))


def _codes(dimension: CountedDimension, row: Row) -> set[int]:
    """The leaves whose every test the row passes, and all their ancestors."""
    leaves = [leaf for leaf in dimension.leaves if all(test.holds(row[test.column]) for test in leaf.tests)]
    return {code for leaf in leaves for code in leaf.lineage}
