"""A tabulation plan compiled against classifications and stored columns: all that an engine must know, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from saime.core.model.dataset import DataStructure, Dimension, FrequencyTable
from saime.core.model.period import Period
from saime.core.warehouse.facts import PERSON, FactTable

Stored = int | bool | None  # a code's position in its code list, a number, a truth value, or empty


@dataclass(frozen=True)
class OneOf:
    """The column holds one of the values; ``or_empty`` also accepts an empty field."""

    column: str
    values: tuple[int, ...]
    or_empty: bool = False

    def holds(self, value: Stored) -> bool:
        return self.or_empty if value is None else value in self.values


@dataclass(frozen=True)
class Between:
    """The column holds a number at or above ``low`` and below ``below``; either end may be open, an empty field is outside."""

    column: str
    low: int | None
    below: int | None

    def holds(self, value: Stored) -> bool:
        if value is None:
            return False
        return (self.low is None or value >= self.low) and (self.below is None or value < self.below)


Test = OneOf | Between


@dataclass(frozen=True)
class Leaf:
    """A leaf code: the tests that its facts pass, all of them, on one row.

    ``lineage``: positions, among the dimension's codes, of the leaf and its ancestors, nearest first.
    """

    tests: tuple[Test, ...]
    lineage: tuple[int, ...]


@dataclass(frozen=True)
class CountedDimension:
    """A dimension of the plan (all but TIME_PERIOD) with its leaves.

    ``per_person``: a row is in the codes of all rows of its person that touch the period, not only in its own.
    """

    dimension: Dimension
    leaves: tuple[Leaf, ...]
    per_person: bool = False

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The fact columns that decide membership, each once."""
        return tuple(dict.fromkeys(test.column for leaf in self.leaves for test in leaf.tests))

    @property
    def depths(self) -> int:
        """How many steps the deepest leaf stands from its root, the root included."""
        return max(len(leaf.lineage) for leaf in self.leaves)


@dataclass(frozen=True)
class Specification:
    """What to count.

    Shape: ``structure`` has ``dimensions`` in their order and TIME_PERIOD last, with one code for each of ``periods``.
    A period is any span of days: for some measures they are windows that the measure combines (``concepts.py``).
    ``not_available``: positions of the cells that are not counted. ``amount``: the column to add up instead of counting.
    ``counts``: the column whose distinct values are counted, of persons or of households; a row where it is empty is in no cell.
    """

    dataset: str
    structure: DataStructure
    filter: tuple[Test, ...]
    dimensions: tuple[CountedDimension, ...]
    periods: tuple[Period, ...]
    not_available: frozenset[int] = frozenset()
    amount: str | None = None
    counts: str = PERSON

    @property
    def counts_persons(self) -> bool:
        return self.counts == PERSON

    def groups(self, facts: FactTable) -> tuple[tuple[Path, ...], ...]:
        """The files that must be counted together: partitions for persons, whose counts add up; all for households."""
        return facts.partitions if self.counts_persons else (tuple(path for files in facts.partitions for path in files),)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every fact column that the filter or a dimension reads, each once."""
        read = [test.column for test in self.filter] + [column for d in self.dimensions for column in d.columns]
        return tuple(dict.fromkeys(read))

    def table(self, counts: Sequence[int]) -> FrequencyTable:
        """The frequency table of the counts, which stand in the order of the structure's cells. Unit: persons."""
        values: list[int | None] = list(counts)
        for cell in self.not_available:
            values[cell] = None
        return FrequencyTable(dataset=self.dataset, structure=self.structure, values=tuple(values))
