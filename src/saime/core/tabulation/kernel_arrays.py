"""The kernel's loops without numba: the same counts by whole-array steps, for all persons of a block at once.

Step ``i`` joins the ``i``-th cell of every person to the terms of the cells before it; most persons are done after a few.
A set of persons is three arrays of one length, sorted by person: ``person`` (within the block), packed cell, periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saime.core.tabulation.kernel_cubes import Cube, Cubes
from saime.core.tabulation.kernel_layout import Slots, Trees
from saime.core.tabulation.kernel_membership import Integers

MOST_CELLS = 12  # of a person; a longer list is expanded, which is quicker from about here
EXPANDED_AT_ONCE = 1 << 12  # packed cells

Days = npt.NDArray[np.int32]
Places = npt.NDArray[np.int32]
Marks = npt.NDArray[np.uint8]
Set = tuple[Integers, Integers, Integers]


@dataclass(frozen=True)
class Terms:
    """Signed terms: what a packed cell, by person, gets in the periods of the mask."""

    person: Integers
    cell: Integers
    mask: Integers
    weight: Integers

    def take(self, rows: Any) -> Terms:
        return Terms(self.person[rows], self.cell[rows], self.mask[rows], self.weight[rows])


def person_starts(persons: npt.NDArray[np.uint32]) -> Integers:
    """The first row of each person, and the number of rows at the end."""
    begins = np.ones(len(persons) + 1, np.bool_)
    begins[1:-1] = persons[1:] != persons[:-1]
    return np.flatnonzero(begins)


def add_looked_up(patterns: Integers, column: npt.NDArray[Any], places: Places, shift: int, bits: int, table: Integers) -> None:
    """Look up the value at each of the places, or the field of ``bits`` in it."""
    values = column[places]
    patterns |= table[values if shift == 0 and bits > np.iinfo(values.dtype).max else values.astype(np.int64) >> shift & bits]


def mark_changes(marks: Marks, first: int, spells: tuple[Any, ...], wide: tuple[Any, ...], narrow: tuple[Any, ...]) -> None:
    """Mark by 1 where the spell of a row, counted from ``first``, is not that of the row before, and by 3 where another column is not."""
    for mark, columns in ((np.uint8(1), spells), (np.uint8(3), (*wide, *narrow))):
        for column in {id(column): column for column in columns}.values():
            marks |= (column[first : first + len(marks)] != column[first - 1 : first - 1 + len(marks)]) * mark


def marked(marks: Marks, first: int, places: Places, runs: Places, begins: Places) -> tuple[int, int]:
    """Put the marked places, counted from ``first``, into ``places``, those marked by 3 also into ``runs``, and where these stand
    in ``places``, and its end, into ``begins``. Returns how many places and runs there are."""
    found = np.flatnonzero(marks)
    begun = np.flatnonzero(marks[found] > 1)
    places[: len(found)] = found + first
    runs[: len(begun)] = found[begun] + first
    begins[: len(begun)], begins[len(begun)] = begun, len(found)
    return len(found), len(begun)


def gather(column: npt.NDArray[Any], places: Places, to: npt.NDArray[Any]) -> None:
    np.take(column, places, out=to, mode="clip")  # places are right; raising would copy


def join_equal(persons: npt.NDArray[np.uint32], facts: Integers, masks: Integers) -> int:
    """Give equal facts of a person their masks together, in place; returns how many rows are left. Rows without a mask are left out."""
    holds = masks != 0
    first = persons[:1].astype(np.int64)
    joined = distinct(persons[holds] - first, facts[holds], masks[holds])
    left = len(joined[0])
    persons[:left], facts[:left], masks[:left] = joined[0] + first, joined[1], joined[2]
    return left


def spell_periods(slots: Slots, valid_from: Days, valid_to: Days, places: Places, begins: Places, masks: Integers) -> None:
    """The periods that the spells of each run of places touch, as bits. ``begins``: of the runs in ``places``, and the end."""
    first, last = (np.clip(days[places], slots.first, slots.last) - np.int32(slots.first) for days in (valid_from, valid_to))
    touched = slots.from_first[first] & slots.to_last[last]
    masks[:] = np.bitwise_or.reduceat(touched, begins[:-1]) if len(masks) else touched


def count(trees: Trees, starts: Integers, patterns: Integers, masks: Integers, cubes: Cubes, weight: int = 1) -> None:
    """Count the persons whose rows begin at ``starts``. ``masks``: the periods of each row, as bits. ``weight``: -1 takes them out."""
    person = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    counted = (masks != 0) & (patterns >= 0)
    cells = single_leaves(trees, distinct(person[counted], patterns[counted], masks[counted]))
    if not len(cells[0]):
        return
    is_large = np.bincount(cells[0])[cells[0]] > MOST_CELLS
    if is_large.any():
        _count_expanded(trees, _chosen(cells, is_large), cubes.persons, weight)
        cells = _chosen(cells, ~is_large)
    _add_signed_terms(trees, cells, cubes.terms, weight)


def add_prefix_sums(cube: Cube, positions: Integers, counts: Cube) -> None:
    """Sum up each cell's increments over its periods, and add them to the columns of ``counts`` in which the periods stand."""
    counts[:, positions] += np.cumsum(cube[:, :-1], axis=1, dtype=np.int32)


