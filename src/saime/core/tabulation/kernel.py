"""The fast engine: exact distinct counts as sums of signed terms (docs/adr/0009), compiled by numba where it is installed."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Protocol, TypeVar, cast

import numpy as np

from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.contributions import Contributions
from saime.core.tabulation.engines import CellKeys, Progress
from saime.core.tabulation.kernel_cubes import Cube, Cubes, SumLoops, persons_by_cell
from saime.core.tabulation.kernel_households import Share, rows_of_share, shares_of
from saime.core.tabulation.kernel_layout import Layout, Trees, lay_out
from saime.core.tabulation.kernel_lookups import LookupLoops, Lookups
from saime.core.tabulation.kernel_membership import Integers
from saime.core.tabulation.kernel_months import LayerLoops, MonthLayers
from saime.core.tabulation.kernel_rows import Rows, larger, read_blocks, rows_of_person
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.record_keys import RecordKeyTable

WORTH_A_THREAD = 2**20  # bytes of Parquet
TURNS, MOST_AT_ONCE = 8, 8  # of a thread; partitions in a turn: small ones are read first and counted then, which keeps caches warm
LARGEST_CUBE_OF_TWO = 256 * 2**20  # bytes; a larger cube is counted into by one thread


class TakesRows(Protocol):
    def add_rows(self, rows: Rows) -> None: ...


Worker = TypeVar("Worker", bound=TakesRows)
Piece = TypeVar("Piece")


class Loops(LookupLoops, LayerLoops, SumLoops, Protocol):
    """The loops over rows and persons; ``kernel_loops`` and ``kernel_arrays`` are two of them."""

    def count(self, trees: Trees, starts: Integers, patterns: Integers, masks: Integers, cubes: Cubes, weight: int = 1) -> None: ...


def compiled_loops() -> Loops:
    """Raises: ImportError without numba."""
    return cast(Loops, importlib.import_module("saime.core.tabulation.kernel_loops"))


def array_loops() -> Loops:
    return cast(Loops, importlib.import_module("saime.core.tabulation.kernel_arrays"))


def best_loops() -> Loops:
    try:
        return compiled_loops()
    except ImportError:
        return array_loops()


@dataclass(frozen=True)
class KernelEngine:
    """The settings change the time, never the result; no ``loops`` means the fastest there are.

    ``layers``: count from layers of months where the plan allows it, and derive those that are not there yet.
    """

    threads: int = 2
    loops: Loops | None = None
    layers: bool = True

    def tabulate(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> FrequencyTable:
        """Count the distinct persons of each cell.

        Raises: BadInput if a partition is not in the order of its persons, or if the plan has too many codes for a packed cell.
        """
        return specification.table(self.count(specification, facts, progress=progress).reshape(-1).tolist())

    def count(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> Cube:
        """The same as an array. Shape: the structure's. Unit: persons. Counts of different partitions add up."""
        return self.counted(specification, facts, progress=progress).persons_by_cell()

    def counted(
        self, specification: Specification, facts: FactTable, *, progress: Progress | None = None, shares: Sequence[Share] | None = None
    ) -> Counter:
        """The signed terms that the counts are the sums of; persons may still be taken out and put in.

        ``shares``: of the households, where these are counted and not all of them.
        """
        from saime.core.tabulation.kernel_per_person import PerPersonCounter  # it is a Counter itself

        layout, loops = lay_out(specification, facts), self.loops or best_loops()
        per_person = any(dimension.per_person for dimension in specification.dimensions)

        def counter() -> Counter:
            return PerPersonCounter(layout, loops, specification) if per_person else Counter(layout, loops)

        if not specification.counts_persons:
            read_share = partial(rows_of_share, facts, layout.classes, specification.counts)
            return _joined(_each_thread(1, counter, read_share, shares_of(facts) if shares is None else shares, progress) or [counter()])
        read = _reader(layout, MonthLayers.of(facts, layout, loops) if self.layers else None)
        return _joined(_each_thread(self.threads_for(layout, facts), counter, read, facts.partitions, progress) or [counter()])

    def add_up(self, specification: Specification, facts: FactTable, *, ordered: bool, progress: Progress | None = None) -> Contributions:
        """Add up the amounts of each person in each cell. Raises: as ``tabulate``."""
        from saime.core.tabulation.kernel_amounts import AmountAdder, with_amounts  # it builds on the loops chosen here

        layout, loops = lay_out(specification, facts), self.loops or best_loops()
        columns = with_amounts(layout, specification)
        result = Contributions(specification.structure.size, ordered=ordered)
        for adder in _each_thread(
            self.threads,
            lambda: AmountAdder(layout, loops, specification, ordered),
            lambda files: read_blocks(files, columns),
            facts.partitions,
            progress,
        ):
            result.add(adder.result)
        return result

    def add_record_keys(
        self, specification: Specification, facts: FactTable, keys: RecordKeyTable, *, progress: Progress | None = None
    ) -> CellKeys:
        """Add up the record keys of the distinct persons of each cell. Raises: as ``tabulate``."""
        from saime.core.tabulation.kernel_amounts import RecordKeyAdder  # it builds on the loops chosen here

        layout, loops = lay_out(specification, facts), self.loops or best_loops()
        sums = np.zeros(specification.structure.size, np.uint32)
        for adder in _each_thread(
            self.threads,
            lambda: RecordKeyAdder(layout, loops, specification, keys),
            lambda files: read_blocks(files, layout.classes),
            facts.partitions,
            progress,
        ):
            sums += adder.sums
        return sums

    def threads_for(self, layout: Layout, facts: FactTable) -> int:
        """As many as are worth their own cube."""
        size = sum(path.stat().st_size for files in facts.partitions for path in files)
        cube = layout.trees.cells * sum(len(slots.positions) + 1 for slots in layout.slots) * np.dtype(np.int32).itemsize
        return self.threads if size > WORTH_A_THREAD and cube * self.threads <= LARGEST_CUBE_OF_TWO else 1


