"""The line about cell-key perturbation: ten million cells, whatever the number of rows asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.measure import Line, paired
from saime.core.protection.perturbation import KEY_RANGE, Counts, Keys, PerturbationTable
from saime.core.protection.perturbation_design import PerturbationDesign

CELLS = 10_000_000
RUNS = 5


def lines(folder: Path, rows: int) -> Iterator[Line]:
    table = PerturbationDesign(largest_change=5, variance=3, blocked=2, stay=0.5).table("bench")
    random = np.random.default_rng(1)
    counts, keys = random.integers(0, 40, CELLS), random.integers(0, KEY_RANGE, CELLS, dtype=np.uint32)
    ours, theirs = paired(lambda: table.changes(counts, keys), lambda: _searched(table, counts, keys), RUNS, same=np.array_equal)
    yield Line("cell-key perturbation", "seconds", "10 M cells", 0.2, ours, at_most=True, unit="seconds")
    yield Line("cell-key perturbation", "a binary search in each count's bounds", "10 M cells", 1, theirs / ours, at_most=False)


def _searched(table: PerturbationTable, counts: Counts, keys: Keys) -> Counts:
    """The definition, count by count: the first upper bound above the cell key gives the change."""
    found = np.empty_like(counts)
    for count, rows in table.by_count.items():
        here = np.flatnonzero(counts >= count if count == len(table.by_count) - 1 else counts == count)
        upper = np.round(np.cumsum([row.probability for row in rows])[:-1] * KEY_RANGE).astype(np.uint64)
        found[here] = np.array([row.change for row in rows])[np.searchsorted(upper, keys[here], side="right")]
    return found
