"""A specification laid out for the kernel: packed codes, trees as arrays, a table for each column, periods as bits.

A row's *pattern* packs, in a field of bits for each dimension, the number of its set of leaves. Where each set is one leaf, the
pattern is also the *packed cell*; a packed cell has a code of the dimension in each field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import prod
from typing import NamedTuple

import numpy as np

from saime.core.errors import BadInput
from saime.core.model.period import Period
from saime.core.tabulation.kernel_membership import (
    ColumnClasses,
    Integers,
    Membership,
    column_classes,
    dimension_membership,
    filter_membership,
)
from saime.core.tabulation.specification import CountedDimension, Specification, Test
from saime.core.warehouse.facts import FactTable

PERIODS_AT_ONCE = 62  # bits of a signed number, less one, so that a mask may be shifted
OUTSIDE = np.int64(-(2**63))  # the sign bit marks a row that is in no cell
MOST_BITS = 62
EPOCH = date(1970, 1, 1)
SETS_OF_MONTHS = 1 << 12


class Trees(NamedTuple):
    """The dimensions' trees and fields as arrays, the dimensions one after another; compiled loops take it as it is.

    ``shifts``, ``fields``: where a dimension's field stands and the mask of its bits. ``strides``: of the cube, time left out.
    ``offsets``: where a dimension's codes begin in ``parents`` (-1 above a root) and ``depths``. ``codes``: how many it has.
    ``set_offsets``: where its sets of several leaves begin in ``set_starts``, which point into ``set_leaves``.
    """

    shifts: Integers
    fields: Integers
    strides: Integers
    codes: Integers
    offsets: Integers
    parents: Integers
    depths: Integers
    set_offsets: Integers
    set_starts: Integers
    set_leaves: Integers
    most_leaves: int  # that one row may belong to

    @property
    def cells(self) -> int:
        return int(np.prod(self.codes))

    @property
    def has_leaf_sets(self) -> bool:
        return len(self.set_leaves) > 0


class Slots(NamedTuple):
    """Up to PERIODS_AT_ONCE periods as bits of a mask; neighbours in time are neighbours, so that masks have few runs.

    ``positions``: the place of each bit's period in the plan. A day counts from 1970 and is clipped to ``first``..``last``;
    ``from_first``: by the first day of a spell, the periods not yet over; ``to_last``: by its last day, those begun.
    ``of_months``: by the months of a year as bits, plus 4096 for each year before it in the layout, the periods they belong to.
    """

    positions: Integers
    first: int
    last: int
    from_first: Integers
    to_last: Integers
    of_months: Integers


@dataclass(frozen=True)
class Layout:
    """``memberships``: those of the dimensions, with the filter first when there is one; ``tables``: of each, meaning as pattern.

    ``years``: those of the periods, if every period is made of whole months; or none.
    """

    trees: Trees
    classes: dict[str, ColumnClasses]
    memberships: tuple[Membership, ...]
    tables: tuple[Integers, ...]
    slots: tuple[Slots, ...]
    years: tuple[int, ...]


def lay_out(specification: Specification, facts: FactTable) -> Layout:
    """Raises: BadInput if a table of the plan cannot be held (more than 62 bits to name a cell, or too many column classes)."""
    kinds = {column.name: column.type for column in facts.feed.stored_columns}
    tests = _tests(specification)
    classes = {name: column_classes(name, kinds[name], [t for t in tests if t.column == name]) for name in specification.columns}
    members = [dimension_membership(dimension, classes) for dimension in specification.dimensions]
    trees = _trees(specification.dimensions, members)
    tables = [_pattern_table(member, int(shift)) for member, shift in zip(members, trees.shifts, strict=True)]
    if specification.filter:
        passing = filter_membership(specification.filter, classes)
        members, tables = [passing, *members], [_pattern_table(passing, 0), *tables]
    years = _years(specification.periods)
    return Layout(trees, classes, tuple(members), tuple(tables), tuple(_slots(specification.periods, years)), years)


def _tests(specification: Specification) -> list[Test]:
    return [*specification.filter, *(t for dimension in specification.dimensions for leaf in dimension.leaves for t in leaf.tests)]


def _pattern_table(member: Membership, shift: int) -> Integers:
    return np.where(member.meaning < 0, OUTSIDE, member.meaning << shift)


def _trees(dimensions: Sequence[CountedDimension], members: Sequence[Membership]) -> Trees:
    codes = [member.codes for member in members]
    bits = [max(1, (member.codes + len(member.leaf_sets) - 1).bit_length()) for member in members]
    if sum(bits) > MOST_BITS:
        raise BadInput("the plan's dimensions have too many codes together", where="engine kernel", fix="leave a dimension out")
    parents = [_parents(dimension) for dimension in dimensions]
    sets = [leaf_set for member in members for leaf_set in member.leaf_sets]
    return Trees(
        shifts=_ahead(bits),
        fields=_array([(1 << width) - 1 for width in bits]),
        strides=_array([int(np.prod(codes[place + 1 :])) for place in range(len(codes))]),
        codes=_array(codes),
        offsets=_ahead(codes),
        parents=_array([parent for tree in parents for parent in tree]),
        depths=_array([_depth(tree, code) for tree in parents for code in range(len(tree))]),
        set_offsets=_ahead([len(member.leaf_sets) for member in members]),
        set_starts=_array([0, *np.cumsum([len(leaf_set) for leaf_set in sets])]),
        set_leaves=_array([leaf for leaf_set in sets for leaf in leaf_set]),
        most_leaves=prod(max(map(len, member.leaf_sets), default=1) for member in members),
    )


def _parents(dimension: CountedDimension) -> list[int]:
    places = dimension.dimension.positions
    return [places[code.parent] if code.parent is not None else -1 for code in dimension.dimension.codes]


def _depth(parents: list[int], code: int) -> int:
    return 0 if parents[code] < 0 else 1 + _depth(parents, parents[code])


def _array(values: Sequence[int]) -> Integers:
    return np.array(values, np.int64)


def _ahead(sizes: Sequence[int]) -> Integers:
    """The sum of the sizes before each."""
    return _array([sum(sizes[:place]) for place in range(len(sizes))])


def _years(periods: Sequence[Period]) -> tuple[int, ...]:
    if any(period.frequency == "D" for period in periods):
        return ()
    return tuple(sorted({year for period in periods for year in range(period.start.year, period.end.year + 1)}))


def _slots(periods: Sequence[Period], years: Sequence[int]) -> list[Slots]:
    order = sorted(range(len(periods)), key=lambda place: (periods[place].frequency, periods[place].start))
    chunks = [order[start : start + PERIODS_AT_ONCE] for start in range(0, len(order), PERIODS_AT_ONCE)]
    return [slots_of([periods[place] for place in chunk], years, chunk) for chunk in chunks]


def slots_of(periods: Sequence[Period], years: Sequence[int] = (), positions: Sequence[int] | None = None) -> Slots:
    """The periods as bits in this order."""
    first = min(_day(period.start) for period in periods) - 1
    last = max(_day(period.end) for period in periods) + 1
    days = np.arange(first, last + 1)
    from_first, to_last = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
    for bit, period in enumerate(periods):
        from_first[days <= _day(period.end)] |= 1 << bit
        to_last[days >= _day(period.start)] |= 1 << bit
    places = range(len(periods)) if positions is None else positions
    return Slots(_array(places), first, last, from_first, to_last, _of_months(periods, years))


def _of_months(periods: Sequence[Period], years: Sequence[int]) -> Integers:
    table, months = np.zeros((len(years), SETS_OF_MONTHS), np.int64), np.arange(SETS_OF_MONTHS)
    for bit, period in enumerate(periods):
        for place, year in enumerate(years):
            if period.start.year <= year <= period.end.year:  # a window of a measure may go over the end of a year
                first = period.start.month if period.start.year == year else 1
                last = period.end.month if period.end.year == year else 12
                here = sum(1 << month - 1 for month in range(first, last + 1))
                table[place] |= np.where(months & here, 1 << bit, 0)
    return table.reshape(-1)


def _day(day: date) -> int:
    return (day - EPOCH).days
