"""The rows of a fact table by household. Its members are in different partitions, so each share of the households reads all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from saime.core.tabulation.kernel_membership import ColumnClasses
from saime.core.tabulation.kernel_rows import Rows, concatenated, read_blocks
from saime.core.warehouse.facts import FactTable

ROWS_AT_ONCE = 1 << 22  # of a share, about
NO_HOUSEHOLD = -1


class Share(NamedTuple):
    """The households whose number leaves ``rest`` when it is divided by ``of``. Counts of different shares add up."""

    rest: int
    of: int


class _Households(ColumnClasses):
    """A column that is read as it is; an empty field becomes NO_HOUSEHOLD."""

    @property
    def empty(self) -> int:
        return NO_HOUSEHOLD


def shares_of(facts: FactTable) -> list[Share]:
    """All households. Each share takes a pass over the files, and its rows have room in memory."""
    rows: int = sum(pq.read_metadata(path).num_rows for files in facts.partitions for path in files)
    of = max(1, ceil(rows / ROWS_AT_ONCE))
    return [Share(rest, of) for rest in range(of)]


def rows_of_share(facts: FactTable, classes: dict[str, ColumnClasses], column: str, share: Share) -> Iterator[Rows]:
    """The rows of the households of a share, those of each together; ``persons`` are their numbers within the share."""
    columns = {**classes, column: _Households(column, (), np.empty(0, np.int64))}
    parts = [part for files in facts.partitions for part in _chosen(files, columns, column, share)]
    rows = concatenated(parts) if parts else None
    if not rows:
        return
    rows = rows.take(np.argsort(rows.ordinals[column], kind="stable"))
    households = rows.ordinals.pop(column)
    numbers = np.cumsum(np.append(False, households[1:] != households[:-1]))
    yield Rows(numbers.astype(np.uint32), rows.time, rows.ordinals)


def _chosen(files: Sequence[Path], columns: dict[str, ColumnClasses], column: str, share: Share) -> Iterator[Rows]:
    for rows in read_blocks(files, columns):
        households = rows.ordinals[column]
        yield rows.take(np.flatnonzero((households >= 0) & (households % share.of == share.rest)))
