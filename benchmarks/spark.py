"""Lines about Spark, where setting SAIME_SPARK_REMOTE names one: the kernel in its workers against one machine, and against its own SQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.competitors import grouping_sets_query
from benchmarks.data import Table, make_table
from benchmarks.measure import Line, paired
from saime.core.tabulation.kernel import KernelEngine
from saime.core.tabulation.spark_engine import SparkEngine
from saime.core.tabulation.spark_session import connect

RUNS = 5
ROWS_OF_SQL = 1_000_000  # at most: grouping sets take minutes


def lines(folder: Path, rows: int) -> Iterator[Line]:
    if remote := os.environ.get("SAIME_SPARK_REMOTE"):
        yield _against_one_machine(_table(folder / "all", rows), remote)
        yield _against_grouping_sets(_table(folder / "some", min(rows, ROWS_OF_SQL)), remote)
    else:
        missing = "not measured: SAIME_SPARK_REMOTE names no Spark"
        yield Line("kernel on Spark against one machine", missing, f"{rows:,} rows", 2, None, at_most=True)
        yield Line("kernel on Spark against its own SQL", missing, f"{min(rows, ROWS_OF_SQL):,} rows", 200, None, at_most=False)


def _table(folder: Path, rows: int) -> Table:
    folder.mkdir()
    return make_table(folder, rows)


def _count(engine: SparkEngine | KernelEngine, table: Table) -> Any:
    return engine.count(table.specification, table.facts).reshape(-1)


def _against_one_machine(table: Table, remote: str) -> Line:
    spark, kernel = SparkEngine(remote), KernelEngine()
    _count(spark, table)  # a second warm-up: the first may have reached some workers only
    ours, theirs = paired(lambda: _count(spark, table), lambda: _count(kernel, table), RUNS, same=np.array_equal)
    return Line("kernel on Spark against one machine", "kernel", f"{table.rows:,} rows", 2, ours / theirs, at_most=True)


def _against_grouping_sets(table: Table, remote: str) -> Line:
    spark = SparkEngine(remote)
    ours, theirs = paired(lambda: _count(spark, table), lambda: grouping_sets(table, remote), RUNS, 1, np.array_equal)
    compared, at = "Spark, COUNT(DISTINCT) over 144 grouping sets", f"{table.rows:,} rows"
    return Line("kernel on Spark against its own SQL", compared, at, 200, theirs / ours, at_most=False)


def grouping_sets(table: Table, remote: str) -> Any:
    """The same query as DuckDB's."""
    query = grouping_sets_query(table, "{facts}", lambda codes, name: f"element_at(array({str(codes)[1:-1]}), cast({name} as int) + 1)")
    session = connect(remote)
    found = session.sql(query, facts=session.read.parquet(*table.files)).toArrow()
    cube = np.zeros(table.specification.structure.size, np.int64)
    cube[found["cell"].to_numpy()] = found["persons"].to_numpy()
    return cube
