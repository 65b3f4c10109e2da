"""Several columns packed into one, as in layers of months: each has a field of bits, as wide as its values need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saime.core.tabulation.kernel_membership import ColumnClasses, Integers
from saime.core.warehouse.facts import FactTable

PACKED = "facts"  # the name of the column that holds the fields
MOST_BITS = 62
WIDEST_RANGE = 1 << 10  # numbers with more values, such as amounts, would make every row a combination of its own
NO_VALUE = -(2**31)  # an empty field of a column that is read as it is


@dataclass(frozen=True)
class Field:
    """A column within the packed one: its value less ``low``, shifted. The highest value of its bits stands for an empty one."""

    column: str
    shift: int
    bits: int
    low: int = 0

    @property
    def empty(self) -> int:
        return (1 << self.bits) - 1

    def packed(self, values: Integers) -> Integers:
        """Raises: ValueError if a value does not fit."""
        is_empty, values = values == NO_VALUE, values - self.low
        if ((values < 0) | (values >= self.empty))[~is_empty].any():
            raise ValueError(f"a value of column {self.column} does not fit into {self.bits} bits")
        return np.where(is_empty, self.empty, values) << self.shift

    def ordinals(self, classes: ColumnClasses) -> Integers:
        """The ordinal of each value of the field."""
        values = np.arange(self.empty) + self.low
        known = values if classes.bounds is None else np.searchsorted(classes.bounds, values, side="right")
        return np.append(np.minimum(known, classes.empty), classes.empty)


class StoredColumn(ColumnClasses):
    """A column that is read as it is; an empty field becomes NO_VALUE."""

    @classmethod
    def of(cls, name: str) -> StoredColumn:
        return cls(name, (), np.empty(0, np.int64))

    @property
    def empty(self) -> int:
        return NO_VALUE


def fields_of(facts: FactTable) -> tuple[Field, ...]:
    """Columns of codes, of truth values and of numbers with a narrow range, in the contract's order, as far as they fit."""
    fields: list[Field] = []
    shift = 0
    for column in facts.feed.stored_columns:
        low, values = 0, {"code": len(facts.code_lists.get(column.name, ())), "boolean": 2}.get(column.type, 0)
        if column.type == "integer" and column.minimum is not None and column.maximum is not None:
            low, values = column.minimum, column.maximum - column.minimum + 1
        if values > 0 and (column.type == "code" or values <= WIDEST_RANGE) and shift + values.bit_length() <= MOST_BITS:
            fields.append(Field(column.name, shift, values.bit_length(), low))
            shift += values.bit_length()
    return tuple(fields)