def sum_over_trees(trees: Trees, counts: Cube) -> None:
    """Add each cell to those above it, in place: each code to its parent, the deepest first. Shape: (cells, periods)."""
    cube = counts.reshape(*trees.codes, -1)
    for axis, (first, codes) in enumerate(zip(trees.offsets, trees.codes, strict=True)):
        depths, parents = trees.depths[first : first + codes], trees.parents[first : first + codes]
        by_code = np.moveaxis(cube, axis, 0)
        for code in np.argsort(-depths, kind="stable"):
            if parents[code] >= 0:
                by_code[parents[code]] += by_code[code]


def _chosen(cells: Set, rows: npt.NDArray[np.bool_]) -> Set:
    person, cell, mask = (part[rows] for part in cells)
    return person, cell, mask


def distinct(person: Integers, cell: Integers, mask: Integers) -> Set:
    """Each cell of a person once, with all its periods."""
    person, cell, mask = _sorted(person, cell, mask)
    begins = _begins_a_run(person, cell)
    return person[begins], cell[begins], np.bitwise_or.reduceat(mask, begins) if len(begins) else mask


def _sorted(*columns: Integers) -> tuple[Integers, ...]:
    """The rows in the order of the columns; packed into one number where they fit, as numbers are sorted much quicker."""
    widths = [int(column.max(initial=0)).bit_length() for column in columns]
    if sum(widths) > 63:
        order = np.lexsort(columns[::-1])
        return tuple(column[order] for column in columns)
    packed = np.zeros(len(columns[0]), np.int64)
    for column, width in zip(columns, widths, strict=True):
        packed = packed << width | column
    packed.sort()
    shifts = [sum(widths[place + 1 :]) for place in range(len(widths))]
    return tuple(packed >> shift & ((1 << width) - 1) for shift, width in zip(shifts, widths, strict=True))


def _begins_a_run(*columns: Integers) -> Integers:
    begins = np.ones(len(columns[0]), np.bool_)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return np.flatnonzero(begins)


def single_leaves(trees: Trees, patterns: Set) -> Set:
    """Patterns with sets of several leaves become packed cells of single leaves."""
    if not trees.has_leaf_sets:
        return patterns
    person, cell, mask = patterns
    for d in range(len(trees.codes)):
        chosen = _codes(trees, cell, d) - trees.codes[d]
        at = trees.set_offsets[d] + np.maximum(chosen, 0)
        starts = np.where(chosen < 0, 0, trees.set_starts[np.minimum(at, len(trees.set_starts) - 2)])
        sizes = np.where(chosen < 0, 1, np.diff(trees.set_starts)[np.minimum(at, len(trees.set_starts) - 2)])
        rows, steps = repeated(sizes)
        leaves = np.where(chosen[rows] < 0, _codes(trees, cell[rows], d), trees.set_leaves[starts[rows] + steps])
        person, cell, mask = person[rows], _with_codes(trees, cell[rows], d, leaves), mask[rows]
    return distinct(person, cell, mask)


def repeated(sizes: Integers) -> tuple[Integers, Integers]:
    """Each row number as often as its size says, and the place among its repetitions."""
    rows = np.repeat(np.arange(len(sizes)), sizes)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _codes(trees: Trees, cell: Integers, d: int) -> Integers:
    return np.asarray(cell >> trees.shifts[d] & trees.fields[d])


def _with_codes(trees: Trees, cell: Integers, d: int, codes: Integers) -> Integers:
    return np.asarray(cell & ~(trees.fields[d] << trees.shifts[d]) | codes << trees.shifts[d])


