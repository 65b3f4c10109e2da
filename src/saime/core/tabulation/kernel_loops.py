"""Loops over persons, compiled by numba: signed increments of a person's set of cells, and expand-and-stamp.

Numbers are int64. A cube is int32: sums that leave its range come back into it, as they are exact modulo 2**32.
"""

# mypy: disable-error-code="misc, no-any-return, return-value"

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from saime.core.tabulation.kernel_cubes import Cube, Cubes
from saime.core.tabulation.kernel_layout import Trees
from saime.core.tabulation.kernel_membership import Integers
from saime.core.tabulation.kernel_row_loops import (  # noqa: F401 - kernel.Loops asks for them
    add_looked_up,
    gather,
    join_equal,
    mark_changes,
    marked,
    person_starts,
    spell_periods,
)
from saime.core.tabulation.kernel_tree_loops import add_prefix_sums, sum_over_trees  # noqa: F401

CELL, MASK, WEIGHT = range(3)  # rows of an array of packed cells, or of terms
MOST_PATTERNS = 24  # of a person; a longer list is counted by expand-and-stamp, which is quicker from about here
MOST_TERMS = 256  # signed terms of a person
MOST_REMEMBERED = 8  # cells of a set whose increments are remembered
SETS_REMEMBERED = 1 << 12  # a power of two; 2 MiB
_INCREMENTS, _SET_NUMBERS = 2 + 2 * MOST_REMEMBERED, 64  # of a remembered set: where its increments begin, and its numbers in all
_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACES = np.zeros(64, np.int64)  # of an isolated bit, by the top six bits of its product with the de Bruijn number
_PLACES[[((_DE_BRUIJN << bit) & (2**64 - 1)) >> 58 for bit in range(64)]] = np.arange(64)

loop = njit(cache=True, nogil=True)
inlined = njit(cache=True, nogil=True, forceinline=True)


def count(trees: Trees, starts: Integers, patterns: Integers, masks: Integers, cubes: Cubes, weight: int = 1) -> None:
    """Count the persons whose rows begin at ``starts``. ``masks``: the periods of each row, as bits. ``weight``: -1 takes them out."""
    for person in np.flatnonzero(count_persons(trees, starts, patterns, masks, cubes.terms, remembered_sets(cubes), weight)):
        rows = slice(starts[person], starts[person + 1])
        cubes.serial += 1
        stamp_person(trees, patterns[rows], masks[rows], cubes.seen, cubes.stamp, cubes.serial, cubes.persons, weight)


def remembered_sets(cubes: Cubes) -> Integers:
    """Sets of cells and their increments, for which one memory is kept with the cubes: sets repeat from person to person.

    A line: number of cells (0: none yet), number of increments, pattern and mask of each cell, the increments. These are relative
    to a cell, so that a set is known in whatever fields all its cells agree.
    """
    if cubes.remembered is None:
        cubes.remembered = np.zeros((SETS_REMEMBERED, _SET_NUMBERS), np.int64)
    return cubes.remembered


