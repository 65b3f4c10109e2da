"""Which totals take in everybody: read from the plan and the contract, not from the counts.

The total of a dimension is everybody's when each value that the contract allows in its column belongs to a leaf. Then the
cell with that total is the cell of a table without the dimension.
"""

from __future__ import annotations

from collections.abc import Iterable

from saime.core.tabulation.specification import Between, CountedDimension, OneOf, Specification, Test
from saime.core.warehouse.contract import Column
from saime.core.warehouse.facts import FactTable


def complete_dimensions(specification: Specification, facts: FactTable) -> tuple[str, ...]:
    """Ids of the dimensions whose one total takes in every fact of the population."""
    columns = {column.name: column for column in facts.feed.stored_columns}
    return tuple(counted.dimension.id for counted in specification.dimensions if _is_complete(counted, columns, facts))


def _is_complete(counted: CountedDimension, columns: dict[str, Column], facts: FactTable) -> bool:
    roots = [code for code in counted.dimension.codes if code.parent is None]
    if len(roots) != 1 or len(counted.columns) != 1 or any(len(leaf.tests) != 1 for leaf in counted.leaves):
        return False
    column = columns[counted.columns[0]]
    tests = [leaf.tests[0] for leaf in counted.leaves]
    if not column.required and not any(isinstance(test, OneOf) and test.or_empty for test in tests):
        return False
    return _covers(tests, column, facts)


def _covers(tests: Iterable[Test], column: Column, facts: FactTable) -> bool:
    listed = {value for test in tests if isinstance(test, OneOf) for value in test.values}
    if column.type == "code":
        return listed >= set(range(len(facts.code_lists[column.name])))
    if column.type == "boolean":
        return listed >= {0, 1}
    return _covers_range([test for test in tests if isinstance(test, Between)], column)


def _covers_range(ranges: list[Between], column: Column) -> bool:
    """Whether the ranges leave no gap from the column's minimum to its maximum."""
    reached = column.minimum
    for one in sorted(ranges, key=lambda test: (test.low is not None, test.low or 0)):
        if one.low is not None and (reached is None or one.low > reached):
            return False
        if one.below is None:
            return True
        reached = one.below if reached is None else max(reached, one.below)
    return reached is not None and column.maximum is not None and reached > column.maximum
