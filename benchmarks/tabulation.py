"""Lines about counting distinct persons: 108,000 cells in 12 months and the year, all margins, Parquet to finished cube."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import competitors
from benchmarks.data import Table, make_table
from benchmarks.measure import Line, paired
from saime.core.tabulation.kernel import Counter, KernelEngine, array_loops, best_loops
from saime.core.tabulation.kernel_layout import lay_out
from saime.core.tabulation.kernel_rows import Rows, read_blocks

RUNS = 5
SLOW = 3_000_000  # rows; from here a competitor runs once


def lines(folder: Path, rows: int) -> Iterator[Line]:
    table = make_table(folder, rows)
    at = f"{table.rows:,} rows"
    yield from _against_duckdb(table, at)
    yield _against_decoding(table, at)
    yield _against_memcpy(table, at)
    yield _memory(folder, at)


def _against_duckdb(table: Table, at: str) -> Iterator[Line]:
    kernel, numpy_only = _count(table, KernelEngine()), _count(table, KernelEngine(loops=array_loops()))
    theirs = 1 if table.rows >= SLOW else 2
    ours, plain = paired(kernel, lambda: competitors.grouping_sets(table), RUNS, theirs, np.array_equal)
    yield Line("kernel against COUNT(DISTINCT)", "DuckDB, 144 grouping sets", at, 300, plain / ours, at_most=False)
    candidates = {c.__name__: _best_of(table, kernel, c, theirs) for c in (competitors.patterns, competitors.depth_by_depth)}
    name = min(candidates, key=lambda candidate: candidates[candidate][1])
    ours, best = candidates[name]
    yield Line("kernel against the best DuckDB", f"DuckDB, {name.replace('_', ' ')}", at, 50, best / ours, at_most=False)
    arrays, _ = paired(numpy_only, kernel, RUNS, same=np.array_equal)
    yield Line("numpy path against COUNT(DISTINCT)", "DuckDB, 144 grouping sets", at, 30, plain / arrays, at_most=False)


def _best_of(table: Table, kernel: Callable[[], Any], competitor: Callable[[Table], Any], runs: int) -> tuple[float, float]:
    return paired(kernel, lambda: competitor(table), RUNS, runs, np.array_equal)


def _count(table: Table, engine: KernelEngine) -> Callable[[], Any]:
    return lambda: engine.count(table.specification, table.facts).reshape(-1)


def _against_decoding(table: Table, at: str) -> Line:
    classes = lay_out(table.specification, table.facts).classes

    def decode() -> int:
        with ThreadPoolExecutor(KernelEngine().threads) as pool:
            return sum(pool.map(lambda files: sum(len(rows) for rows in read_blocks(files, classes)), table.facts.partitions))

    ours, theirs = paired(_count(table, KernelEngine()), decode, RUNS)
    return Line("Parquet to cube against decoding alone", "pyarrow, the same columns and threads", at, 1.7, ours / theirs, at_most=True)


def _against_memcpy(table: Table, at: str) -> Line:
    """One thread, rows decoded before: person keys, spells and codes as they stand in memory."""
    layout = lay_out(table.specification, table.facts)
    blocks = [rows for files in table.facts.partitions[:16] for rows in read_blocks(files, layout.classes)]
    counter = Counter(layout, best_loops())
    ours, theirs = paired(lambda: [counter.add_rows(rows) for rows in blocks], lambda: [_copy(rows) for rows in blocks], RUNS)
    return Line("kernel alone against copying its rows", "memcpy, one thread", f"a quarter of {at}", 6, ours / theirs, at_most=True)


def _copy(rows: Rows) -> None:
    for column in rows.columns:
        column.copy()


def _memory(folder: Path, at: str) -> Line:
    """Peak of a process of its own above what it holds after a first count of almost nothing, less its cubes."""
    command = [sys.executable, str(Path(__file__).with_name("memory.py")), str(folder)]
    measured = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    return Line("memory above the libraries, without the cube", "MiB", at, 256, measured, at_most=True, unit="MiB")