@loop
def count_persons(
    trees: Trees, starts: Integers, patterns: Integers, masks: Integers, cube: Cube, remembered: Integers, weight: int
) -> npt.NDArray[np.bool_]:
    """Add the terms of each person to the cube; returns for which persons it did not, because their set is large."""
    shifts, fields, strides, offsets, parents, depths = (  # taken out once: a field of a tuple costs a count of references each time
        trees.shifts,
        trees.fields,
        trees.strides,
        trees.offsets,
        trees.parents,
        trees.depths,
    )
    has_leaf_sets = len(trees.set_leaves) > 0
    too_large = np.zeros(len(starts) - 1, np.bool_)
    cells, terms = np.empty((2, MOST_PATTERNS), np.int64), np.empty((3, MOST_TERMS), np.int64)
    for person in range(len(too_large)):
        count = _distinct(patterns, masks, starts[person], starts[person + 1], cells)
        if has_leaf_sets and count > 0:
            count = _single_leaves(trees, cells, count)
        if count == 1:  # most persons, and then those of two cells, without the search for equal terms
            _add(cube, _cell(shifts, fields, strides, cells[CELL, 0]), cells[MASK, 0], weight)
        elif count == 2:
            _add(cube, _cell(shifts, fields, strides, cells[CELL, 0]), cells[MASK, 0], weight)
            _add(cube, _cell(shifts, fields, strides, cells[CELL, 1]), cells[MASK, 1], weight)
            both = cells[MASK, 0] & cells[MASK, 1]
            join = _join(shifts, fields, offsets, parents, depths, cells[CELL, 0], cells[CELL, 1]) if both != 0 else -1
            if join >= 0:
                _add(cube, _cell(shifts, fields, strides, join), both, -weight)
        else:
            varying = _varying(shifts, fields, cells, count)
            base = _cell(shifts, fields, strides, cells[CELL, 0] & ~varying)
            line = _line_of(cells, varying, count)
            if _is_remembered(remembered, line, cells, count):
                _add_remembered(remembered, line, cube, base, weight)
                continue
            total = _terms_of(shifts, fields, offsets, parents, depths, cells, count, terms)
            too_large[person] = total < 0
            for term in range(total):
                terms[CELL, term] = _cell(shifts, fields, strides, terms[CELL, term])
                _add(cube, base + terms[CELL, term], terms[MASK, term], weight * terms[WEIGHT, term])
            if 0 < count <= MOST_REMEMBERED and total >= 0:
                _remember(remembered, line, cells, count, terms, total, cube.shape[1])
    return too_large


@inlined
def _varying(shifts: Integers, fields: Integers, cells: Integers, count: int) -> int:
    """The bits of the fields in which the cells differ."""
    differ, bits = 0, 0
    for leaf in range(1, count):
        differ |= cells[CELL, leaf] ^ cells[CELL, 0]
    for d in range(len(shifts)):
        if (differ >> shifts[d]) & fields[d] != 0:
            bits |= fields[d] << shifts[d]
    return bits


@inlined
def _line_of(cells: Integers, varying: int, count: int) -> int:
    """Where a set is remembered, by its hash. The fields in which all its cells agree become 0."""
    mixed = np.uint64(count)
    for leaf in range(count):
        cells[CELL, leaf] &= varying
        mixed = (mixed ^ np.uint64(cells[CELL, leaf])) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29)) ^ np.uint64(cells[MASK, leaf])) * np.uint64(0xBF58476D1CE4E5B9)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(SETS_REMEMBERED - 1))


@inlined
def _is_remembered(remembered: Integers, line: int, cells: Integers, count: int) -> bool:
    if count <= 0 or remembered[line, 0] != count:
        return False
    for leaf in range(count):
        if remembered[line, 2 + 2 * leaf] != cells[CELL, leaf] or remembered[line, 3 + 2 * leaf] != cells[MASK, leaf]:
            return False
    return True


@inlined
def _add_remembered(remembered: Integers, line: int, cube: Cube, base: int, weight: int) -> None:
    """An increment packs its place in the cube, from the cell at ``base``, above 16 bits of its weight."""
    flat = cube.reshape(-1)
    for at in range(_INCREMENTS, _INCREMENTS + remembered[line, 1]):
        increment = remembered[line, at]
        flat[base * cube.shape[1] + (increment >> 16)] += weight * ((increment & 0xFFFF) - 0x8000)


@loop
def _remember(remembered: Integers, line: int, cells: Integers, count: int, terms: Integers, total: int, width: int) -> None:
    """Put a set in its line, in the place of another; a set of too many increments is left out. Terms name cells of the cube."""
    remembered[line, 0] = 0
    last = _INCREMENTS
    for term in range(total):
        mask = terms[MASK, term]
        while mask != 0:
            if last + 2 > _SET_NUMBERS:
                return
            lowest = mask & -mask
            carried = mask + lowest
            for bit, sign in ((lowest, 1), (carried & ~mask, -1)):
                last = _add_increment(remembered, line, last, terms[CELL, term] * width + _place(bit), sign * terms[WEIGHT, term])
            mask &= carried
    remembered[line, 0], remembered[line, 1] = count, last - _INCREMENTS
    for leaf in range(count):
        remembered[line, 2 + 2 * leaf], remembered[line, 3 + 2 * leaf] = cells[CELL, leaf], cells[MASK, leaf]


