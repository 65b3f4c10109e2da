"""The rows of a fact table by household. Its members are in different partitions, so each pass reads all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from saime.core.tabulation.kernel_membership import ColumnClasses
from saime.core.tabulation.kernel_rows import Rows, concatenated, read_blocks
from saime.core.warehouse.facts import FactTable

ROWS_AT_ONCE = 1 << 22  # about; more take several passes over the files
NO_HOUSEHOLD = -1


class _Households(ColumnClasses):
    """A column that is read as it is; an empty field becomes NO_HOUSEHOLD."""

    @property
    def empty(self) -> int:
        return NO_HOUSEHOLD


def passes_over(facts: FactTable) -> int:
    """How often the files are read, so that the rows of a pass have room in memory."""
    rows: int = sum(pq.read_metadata(path).num_rows for files in facts.partitions for path in files)
    return max(1, ceil(rows / ROWS_AT_ONCE))


def households_of_pass(facts: FactTable, classes: dict[str, ColumnClasses], column: str, number: int, passes: int) -> Rows | None:
    """The rows of the households of one pass, those of each together; ``persons`` are their numbers within the pass."""
    columns = {**classes, column: _Households(column, (), np.empty(0, np.int64))}
    parts = [part for files in facts.partitions for part in _chosen(files, columns, column, number, passes)]
    rows = concatenated(parts) if parts else None
    if not rows:
        return None
    rows = rows.take(np.argsort(rows.ordinals[column], kind="stable"))
    households = rows.ordinals.pop(column)
    numbers = np.cumsum(np.append(False, households[1:] != households[:-1]))
    return Rows(numbers.astype(np.uint32), rows.time, rows.ordinals)


def _chosen(files: Sequence[Path], columns: dict[str, ColumnClasses], column: str, number: int, passes: int) -> Iterator[Rows]:
    for rows in read_blocks(files, columns):
        households = rows.ordinals[column]
        yield rows.take(np.flatnonzero((households >= 0) & (households % passes == number)))
