"""Counting on a Spark cluster through Spark Connect: Spark gives out the numbers of partitions, or of shares of the households, and
repeats what fails; its workers read the files themselves and run the kernel (docs/adr/0013). Nothing but small arrays comes back, and
they add up exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from saime import __version__
from saime.core.errors import BadInput, TryLater
from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.contributions import Contributions
from saime.core.tabulation.engines import CellKeys, Progress
from saime.core.tabulation.kernel import best_loops
from saime.core.tabulation.kernel_cubes import Cube, Cubes, persons_by_cell
from saime.core.tabulation.kernel_households import shares_of
from saime.core.tabulation.kernel_layout import lay_out
from saime.core.tabulation.spark_keys import Seal, closed_by_partition
from saime.core.tabulation.spark_session import connect, cores, disconnect, server_of
from saime.core.tabulation.spark_worker import (
    ANSWER_IN_SPARK,
    Answer,
    Task,
    add_to_contributions,
    add_to_cubes,
    add_to_keys,
    count_partitions,
)
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.record_keys import RecordKeyTable

SMALLEST = 16  # of a task of full size: a task costs some 50 ms


@dataclass(frozen=True)
class SparkEngine:
    """``remote``: address of a Spark Connect server, sc://host:port, with parameters after ``/;`` if it needs any.

    ``task_bytes``: of Parquet for one task, at most, about; it changes the time, never the result.
    """

    remote: str = field(repr=False)  # may hold a token
    task_bytes: int = 16 * 2**20

    def tabulate(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> FrequencyTable:
        """Count the distinct persons of each cell.

        Raises: BadInput as the kernel does, without the extra, or without a usable address; TryLater if Spark does not answer or
        gives up.
        """
        return specification.table(self.count(specification, facts, progress=progress).reshape(-1).tolist())

    def count(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> Cube:
        """The same as an array. Shape: the structure's. Unit: persons."""
        layout = lay_out(specification, facts)
        totals = [Cubes(layout.trees, slots) for slots in layout.slots]
        shares = () if specification.counts_persons else tuple(shares_of(facts))
        self._run(Task(specification, facts, __version__, shares), partial(add_to_cubes, totals), progress)
        return persons_by_cell(layout, totals, best_loops())

    def add_up(self, specification: Specification, facts: FactTable, *, ordered: bool, progress: Progress | None = None) -> Contributions:
        """Add up the amounts of each person in each cell. Raises: as ``tabulate``."""
        total = Contributions(specification.structure.size, ordered=ordered)
        self._run(Task(specification, facts, __version__, ordered=ordered), partial(add_to_contributions, total), progress)
        return total

    def add_record_keys(
        self, specification: Specification, facts: FactTable, keys: RecordKeyTable, *, progress: Progress | None = None
    ) -> CellKeys:
        """Add up the record keys of the distinct persons of each cell. Raises: as ``tabulate``."""
        total, seal = np.zeros(specification.structure.size, np.uint32), Seal()
        task = Task(specification, facts, __version__, seal=seal)
        self._run(task, partial(add_to_keys, total), progress, closed_by_partition(seal, facts, keys))
        return total

    def _run(self, task: Task, add: Callable[[Answer], None], progress: Progress | None, closed: pa.Table | None = None) -> None:
        """Give out the numbers, or rows of numbers and sealed record keys, and add what comes back."""
        for done, _ in enumerate(_numbers_done(self._answers(task, closed), add, task.size), start=1):
            if progress:
                progress(done, task.size)

    def _answers(self, task: Task, closed: pa.Table | None) -> Iterator[Any]:
        session = connect(self.remote)
        from pyspark.errors import PySparkException, PythonException

        try:
            tasks = task.size if task.shares else self.tasks_for(task.facts.partitions, cores(self.remote))
            rows = session.range(0, task.size, 1, tasks) if closed is None else session.createDataFrame(closed).repartition(tasks)
            yield from rows.mapInArrow(_function(task), ANSWER_IN_SPARK).toLocalIterator()
        except PySparkException as error:
            if not isinstance(error, PythonException):  # after that one the session is as good as before, and its workers are warm
                disconnect(self.remote)
            raise _given_up(error, server_of(self.remote)) from error

    def tasks_for(self, partitions: Sequence[Sequence[Path]], cores: int) -> int:
        """So many for each core, that all cores end together; fewer where a task would be smaller than what it costs to start one."""
        size = sum(path.stat().st_size for files in partitions for path in files)
        of_each = ceil(size / self.task_bytes / cores)
        most = size // max(1, self.task_bytes // SMALLEST)
        return max(1, min(len(partitions), most, of_each * cores))


def _function(task: Task) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """A function that takes its whole meaning from Saime on the worker, and only its arguments from here."""

    def count(batches: Iterable[Any]) -> Iterator[Any]:
        return count_partitions(task, batches)

    return count


def _numbers_done(answers: Iterable[Any], add: Callable[[Answer], None], size: int) -> Iterator[int]:
    """Add up what comes; each number as soon as it is told. Raises: BadInput for what a worker found wrong."""
    told = np.zeros(size, np.int64)
    for row in answers:
        if row.fault is not None:
            raise BadInput(**json.loads(row.fault))
        if row.part is not None:
            add(row.asDict())
        else:
            told[row.done] += 1
            yield row.done
    if (told != 1).any():
        raise TryLater("Spark left a part of the work out or gave one twice", where="engine spark", fix="run again, or use another engine")


def _given_up(error: Exception, server: str) -> TryLater:
    """Names the kind of the last error only: what a server says may be long, and is in its log."""
    kinds = re.findall(r"^\s*((?:\w+\.)+\w+|\w+(?:Error|Exception))(?::|$)", str(error), re.M)
    told = kinds[-1] if kinds else type(error).__name__
    fix = "see Spark's log; each worker needs Saime and the warehouse under the same path (docs/how-to/count-on-spark.md)"
    return TryLater(f"Spark could not count: {told}", where=f"Spark at {server}", fix=fix)