def _reader(layout: Layout, layers: MonthLayers | None) -> Callable[[Sequence[Path]], Iterator[Rows]]:
    """How to read a partition: by its layers of months where the plan can be counted from them, by its rows elsewhere."""

    def read(files: Sequence[Path]) -> Iterator[Rows]:
        if layers is not None:
            with suppress(ValueError, OSError):  # a value that a layer has no room for; a folder that may not be written
                return layers.read_blocks(files)
        return read_blocks(files, layout.classes)

    return read


def _each_thread(
    threads: int,
    make: Callable[[], Worker],
    read: Callable[[Piece], Iterator[Rows]],
    pieces: Sequence[Piece],
    progress: Progress | None,
) -> list[Worker]:
    """What each thread has made of the pieces that it took: partitions, or shares of households."""
    workers: list[Worker] = []
    mine = threading.local()

    def add_some(some: Sequence[Piece]) -> None:
        if not hasattr(mine, "worker"):
            mine.worker = make()
            workers.append(mine.worker)
        for rows in larger(chain.from_iterable(map(read, some))):
            mine.worker.add_rows(rows)

    at_once = max(1, min(MOST_AT_ONCE, len(pieces) // (threads * TURNS)))
    turns = [pieces[first : first + at_once] for first in range(0, len(pieces), at_once)]
    done = count(1)
    for some, _ in zip(turns, _in_threads(threads, add_some, turns), strict=True):
        for _ in some:
            if progress:
                progress(next(done), len(pieces))
    return workers


def _in_threads(threads: int, task: Callable[[Piece], None], pieces: Sequence[Piece]) -> Iterator[None]:
    if threads == 1:
        yield from map(task, pieces)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(task, pieces)


def _joined(counters: list[Counter]) -> Counter:
    first, *others = counters
    for other in others:
        first.add(other)
    return first


class Counter:
    """One thread's cubes. Persons may come in any order and parts, as long as each comes whole."""

    def __init__(self, layout: Layout, loops: Loops) -> None:
        self.cubes = [Cubes(layout.trees, slots) for slots in layout.slots]
        self._layout, self._loops, self._lookups = layout, loops, Lookups(layout, loops)

    def add_rows(self, rows: Rows, weight: int = 1) -> None:
        """Count whole persons, the rows of each side by side; ``weight`` -1 takes them out again."""
        starts, patterns, masks = self._lookups.take(rows)
        for mask, cubes in zip(masks, self.cubes, strict=True):
            self._loops.count(self._layout.trees, starts, patterns, mask, cubes, weight)

    def add(self, other: Counter) -> None:
        """Count also whom the other has counted."""
        for mine, theirs in zip(self.cubes, other.cubes, strict=True):
            mine.add(theirs)

    def correct(self, before: Rows, after: Rows) -> None:
        """Put the rows that persons have now in the place of those they were counted with. ``person_rows`` gives both."""
        self.add_rows(before, -1)
        self.add_rows(after)

    def persons_by_cell(self) -> Cube:
        """Shape: the plan's dimensions in order, its periods last. The terms stay, so that more can be counted."""
        return persons_by_cell(self._layout, self.cubes, self._loops)

    def person_rows(self, facts: FactTable, person: int) -> Rows:
        """The rows of one person in a fact table."""
        files = [path for files in facts.partitions for path in files]
        return rows_of_person(files, self._layout.classes, person)
