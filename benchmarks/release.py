"""Lines about a whole release: linked tables of one made-up population, protected as one system and proven together.

The tables share margins: each counts the same persons over two to four of the same dimensions. Processor seconds, so that other
work on the machine does not count.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.measure import Line
from saime.core.model.dataset import DataStructure, Dimension, DimensionCode, FrequencyTable, Metadata, Population
from saime.core.model.text import Text
from saime.core.protection import TableToProtect, protect_release
from saime.core.tabulation.plan import ThresholdProtection

LEAVES = {"AREA": 43, "SEX": 2, "AGE": 18, "BENEFIT": 12, "STATUS": 5, "EDUCATION": 6, "HOUSEHOLD": 7}
GROUPS = {"AREA": 5, "AGE": 3}  # a level between the leaves and the total
PERSONS_PER_CELL = 3  # of the release; with the skewed codes about one count in eight is then small
TABLES = 50
CURVE = (2_000, 5_000, 10_000)  # cells that the tables have together, for each million rows asked for
GOAL, GOAL_CELLS = 300.0, 200_000  # processor seconds; for more cells, as many times more


def lines(_folder: Path, rows: int) -> Iterator[Line]:
    for cells in CURVE:
        tables = linked_tables(cells * max(1, rows // 1_000_000))
        size = sum(one.table.structure.size for one in tables)
        small = sum(0 < (count or 0) < 5 for one in tables for count in one.table.values)
        started = time.process_time()
        protected = protect_release(tables)
        seconds = time.process_time() - started
        withheld = sum(one.certificate.withheld for one in protected.datasets)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        at = f"{len(tables)} linked tables, {size} cells, {small} small counts, {withheld} withheld, {peak} MiB at most so far"
        goal = GOAL * max(1.0, size / GOAL_CELLS)
        yield Line("protect and prove a release", "the time it may take", at, goal, seconds, True, "s")


def linked_tables(cells: int) -> list[TableToProtect]:
    """Up to TABLES tables over two to four dimensions that have about so many cells together: the smallest, or larger ones next in size."""
    random = np.random.default_rng(2022)
    persons = {name: _codes(random, leaves, cells * PERSONS_PER_CELL) for name, leaves in LEAVES.items()}
    dimensions = {name: _dimension(name, leaves) for name, leaves in LEAVES.items()}
    return [_table(names, dimensions, persons) for names in _chosen(cells, dimensions)]


def _chosen(cells: int, dimensions: dict[str, Dimension]) -> list[tuple[str, ...]]:
    ordered = sorted((names for few in (2, 3, 4) for names in combinations(LEAVES, few)), key=lambda names: _size(names, dimensions))
    ends = np.cumsum([0, *(_size(names, dimensions) for names in ordered)])
    last = max(last for last in range(1, len(ends)) if last == 1 or ends[last] - ends[max(0, last - TABLES)] <= cells)
    return ordered[max(0, last - TABLES) : last]


def _size(names: tuple[str, ...], dimensions: dict[str, Dimension]) -> int:
    return int(np.prod([len(dimensions[name].codes) for name in names]))


def _codes(random: np.random.Generator, leaves: int, persons: int) -> np.ndarray:
    shares = random.lognormal(0.0, 1.2, leaves)
    return random.choice(leaves, persons, p=shares / shares.sum())


def _dimension(name: str, leaves: int) -> Dimension:
    groups = GROUPS.get(name, 0)
    codes = [_code("_T", None), *(_code(f"G{n}", "_T") for n in range(groups))]
    codes += [_code(f"L{n}", f"G{n % groups}" if groups else "_T") for n in range(leaves)]
    return Dimension(id=name, label=Text(lv=name, en=name), codes=tuple(codes))


def _code(name: str, parent: str | None) -> DimensionCode:
    return DimensionCode(id=name, label=Text(lv=name, en=name), parent=parent)


def _table(names: tuple[str, ...], dimensions: dict[str, Dimension], persons: dict[str, np.ndarray]) -> TableToProtect:
    counts = np.zeros([LEAVES[name] for name in names], dtype=np.int64)
    np.add.at(counts, tuple(persons[name] for name in names), 1)
    for axis, name in enumerate(names):
        leaves, groups = LEAVES[name], GROUPS.get(name, 0)
        belongs = [np.ones(leaves), *(np.arange(leaves) % groups == group for group in range(groups)), *np.eye(leaves)]
        counts = np.moveaxis(np.tensordot(np.array(belongs, dtype=np.int64), counts, axes=(1, axis)), 0, axis)
    structure = DataStructure(dimensions=tuple(dimensions[name] for name in names))
    table = FrequencyTable(dataset="-".join(names).lower(), structure=structure, values=tuple(counts.ravel().tolist()))
    word = Text(lv=table.dataset, en=table.dataset)
    population = Population(feed="persons", measure="persons", data={}, complete=tuple(LEAVES))
    metadata = Metadata(title=word, unit_measure=word, reference_period="2022", source=word, synthetic=True, population=population)
    return TableToProtect(table, ThresholdProtection(minimum=5), metadata)
