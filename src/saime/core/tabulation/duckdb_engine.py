"""Counting in SQL, a group of partitions at a time; partitions are by person, so their counts add up exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from saime.core.errors import TryLater
from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.contributions import Contributions
from saime.core.tabulation.duckdb_query import (
    PERIODS_AT_ONCE,
    RECORD_KEY,
    RECORD_KEYS,
    add_record_keys_query,
    contributions_query,
    count_persons_query,
    unknown_persons_query,
)
from saime.core.tabulation.engines import CellKeys, Progress
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import PERSON, FactTable
from saime.core.warehouse.record_keys import RecordKeyTable, unknown_person

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DuckDBEngine:
    """Settings that bound time and memory; the result does not depend on them.

    ``group_bytes``: size of the Parquet files counted in one query; a larger partition is counted alone.
    ``scratch``: a folder as well protected as the warehouse to spill to; without it nothing is ever written to disk.
    """

    memory_limit: str = "1500MiB"
    threads: int = 2
    group_bytes: int = 16 * 2**20
    scratch: Path | None = None

    def tabulate(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> FrequencyTable:
        """Count the distinct persons of each cell. Raises: TryLater if the memory limit is too low for a group of partitions."""
        counts = np.zeros(specification.structure.size, np.int64)
        for cells, persons in self._results(show_sql(specification), specification.groups(facts), progress):
            counts[cells] += persons
        return specification.table(counts.tolist())

    def add_up(self, specification: Specification, facts: FactTable, *, ordered: bool, progress: Progress | None = None) -> Contributions:
        """Add up the amounts of each person in each cell. Raises: as above."""
        result = Contributions(specification.structure.size, ordered=ordered)
        for cells, values, persons in self._results(show_sql(specification), facts.partitions, progress):
            result.take(cells, values, persons)
        return result

    def add_record_keys(
        self, specification: Specification, facts: FactTable, keys: RecordKeyTable, *, progress: Progress | None = None
    ) -> CellKeys:
        """Add up the record keys of the distinct persons of each cell. Raises: as above."""
        sums = np.zeros(specification.structure.size, np.uint32)
        queries = [add_record_keys_query(specification, first) for first in range(0, len(specification.periods), PERIODS_AT_ONCE)]
        for cells, added in self._results(queries, facts.partitions, progress, keys):
            sums[cells] += added.astype(np.uint32)
        return sums

    def _results(
        self,
        queries: Sequence[str],
        partitions: Sequence[tuple[Path, ...]],
        progress: Progress | None,
        keys: RecordKeyTable | None = None,
    ) -> Iterator[list[Integers]]:
        """The columns of each query's answer, for one group of partitions after another."""
        done = 0
        with self._connect() as connection:
            if keys is not None:
                connection.register(RECORD_KEYS.strip('"'), pa.table({PERSON: keys.numbers, RECORD_KEY.strip('"'): keys.keys}))
            for group in _groups(partitions, self.group_bytes):
                files = [str(path) for partition in group for path in partition]
                if keys is not None:
                    self._check_have_keys(connection, files)
                yield from self._answers(connection, queries, files)
                done += len(group)
                if progress:
                    progress(done, len(partitions))

    def _check_have_keys(self, connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
        """Raises: BadInput for persons without a record key, whom a join would leave out in silence."""
        if any(rows[0] for (rows,) in self._answers(connection, [unknown_persons_query()], files)):
            raise unknown_person()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        settings = {"threads": str(self.threads), "memory_limit": self.memory_limit, "temp_directory": str(self.scratch or "")}
        return duckdb.connect(config={**settings, "preserve_insertion_order": "false"})

    def _answers(self, connection: duckdb.DuckDBPyConnection, queries: Sequence[str], files: list[str]) -> Iterator[list[Integers]]:
        for query in queries if files else ():
            try:
                columns = connection.execute(query, {"files": files}).fetchnumpy()
                yield [np.asarray(column, np.int64) for column in columns.values()]
            except duckdb.OutOfMemoryException as error:
                fix = "raise the memory limit, give a scratch folder, or load into more partitions"
                raise TryLater(f"counting needs more memory than {self.memory_limit}", where="step count_persons", fix=fix) from error


def show_sql(specification: Specification) -> list[str]:
    """The queries that the engine runs for each group of partitions: one, or more when there are very many periods."""
    query = count_persons_query if specification.amount is None else contributions_query
    return [query(specification, first) for first in range(0, len(specification.periods), PERIODS_AT_ONCE)]


def _groups(partitions: Sequence[tuple[Path, ...]], limit: int) -> Iterator[list[tuple[Path, ...]]]:
    """Neighbouring partitions together as long as their files stay below the limit."""
    group: list[tuple[Path, ...]] = []
    size = 0
    for partition in partitions:
        weight = sum(path.stat().st_size for path in partition)
        if group and size + weight > limit:
            yield group
            group, size = [], 0
        group.append(partition)
        size += weight
    if group:
        yield group