def _add_signed_terms(trees: Trees, cells: Set, cube: Cube, weight: int) -> None:
    """Inclusion and exclusion over joins, step by step; the terms of a person are added when it has no further cell."""
    person, cell, mask = cells
    first = np.flatnonzero(np.diff(person, prepend=-1))
    place = np.arange(len(person)) - np.repeat(first, np.diff(first, append=len(person)))
    first_of = np.zeros(int(person.max(initial=0)) + 1, np.int64)
    first_of[person[first]] = first
    sizes = np.bincount(person)
    ones = np.full(len(person), weight)
    terms = Terms(person, cell, mask, ones).take(place == 0)
    step = 0
    while len(terms.person):
        step += 1
        goes_on = sizes[terms.person] > step
        _add(trees, cube, terms.take(~goes_on))
        terms = terms.take(goes_on)
        if len(terms.person):
            joined = _joined(trees, terms, cells, first_of[terms.person] + step)
            terms = _summed([terms, joined, Terms(person, cell, mask, ones).take(place == step)])


def _joined(trees: Trees, terms: Terms, cells: Set, others: Integers) -> Terms:
    """Each term joined to the cell at its place in ``others``, with the opposite sign, where they meet in a period."""
    cell, mask = terms.cell, terms.mask & cells[2][others]
    exists = mask != 0
    for d in range(len(trees.codes)):
        common = _common_ancestors(trees, d, _codes(trees, cell, d), _codes(trees, cells[1][others], d))
        exists &= common >= 0
        cell = _with_codes(trees, cell, d, np.maximum(common, 0))
    return Terms(terms.person, cell, mask, -terms.weight).take(exists)


def _common_ancestors(trees: Trees, d: int, ones: Integers, others: Integers) -> Integers:
    """The lowest code above both, of each pair; -1 if there is none."""
    offset, common = trees.offsets[d], ones.copy()
    differ = np.flatnonzero(ones != others)
    one, other = ones[differ], others[differ]
    while len(differ):
        is_deeper = trees.depths[offset + one] >= trees.depths[offset + other]
        one, other = np.where(is_deeper, one, other), np.where(is_deeper, other, one)
        one = trees.parents[offset + one]
        met = (one == other) | (one < 0)
        common[differ[met]] = one[met]
        differ, one, other = differ[~met], one[~met], other[~met]
    return common


def _summed(parts: list[Terms]) -> Terms:
    """Equal terms joined; what comes to nothing is left out."""
    names = ("person", "cell", "mask", "weight")
    person, cell, mask, weight = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    order = np.lexsort((mask, cell, person))
    person, cell, mask = person[order], cell[order], mask[order]
    begins = _begins_a_run(person, cell, mask)
    sums = np.add.reduceat(weight[order], begins)
    return Terms(person[begins], cell[begins], mask[begins], sums).take(sums != 0)


def _add(trees: Trees, cube: Cube, terms: Terms) -> None:
    """Add the terms where runs of periods begin, and take them off where they end."""
    cell = np.zeros(len(terms.cell), np.int64)
    for d in range(len(trees.codes)):
        cell += _codes(trees, terms.cell, d) * trees.strides[d]
    begins, ends = terms.mask & ~(terms.mask << 1), ~terms.mask & (terms.mask << 1)
    for column in range(cube.shape[1]):
        for bits, sign in ((begins, 1), (ends, -1)):
            here = np.flatnonzero(bits >> column & 1)
            np.add.at(cube[:, column], cell[here], (sign * terms.weight[here]).astype(np.int32))


def cube_cells(trees: Trees, packed: Integers) -> Integers:
    """Where packed cells stand in a cube, time left out."""
    return sum((_codes(trees, packed, d) * trees.strides[d] for d in range(len(trees.codes))), np.zeros(len(packed), np.int64))


def _count_expanded(trees: Trees, cells: Set, cube: Cube, weight: int) -> None:
    """Count persons in every cell above their leaves, some persons at a time."""
    person = cells[0]
    bounds = np.flatnonzero(np.diff(person, prepend=-1))
    while len(bounds):
        following = int(np.searchsorted(bounds, bounds[0] + EXPANDED_AT_ONCE))
        end = int(bounds[following]) if following < len(bounds) else len(person)
        some = distinct(*ancestors(trees, *(part[bounds[0] : end] for part in cells)))
        _add(trees, cube, Terms(*some, np.full(len(some[0]), weight)))
        bounds = bounds[following:]


def ancestors(trees: Trees, person: Integers, cell: Integers, mask: Integers) -> Set:
    """Each cell and all above it."""
    for d in range(len(trees.codes)):
        level = person, cell, mask
        levels = [level]
        while True:
            parents = trees.parents[trees.offsets[d] + _codes(trees, level[1], d)]
            has_parent = parents >= 0
            if not has_parent.any():
                break
            level = level[0][has_parent], _with_codes(trees, level[1][has_parent], d, parents[has_parent]), level[2][has_parent]
            levels.append(level)
        person, cell, mask = (np.concatenate(parts) for parts in zip(*levels, strict=True))
    return person, cell, mask