@inlined
def _add_increment(remembered: Integers, line: int, last: int, place: int, weight: int) -> int:
    for at in range(_INCREMENTS, last):
        if remembered[line, at] >> 16 == place:
            remembered[line, at] += weight
            return last
    remembered[line, last] = (place << 16) + 0x8000 + weight
    return last + 1


@loop
def stamp_person(
    trees: Trees, patterns: Integers, masks: Integers, seen: Integers, stamp: Integers, serial: int, cube: Cube, weight: int
) -> None:
    """Count one person in every cell above its leaves, once a period. ``seen`` holds its periods where ``stamp`` is ``serial``."""
    leaves = np.empty(trees.most_leaves, np.int64)
    for row in range(len(patterns)):
        if masks[row] == 0 or patterns[row] < 0:
            continue
        for leaf in range(_leaves_of(trees, patterns[row], leaves)):
            _stamp_ancestors(trees, leaves[leaf], masks[row], seen, stamp, serial, cube, weight)


@inlined
def _distinct(patterns: Integers, masks: Integers, first: int, end: int, cells: Integers) -> int:
    """A person's distinct patterns with their periods; -1 if there are more than ``cells`` can hold."""
    count = 0
    at = 0
    for row in range(first, end):
        if masks[row] == 0 or patterns[row] < 0:
            continue
        at = _find(patterns[row], cells, count, at + 1)  # months repeat their patterns in the same order
        if at == count:
            if count == MOST_PATTERNS:
                return -1
            cells[CELL, count], cells[MASK, count] = patterns[row], 0
            count += 1
        cells[MASK, at] |= masks[row]
    return count


@inlined
def _find(wanted: int, cells: Integers, count: int, guess: int) -> int:
    if guess >= count:
        guess = 0
    if guess < count and cells[CELL, guess] == wanted:
        return guess
    for place in range(count):
        if cells[CELL, place] == wanted:
            return place
    return count


@loop
def _single_leaves(trees: Trees, cells: Integers, count: int) -> int:
    """Patterns with sets of several leaves become packed cells of single leaves; -1 if there are too many."""
    patterns = cells[:, :count].copy()
    leaves = np.empty(MOST_PATTERNS, np.int64)
    total = 0
    for place in range(count):
        split = _leaves_of(trees, patterns[CELL, place], leaves)
        if split < 0:
            return -1
        for leaf in leaves[:split]:
            at = _find(leaf, cells, total, 0)
            if at == MOST_PATTERNS:
                return -1
            if at == total:
                cells[CELL, at], cells[MASK, at] = leaf, 0
                total += 1
            cells[MASK, at] |= patterns[MASK, place]
    return total


