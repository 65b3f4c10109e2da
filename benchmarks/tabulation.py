"""Lines about counting distinct persons: 108,000 cells in 12 months and the year, all margins, Parquet to finished cube."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import competitors, other_engines
from benchmarks.data import FAMILIES, Table, make_table
from benchmarks.measure import Line, curve, in_turns, paired
from saime.core.model.dataset import DataStructure
from saime.core.tabulation.kernel import Counter, KernelEngine, array_loops, best_loops
from saime.core.tabulation.kernel_layout import lay_out
from saime.core.tabulation.kernel_months import MonthLayers
from saime.core.tabulation.kernel_rows import Rows, read_blocks
from saime.core.tabulation.specification import CountedDimension, Specification

RUNS = 5
SLOW = 500_000  # rows; from here a competitor runs once
SHARES = (0.125, 0.25, 0.5, 1.0)  # of the partitions
LARGE = 30_000_000  # rows; from here only competitors that end within minutes and memory run

OURS = ("rows", "layer of months", "rows, numpy")
PLAIN = "COUNT(DISTINCT) over grouping sets"

Count = Callable[[], Any]


def lines(folder: Path, rows: int) -> Iterator[Line]:
    table = make_table(folder, rows)
    layered = with_layers(table, folder / "layers")
    at = f"{table.rows:,} rows"
    yield from _against_engines(table, layered, at)
    yield from _against_decoding(table, layered, at)
    yield from _against_memcpy(table, layered, at)
    yield _correction(table, at)
    yield from _growth(table, at)
    yield from _roll_up(table)
    yield _memory(folder, at)


def with_layers(table: Table, folder: Path) -> Table:
    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for files in table.facts.partitions for path in files}
    return dataclasses.replace(table, facts=dataclasses.replace(table.facts, digests=digests, layers=folder))


def _count(table: Table, engine: KernelEngine) -> Count:
    return lambda: engine.count(table.specification, table.facts).reshape(-1)


def _competitors(table: Table) -> dict[str, Count]:
    """Those that are installed and end within minutes and the machine's memory."""
    with_persons_once = {"DuckDB, patterns of persons": competitors.patterns}
    if importlib.util.find_spec("chdb"):
        with_persons_once["ClickHouse, patterns of persons"] = other_engines.clickhouse_patterns
    if table.rows < LARGE:
        with_persons_once["DuckDB, depth by depth"] = competitors.depth_by_depth
        if importlib.util.find_spec("polars"):
            with_persons_once["Polars, patterns of persons"] = other_engines.polars_patterns
    return {name: (lambda run=run: run(table)) for name, run in with_persons_once.items()}


def _against_engines(table: Table, layered: Table, at: str) -> Iterator[Line]:
    engines = (KernelEngine(layers=False), KernelEngine(), KernelEngine(loops=array_loops(), layers=False))
    works = {name: _count(layered if engine.layers else table, engine) for name, engine in zip(OURS, engines, strict=True)}
    others = _competitors(table)
    plain = {PLAIN: lambda: competitors.grouping_sets(table)} if table.rows < LARGE else {}
    slow = (*others, *plain) if table.rows >= SLOW else ()
    seconds = in_turns({**works, **others, **plain}, RUNS, slow, np.array_equal)
    best = min(others, key=lambda name: seconds[name])
    missing = [name for name in ("polars", "chdb") if not importlib.util.find_spec(name)]
    compared = f"{best}, best of {len(others)}" + (f"; not installed: {', '.join(missing)}, {other_engines.INSTALL}" if missing else "")
    for name in OURS[:2]:
        if plain:
            yield Line(
                f"kernel from {name} against COUNT(DISTINCT)",
                "DuckDB, 144 grouping sets",
                at,
                300,
                seconds[PLAIN] / seconds[name],
                at_most=False,
            )
        goal = 50 if table.rows < LARGE else 12
        yield Line(f"kernel from {name} against the best engine", compared, at, goal, seconds[best] / seconds[name], at_most=False)
    if plain:
        ratio = seconds[PLAIN] / seconds[OURS[2]]
        yield Line("numpy path against COUNT(DISTINCT)", "DuckDB, 144 grouping sets", at, 30, ratio, at_most=False)


def _against_decoding(table: Table, layered: Table, at: str) -> Iterator[Line]:
    classes = lay_out(table.specification, table.facts).classes

    def decode() -> int:
        with ThreadPoolExecutor(KernelEngine().threads) as pool:
            return sum(pool.map(lambda files: sum(len(rows) for rows in read_blocks(files, classes)), table.facts.partitions))

    for name, counted, engine, goal in (
        ("rows", table, KernelEngine(layers=False), 1.7),
        ("layer of months", layered, KernelEngine(), 0.3),
    ):
        ours, theirs = paired(_count(counted, engine), decode, RUNS, clock=time.process_time)
        what = f"{name} to cube against decoding the rows"
        yield Line(what, "pyarrow, the same columns and threads", at, goal, ours / theirs, at_most=True)


