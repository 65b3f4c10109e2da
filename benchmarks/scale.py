"""Many partitions on one machine: what a partition costs beside its rows, and what merging cubes costs.

python benchmarks/scale.py ROWS [TIMES]

Sixty-four partitions of the benchmark's table are written and counted TIMES over (64 unless told: 4,096 partitions), by rows and
by layers of months, on one thread. Counts are checked: TIMES what the sixty-four alone give.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.data import Table, make_table
from benchmarks.tabulation import with_layers
from saime.core.tabulation.kernel import KernelEngine


def main(rows: int, times: int = 64) -> None:
    with tempfile.TemporaryDirectory(prefix="saime-scale-") as folder:
        table = make_table(Path(folder), rows)
        layered = with_layers(table, Path(folder) / "layers")
        for name, counted, engine in (("rows", table, KernelEngine(1, layers=False)), ("layers", layered, KernelEngine(1))):
            _report(name, counted, engine, times)
        _report_merge(table)


def _report(name: str, table: Table, engine: KernelEngine, times: int) -> None:
    once = engine.count(table.specification, table.facts)
    many = dataclasses.replace(table.facts, partitions=table.facts.partitions * times)
    seconds, counts = _timed(lambda: engine.count(table.specification, many))
    if not np.array_equal(counts, once * times):
        raise AssertionError("partitions do not add up")
    partitions, rows = len(many.partitions), table.rows * times
    print(f"{name}: {partitions} partitions, {rows} rows: {seconds:.2f} CPU s, {seconds / partitions * 1e3:.2f} ms a partition, ", end="")
    print(f"{seconds / rows * 1e9:.2f} ns a row")


def _report_merge(table: Table) -> None:
    engine = KernelEngine(1, layers=False)
    cubes = [
        engine.counted(table.specification, dataclasses.replace(table.facts, partitions=(files,))) for files in table.facts.partitions[:8]
    ]
    added, _ = _timed(lambda: [cubes[0].add(other) for other in cubes[1:]])
    summed, _ = _timed(cubes[0].persons_by_cell)
    size = sum(cube.terms.nbytes for cube in cubes[0].cubes) / 2**20
    print(f"merge: {added / 7 * 1e3:.2f} CPU ms to add a cube of {size:.1f} MiB; {summed * 1e3:.1f} CPU ms to sum up the trees, once")


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