@loop
def _leaves_of(trees: Trees, pattern: int, leaves: Integers) -> int:
    """The packed cells of a pattern, one for each combination of single leaves; -1 if ``leaves`` cannot hold them."""
    leaves[0] = pattern
    count = 1
    for d in range(len(trees.codes)):
        chosen = ((pattern >> trees.shifts[d]) & trees.fields[d]) - trees.codes[d]
        if chosen < 0:
            continue
        first, end = trees.set_starts[trees.set_offsets[d] + chosen], trees.set_starts[trees.set_offsets[d] + chosen + 1]
        if count * (end - first) > len(leaves):
            return -1
        for leaf in range(count * (end - first) - 1, -1, -1):
            leaves[leaf] = _with_code(trees, leaves[leaf % count], d, trees.set_leaves[first + leaf // count])
        count *= end - first
    return count


@inlined
def _with_code(trees: Trees, packed: int, d: int, code: int) -> int:
    return (packed & ~(trees.fields[d] << trees.shifts[d])) | (code << trees.shifts[d])


@inlined
def _terms_of(
    shifts: Integers, fields: Integers, offsets: Integers, parents: Integers, depths: Integers, cells: Integers, count: int, terms: Integers
) -> int:
    """Inclusion and exclusion over joins: terms whose sum over the descendants of a cell is 1 in each period of a set above it.

    Returns how many there are; -1 if too many.
    """
    total = min(count, 0)
    for leaf in range(count):
        if 2 * total + 1 > MOST_TERMS:
            return -1
        known = total
        for term in range(known):
            both = terms[MASK, term] & cells[MASK, leaf]
            join = _join(shifts, fields, offsets, parents, depths, terms[CELL, term], cells[CELL, leaf]) if both != 0 else -1
            if join >= 0:
                total = _add_term(terms, known, total, join, both, -terms[WEIGHT, term])
        total = _add_term(terms, known, total, cells[CELL, leaf], cells[MASK, leaf], 1)
        total = _merge(terms, known, total)
    return total


@inlined
def _add_term(terms: Integers, known: int, total: int, cell: int, mask: int, weight: int) -> int:
    for term in range(known, total):
        if terms[CELL, term] == cell and terms[MASK, term] == mask:
            terms[WEIGHT, term] += weight
            return total
    terms[CELL, total], terms[MASK, total], terms[WEIGHT, total] = cell, mask, weight
    return total + 1


@inlined
def _merge(terms: Integers, known: int, total: int) -> int:
    """Join the new terms, from ``known``, to equal ones before them, and leave out what has come to nothing."""
    for new in range(known, total):
        for term in range(known):
            if terms[CELL, term] == terms[CELL, new] and terms[MASK, term] == terms[MASK, new]:
                terms[WEIGHT, term] += terms[WEIGHT, new]
                terms[WEIGHT, new] = 0
                break
    kept = 0
    for term in range(total):
        if terms[WEIGHT, term] != 0:
            terms[:, kept] = terms[:, term]
            kept += 1
    return kept


@inlined
def _join(shifts: Integers, fields: Integers, offsets: Integers, parents: Integers, depths: Integers, one: int, other: int) -> int:
    """The lowest packed cell above both; -1 if a dimension has no code above both."""
    differ = one ^ other
    for d in range(len(shifts)):
        if (differ >> shifts[d]) & fields[d] != 0:
            code, second, offset = (one >> shifts[d]) & fields[d], (other >> shifts[d]) & fields[d], offsets[d]
            while code != second:
                if depths[offset + code] < depths[offset + second]:
                    code, second = second, code
                code = parents[offset + code]
                if code < 0:
                    return -1
            one = (one & ~(fields[d] << shifts[d])) | (code << shifts[d])
    return one


@inlined
def _cell(shifts: Integers, fields: Integers, strides: Integers, packed: int) -> int:
    cell = 0
    for d in range(len(shifts)):
        cell += ((packed >> shifts[d]) & fields[d]) * strides[d]
    return cell


@inlined
def _add(cube: Cube, cell: int, mask: int, weight: int) -> None:
    """Add the weight in the periods of the mask, a run of neighbouring periods at a time."""
    while mask != 0:
        lowest = mask & -mask
        carried = mask + lowest
        cube[cell, _place(lowest)] += weight
        cube[cell, _place(carried & ~mask)] -= weight
        mask &= carried


@inlined
def _place(bit: int) -> int:
    """Which bit is set, of one."""
    return _PLACES[(np.uint64(bit) * np.uint64(_DE_BRUIJN)) >> np.uint64(58)]


@loop
def _stamp_ancestors(trees: Trees, leaf: int, mask: int, seen: Integers, stamp: Integers, serial: int, cube: Cube, weight: int) -> None:
    at = leaf
    while at >= 0:
        cell = _cell(trees.shifts, trees.fields, trees.strides, at)
        known = seen[cell] if stamp[cell] == serial else 0
        fresh = mask & ~known
        if at == leaf and fresh == 0:
            return
        stamp[cell] = serial
        seen[cell] = known | fresh
        _add(cube, cell, fresh, weight)
        at = _next_ancestor(trees, leaf, at)


@inlined
def _next_ancestor(trees: Trees, leaf: int, at: int) -> int:
    """The packed cell after ``at`` in the product of the leaf's lineages; -1 after the last."""
    for d in range(len(trees.codes)):
        parent = trees.parents[trees.offsets[d] + ((at >> trees.shifts[d]) & trees.fields[d])]
        if parent >= 0:
            return _with_code(trees, at, d, parent)
        at = _with_code(trees, at, d, (leaf >> trees.shifts[d]) & trees.fields[d])
    return -1