def _against_memcpy(table: Table, layered: Table, at: str) -> Iterator[Line]:
    """One thread, rows decoded before: person numbers, spells and codes as they stand in memory, a quarter of them."""
    layout = lay_out(table.specification, table.facts)
    partitions = table.facts.partitions[: len(table.facts.partitions) // 4]
    rows = [block for files in partitions for block in read_blocks(files, layout.classes)]
    layers = MonthLayers.of(layered.facts, layout, best_loops())
    if layers is None:
        raise AssertionError("the benchmark's plan is one of whole months")
    months = [block for files in partitions for block in layers.read_blocks(files)]
    copies = [np.empty_like(column) for column in max(rows, key=len).columns]

    def copy() -> None:
        for block in rows:
            for column, to in zip(block.columns, copies, strict=True):
                np.copyto(to[: len(column)], column)

    counter = Counter(layout, best_loops())
    for name, blocks, goal in (("rows", rows, 6), ("layer of months", months, 2)):
        ours, theirs = paired(lambda blocks=blocks: _add(counter, blocks), copy, RUNS, clock=time.process_time)
        yield Line(
            f"kernel alone from {name} against copying the rows",
            "memcpy, one thread",
            f"a quarter of {at}",
            goal,
            ours / theirs,
            at_most=True,
        )


def _add(counter: Counter, blocks: list[Rows]) -> None:
    for rows in blocks:
        counter.add_rows(rows)


def _correction(table: Table, at: str) -> Line:
    """One person moves: the rows as counted are taken out and the corrected ones put in, in all periods."""
    counted = KernelEngine(layers=False).counted(table.specification, table.facts)
    person = int(next(iter(read_blocks(table.facts.partitions[0], {}))).persons[0])
    before = counted.person_rows(table.facts, person)
    moved = (before.ordinals["territory"].astype(np.int32) + 1) % sum(FAMILIES["territory"])
    after = dataclasses.replace(before, ordinals={**before.ordinals, "territory": moved.astype(before.ordinals["territory"].dtype)})
    seconds = []
    for run in range(2 * RUNS):
        started = time.perf_counter()
        counted.correct(*((before, after) if run % 2 == 0 else (after, before)))
        seconds.append(time.perf_counter() - started)
    if not np.array_equal(counted.persons_by_cell().reshape(-1), _count(table, KernelEngine(layers=False))()):
        raise AssertionError("a correction and its opposite do not cancel")
    return Line("late correction of one person, before the roll-up", "ms", at, 1, median(seconds[2:]) * 1000, at_most=True, unit="ms")


def _growth(table: Table, at: str) -> Iterator[Line]:
    """Two curves of processor seconds on one thread: over rows, and over cells. Linear is 1 everywhere; what is fixed makes it less."""
    engine = KernelEngine(threads=1, layers=False)
    parts = {share: dataclasses.replace(table.facts, partitions=_share(table, share)) for share in SHARES}
    seconds = curve({share: lambda facts=facts: engine.count(table.specification, facts) for share, facts in parts.items()}, RUNS)
    yield from _lines_of_curve("time over rows", seconds, lambda share: f"{share * table.rows:,.0f} rows", 1.2)
    group = table.specification.dimensions[-1]
    wanted = (without_dimensions(table, 1), table.specification, with_dimension_again(table, group))
    by_cells = {asked.structure.size: lambda asked=asked: engine.count(asked, table.facts) for asked in wanted}
    yield from _lines_of_curve("time over cells", curve(by_cells, RUNS), lambda cells: f"{at}, {cells:,} cells", 1)


def _share(table: Table, share: float) -> tuple[tuple[Path, ...], ...]:
    return table.facts.partitions[: round(share * len(table.facts.partitions))]


def _lines_of_curve(name: str, seconds: dict[float, float], at: Callable[[float], str], goal: float) -> Iterator[Line]:
    smallest = min(seconds)
    for size, spent in seconds.items():
        times = size / smallest
        compared = f"{spent * 1000:.0f} ms of processor time; {times:.3g} times the size, each against the smallest"
        yield Line(name, compared, at(size), goal, spent / seconds[smallest] / times, at_most=True)


def _roll_up(table: Table) -> Iterator[Line]:
    """From signed terms to persons in all cells: compiled against numpy, and over cells, with the first dimension once more."""
    wide = with_dimension_again(table, table.specification.dimensions[0])
    compiled, plain, small = (
        Counter(lay_out(specification, table.facts), loops)
        for specification, loops in ((wide, best_loops()), (wide, array_loops()), (table.specification, best_loops()))
    )
    ours, theirs = paired(compiled.persons_by_cell, plain.persons_by_cell, RUNS, 1, np.array_equal)
    at = f"{wide.structure.size:,} cells"
    yield Line("roll-up of signed terms", "the same by numpy", at, 2, theirs / ours, at_most=False)
    few, many = paired(small.persons_by_cell, compiled.persons_by_cell, RUNS, clock=time.process_time)
    times = wide.structure.size / table.specification.structure.size
    yield Line("time of the roll-up over cells", f"{times:.0f} times the cells, per cell", at, 1.5, many / few / times, at_most=True)


def with_dimension_again(table: Table, repeated: CountedDimension) -> Specification:
    """The benchmark's table with one of its dimensions once more."""
    again = dataclasses.replace(repeated, dimension=repeated.dimension.model_copy(update={"id": "AGAIN"}))
    dimensions = (*table.specification.dimensions, again)
    structure = DataStructure(dimensions=(*(counted.dimension for counted in dimensions), table.specification.structure.dimensions[-1]))
    return dataclasses.replace(table.specification, structure=structure, dimensions=dimensions)


def without_dimensions(table: Table, fewer: int) -> Specification:
    """The benchmark's table without its last dimensions but time."""
    structure, dimensions = table.specification.structure, table.specification.dimensions[:-fewer]
    kept = (*(dimension.dimension for dimension in dimensions), structure.dimensions[-1])
    return dataclasses.replace(table.specification, structure=DataStructure(dimensions=kept), dimensions=dimensions)


def _memory(folder: Path, at: str) -> Line:
    """Peak of a process of its own above what it holds after a first count of almost nothing, less its cubes."""
    command = [sys.executable, str(Path(__file__).with_name("memory.py")), str(folder)]
    measured = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    return Line("memory above the libraries, without the cube", "MiB", at, 256, measured, at_most=True, unit="MiB")
