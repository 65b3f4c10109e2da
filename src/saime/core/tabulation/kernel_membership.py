"""Which leaves a row belongs to, prepared as tables: a stored value is looked up, never tested again.

For a column, values that no test tells apart are one class. For a dimension, the classes of its columns together decide the
set of leaves; each set has a number, and a leaf alone has the number of its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import numpy.typing as npt

from saime.core.errors import BadInput
from saime.core.tabulation.specification import Between, CountedDimension, OneOf, Stored, Test

Integers = npt.NDArray[np.int64]

CODES = (1 << 16) - 1  # positions that a column of codes can hold, stored as uint16; the next ordinal stands for an empty field
WIDEST_SPAN = 1 << 16  # numbers between the lowest and highest bound that are looked up directly
MOST_COMBINATIONS = 1 << 22  # of classes of a dimension's columns: 32 MiB of table
NO_CODE = -1  # a position that no test names


@dataclass(frozen=True)
class ColumnClasses:
    """The classes of a column: ``examples`` has one value of each; ``of_ordinal`` gives the class of an ordinal.

    The ordinal of a code is its position, of a truth value 0 or 1, of a number the count of ``bounds`` at or below it;
    the last ordinal stands for an empty field.
    """

    name: str
    examples: tuple[Stored, ...]
    of_ordinal: Integers
    bounds: Integers | None = None  # for a column of numbers

    @property
    def empty(self) -> int:
        return len(self.of_ordinal) - 1

    @cached_property
    def places(self) -> dict[Stored, int]:
        """Where each example stands."""
        return {example: place for place, example in enumerate(self.examples)}


def column_classes(name: str, kind: str, tests: Sequence[Test]) -> ColumnClasses:
    """``kind``: code, boolean or integer; ``tests``: those of the specification that read the column."""
    if kind == "boolean":
        return ColumnClasses(name, (False, True, None), np.arange(3))
    if kind == "integer":
        bounds = np.array(sorted({bound for test in tests for bound in _bounds(test)}), np.int64)
        examples = (int(bounds[0]) - 1, *map(int, bounds)) if len(bounds) else (0,)
        return ColumnClasses(name, (*examples, None), np.arange(len(examples) + 1), bounds)
    named = sorted({value for test in tests if isinstance(test, OneOf) for value in test.values})
    of_ordinal = np.zeros(CODES + 1, np.int64)
    of_ordinal[named] = np.arange(1, len(named) + 1)
    of_ordinal[CODES] = len(named) + 1
    return ColumnClasses(name, (NO_CODE, *named, None), of_ordinal)


def _bounds(test: Test) -> tuple[int, ...]:
    if isinstance(test, Between):
        return tuple(bound for bound in (test.low, test.below) if bound is not None)
    return tuple(bound for value in test.values for bound in (value, value + 1))


@dataclass(frozen=True)
class Membership:
    """What the columns say of one dimension, or of the filter.

    A row's place in ``meaning`` is the sum of ``steps[i][ordinal]`` over ``columns``; ``meaning`` holds the number of the row's
    set of leaves, or -1 where there is none. ``leaf_sets``: the sets of several leaves, as codes; the first has number
    ``codes``, and a smaller number is the leaf with that code alone.
    """

    columns: tuple[str, ...]
    steps: tuple[Integers, ...]
    meaning: Integers
    codes: int
    leaf_sets: tuple[tuple[int, ...], ...] = ()


def dimension_membership(dimension: CountedDimension, classes: dict[str, ColumnClasses]) -> Membership:
    """Raises: BadInput if the dimension reads so many columns that their classes cannot be combined in a table."""
    steps, combinations = _combinations(dimension.columns, classes, f"dimension {dimension.dimension.id}")
    belongs = np.array([_passes(leaf.tests, dimension.columns, classes, combinations) for leaf in dimension.leaves])
    numbers: dict[tuple[int, ...], int] = {(): -1, **{(leaf.lineage[0],): leaf.lineage[0] for leaf in dimension.leaves}}
    codes = len(dimension.dimension.codes)
    leaf_sets: list[tuple[int, ...]] = []
    patterns, which = np.unique(belongs, axis=1, return_inverse=True)
    meaning = np.empty(patterns.shape[1], np.int64)
    for place, pattern in enumerate(patterns.T):
        leaves = tuple(dimension.leaves[leaf].lineage[0] for leaf in np.flatnonzero(pattern))
        if leaves not in numbers:
            numbers[leaves] = codes + len(leaf_sets)
            leaf_sets.append(leaves)
        meaning[place] = numbers[leaves]
    return Membership(dimension.columns, steps, meaning[which.reshape(-1)], codes, tuple(leaf_sets))


def filter_membership(tests: Sequence[Test], classes: dict[str, ColumnClasses]) -> Membership:
    """``meaning`` is 0 for rows that pass the filter."""
    columns = tuple(dict.fromkeys(test.column for test in tests))
    steps, combinations = _combinations(columns, classes, "the filter")
    passes = _passes(tests, columns, classes, combinations)
    return Membership(columns, steps, np.where(passes, 0, -1), codes=1)


def _combinations(columns: Sequence[str], classes: dict[str, ColumnClasses], what: str) -> tuple[tuple[Integers, ...], tuple[int, ...]]:
    """For each column the step of each ordinal through the combinations of classes; and how many classes each column has."""
    sizes = tuple(len(classes[name].examples) for name in columns)
    if prod(sizes) > MOST_COMBINATIONS:
        raise BadInput(
            f"{what} combines {len(columns)} columns in more than {MOST_COMBINATIONS} ways",
            where="engine kernel",
            fix="count this plan with --engine duckdb, or split the dimension",
        )
    strides = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
    steps = zip((classes[name].of_ordinal for name in columns), strides, strict=True)
    return tuple(ordinals if stride == 1 else ordinals * stride for ordinals, stride in steps), sizes


def _passes(
    tests: Sequence[Test], columns: Sequence[str], classes: dict[str, ColumnClasses], sizes: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Whether the tests pass, for each combination of classes in row-major order."""
    passes = np.ones(sizes, np.bool_)
    for test in tests:
        place = list(columns).index(test.column)
        passes &= _holds(test, classes[test.column]).reshape([-1 if other == place else 1 for other in range(len(sizes))])
    return passes.reshape(-1)


def _holds(test: Test, column: ColumnClasses) -> npt.NDArray[np.bool_]:
    """For each class. A test for some of many codes looks at these only: a wide dimension has one for each of its codes."""
    if isinstance(test, Between):
        return np.array([test.holds(example) for example in column.examples])
    holds = np.zeros(len(column.examples), np.bool_)
    holds[[column.places[value] for value in (*test.values, *([None] * test.or_empty))]] = True
    return holds
