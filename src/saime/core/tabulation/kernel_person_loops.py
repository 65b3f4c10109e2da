"""Loops over persons, compiled by numba: signed increments of a person's set of cells, and expand-and-stamp.

Numbers are int64. A cube is int32: sums that leave its range come back into it, as they are exact modulo 2**32.
"""

# mypy: disable-error-code="misc, no-any-return, return-value"

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from saime.core.tabulation.kernel_cubes import Cube
from saime.core.tabulation.kernel_layout import Trees
from saime.core.tabulation.kernel_membership import Integers as Ints

CELL, MASK, WEIGHT = range(3)  # rows of an array of packed cells, or of terms
MOST_PATTERNS = 24  # of a person; a longer list is counted by expand-and-stamp, which is quicker from about here
MOST_TERMS = 256  # signed terms of a person
MOST_REMEMBERED, MOST_VARYING, MOST_CODES = 8, 3, 4  # cells of a set whose shape is remembered; dimensions it varies in, codes in each
SETS_REMEMBERED = 1 << 12  # a power of two; 2 MiB
_SHAPES, _MASKS, _INCREMENTS, _SET_NUMBERS = 2, 2 + MOST_VARYING, 2 + MOST_VARYING + MOST_REMEMBERED, 64  # of a line of remembered sets
_SHAPE, _DIMENSION, _STRIDE = 14, 15, 16  # of a dimension in which cells differ, after its codes by local number
_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACES = np.zeros(64, np.int64)  # of an isolated bit, by the top six bits of its product with the de Bruijn number
_PLACES[[((_DE_BRUIJN << bit) & (2**64 - 1)) >> 58 for bit in range(64)]] = np.arange(64)

loop = njit(cache=True, nogil=True)
inlined = njit(cache=True, nogil=True, forceinline=True)


def remembered_sets() -> Ints:
    """Room for shapes of sets of cells, which repeat from person to person wherever they are in the trees, with their increments.

    A shape: in how many dimensions cells differ, which of them share a code there, and which codes the same one above both. A line:
    number of cells (0: none yet) and of increments; the shape of each dimension; the mask of each cell; the increments.
    """
    return np.zeros((SETS_REMEMBERED, _SET_NUMBERS), np.int64)


@loop
def count_persons(
    trees: Trees, starts: Ints, patterns: Ints, masks: Ints, cube: Cube, remembered: Ints, weight: int
) -> npt.NDArray[np.bool_]:
    """Add the terms of each person to the cube; returns for which persons it did not, because their set is large."""
    shifts, fields, strides = trees.shifts, trees.fields, trees.strides  # once: a field of a tuple costs a count of references
    offsets, parents, depths = trees.offsets, trees.parents, trees.depths
    has_leaf_sets = len(trees.set_leaves) > 0
    too_large = np.zeros(len(starts) - 1, np.bool_)
    cells, terms = np.empty((2, MOST_PATTERNS), np.int64), np.empty((3, MOST_TERMS), np.int64)
    codes = np.zeros((MOST_VARYING, _STRIDE + 1), np.int64)
    for person in range(len(too_large)):
        count = _distinct(patterns, masks, starts[person], starts[person + 1], cells)
        if has_leaf_sets and count > 0:
            count = _single_leaves(trees, cells, count)
        if 0 < count <= 2:  # most persons, without the search for equal terms
            for leaf in range(count):
                _add(cube, _cell(shifts, fields, strides, cells[CELL, leaf]), cells[MASK, leaf], weight)
            both = cells[MASK, 0] & cells[MASK, 1] if count == 2 else 0
            join = _join(shifts, fields, offsets, parents, depths, cells[CELL, 0], cells[CELL, 1]) if both != 0 else -1
            if join >= 0:
                _add(cube, _cell(shifts, fields, strides, join), both, -weight)
        else:
            line = 0
            varying = _shape(shifts, fields, offsets, parents, depths, cells, count, codes) if 2 < count <= MOST_REMEMBERED else -1
            if varying > 0:
                line = _line_of(remembered, codes, cells, count)
                if line >= 0:
                    first = _cell(shifts, fields, strides, cells[CELL, 0])
                    _add_remembered(remembered, line, codes, strides, first, cube, weight)
                    continue
            total = _terms_of(shifts, fields, offsets, parents, depths, cells, count, terms)
            too_large[person] = total < 0
            for term in range(total):
                _add(cube, _cell(shifts, fields, strides, terms[CELL, term]), terms[MASK, term], weight * terms[WEIGHT, term])
            if varying > 0 and total >= 0:
                _remember(trees, remembered, -1 - line, codes, cells, count, terms, total)
    return too_large


@inlined
def _shape(shifts: Ints, fields: Ints, offsets: Ints, parents: Ints, depths: Ints, cells: Ints, count: int, codes: Ints) -> int:
    """In how many dimensions the cells differ; -1 if in too many, or in too many codes. ``codes``: of each such dimension which code
    each local number stands for, its shape (the numbers of the cells' codes and of those above two, four bits each) and its number."""
    differ, varying = 0, 0
    for leaf in range(1, count):
        differ |= cells[CELL, leaf] ^ cells[CELL, 0]
    codes[:, _SHAPE], codes[:, _DIMENSION] = 0, -1
    for d in range(len(shifts)):
        if (differ >> shifts[d]) & fields[d] == 0:
            continue
        if varying == MOST_VARYING:
            return -1
        known, word = 0, 0
        for leaf in range(count):
            at = _numbered(codes, varying, known, (cells[CELL, leaf] >> shifts[d]) & fields[d])
            known = max(known, at + 1)
            word = word << 4 | at
        leaves = known
        if leaves > MOST_CODES:
            return -1
        for one in range(1, leaves):
            for other in range(one):
                above = _lowest_above(offsets[d], parents, depths, codes[varying, one], codes[varying, other])
                at = _numbered(codes, varying, known, above) if above >= 0 else -1
                known = max(known, at + 1)
                word = word << 4 | (at & 15)  # 15 where nothing is above both
        codes[varying, _SHAPE], codes[varying, _DIMENSION] = word, d
        varying += 1
    return varying


@inlined
def _numbered(codes: Ints, v: int, known: int, code: int) -> int:
    """The number of a code; a new one comes after those that are known."""
    at = 0
    while at < known and codes[v, at] != code:
        at += 1
    codes[v, at] = code
    return at


@inlined
def _line_of(remembered: Ints, codes: Ints, cells: Ints, count: int) -> int:
    """Where a set is remembered, by its hash; less than 0 if it is not: -1 less where it would be."""
    mixed = np.uint64(count)
    for v in range(MOST_VARYING):
        mixed = (mixed ^ np.uint64(codes[v, _SHAPE])) * np.uint64(0x9E3779B97F4A7C15)
    for leaf in range(count):
        mixed = (mixed ^ (mixed >> np.uint64(29)) ^ np.uint64(cells[MASK, leaf])) * np.uint64(0xBF58476D1CE4E5B9)
    line = np.int64((mixed >> np.uint64(32)) & np.uint64(SETS_REMEMBERED - 1))
    same = remembered[line, 0] == count
    for v in range(MOST_VARYING):
        same &= remembered[line, _SHAPES + v] == codes[v, _SHAPE]
    for leaf in range(count):
        same &= remembered[line, _MASKS + leaf] == cells[MASK, leaf]
    return line if same else -1 - line


@inlined
def _add_remembered(remembered: Ints, line: int, codes: Ints, strides: Ints, first: int, cube: Cube, weight: int) -> None:
    """An increment packs, above 16 bits of its weight, its period in 6 bits and the number of its code in each dimension in 4."""
    for v in range(MOST_VARYING):
        codes[v, _STRIDE] = strides[codes[v, _DIMENSION]] if codes[v, _DIMENSION] >= 0 else 0
        first -= codes[v, 0] * codes[v, _STRIDE]
    for at in range(_INCREMENTS, _INCREMENTS + remembered[line, 1]):
        increment = remembered[line, at]
        cell = first
        for v in range(MOST_VARYING):
            cell += codes[v, (increment >> (22 + 4 * v)) & 15] * codes[v, _STRIDE]
        cube[cell, (increment >> 16) & 63] += weight * ((increment & 0xFFFF) - 0x8000)


@loop
def _remember(trees: Trees, remembered: Ints, line: int, codes: Ints, cells: Ints, count: int, terms: Ints, total: int) -> None:
    """Put a set in its line, in the place of another; a set of too many increments is left out."""
    remembered[line, 0] = 0
    last = _INCREMENTS
    for term in range(total):
        name = 0
        for v in range(MOST_VARYING):
            d = codes[v, _DIMENSION]
            if d >= 0:
                name |= _numbered(codes, v, _SHAPE, (terms[CELL, term] >> trees.shifts[d]) & trees.fields[d]) << (4 * v)
        mask = terms[MASK, term]
        while mask != 0:
            if last + 2 > _SET_NUMBERS:
                return
            lowest = mask & -mask
            carried = mask + lowest
            for bit, sign in ((lowest, 1), (carried & ~mask, -1)):
                last = _add_increment(remembered, line, last, name << 6 | _place(bit), sign * terms[WEIGHT, term])
            mask &= carried
    remembered[line, 0], remembered[line, 1] = count, last - _INCREMENTS
    remembered[line, _SHAPES:_MASKS] = codes[:, _SHAPE]
    remembered[line, _MASKS : _MASKS + count] = cells[MASK, :count]


@inlined
def _add_increment(remembered: Ints, line: int, last: int, place: int, weight: int) -> int:
    for at in range(_INCREMENTS, last):
        if remembered[line, at] >> 16 == place:
            remembered[line, at] += weight
            return last
    remembered[line, last] = (place << 16) + 0x8000 + weight
    return last + 1


@loop
def stamp_person(trees: Trees, patterns: Ints, masks: Ints, seen: Ints, stamp: Ints, serial: int, cube: Cube, weight: int) -> None:
    """Count one person in every cell above its leaves, once a period. ``seen`` holds its periods where ``stamp`` is ``serial``."""
    leaves = np.empty(trees.most_leaves, np.int64)
    for row in range(len(patterns)):
        if masks[row] == 0 or patterns[row] < 0:
            continue
        for leaf in range(_leaves_of(trees, patterns[row], leaves)):
            _stamp_ancestors(trees, leaves[leaf], masks[row], seen, stamp, serial, cube, weight)


@inlined
def _distinct(patterns: Ints, masks: Ints, first: int, end: int, cells: Ints) -> int:
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
def _find(wanted: int, cells: Ints, count: int, guess: int) -> int:
    if guess >= count:
        guess = 0
    if guess < count and cells[CELL, guess] == wanted:
        return guess
    for place in range(count):
        if cells[CELL, place] == wanted:
            return place
    return count


@loop
def _single_leaves(trees: Trees, cells: Ints, count: int) -> int:
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
def _leaves_of(trees: Trees, pattern: int, leaves: Ints) -> int:
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
def _terms_of(shifts: Ints, fields: Ints, offsets: Ints, parents: Ints, depths: Ints, cells: Ints, count: int, terms: Ints) -> int:
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
def _add_term(terms: Ints, known: int, total: int, cell: int, mask: int, weight: int) -> int:
    for term in range(known, total):
        if terms[CELL, term] == cell and terms[MASK, term] == mask:
            terms[WEIGHT, term] += weight
            return total
    terms[CELL, total], terms[MASK, total], terms[WEIGHT, total] = cell, mask, weight
    return total + 1


@inlined
def _merge(terms: Ints, known: int, total: int) -> int:
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
def _join(shifts: Ints, fields: Ints, offsets: Ints, parents: Ints, depths: Ints, one: int, other: int) -> int:
    """The lowest packed cell above both; -1 if a dimension has no code above both."""
    differ = one ^ other
    for d in range(len(shifts)):
        if (differ >> shifts[d]) & fields[d] != 0:
            code = _lowest_above(offsets[d], parents, depths, (one >> shifts[d]) & fields[d], (other >> shifts[d]) & fields[d])
            if code < 0:
                return -1
            one = (one & ~(fields[d] << shifts[d])) | (code << shifts[d])
    return one


@inlined
def _lowest_above(offset: int, parents: Ints, depths: Ints, code: int, second: int) -> int:
    """The lowest code of a dimension above both; -1 if there is none."""
    while code != second:
        if depths[offset + code] < depths[offset + second]:
            code, second = second, code
        code = parents[offset + code]
        if code < 0:
            return -1
    return code


@inlined
def _cell(shifts: Ints, fields: Ints, strides: Ints, packed: int) -> int:
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
def _stamp_ancestors(trees: Trees, leaf: int, mask: int, seen: Ints, stamp: Ints, serial: int, cube: Cube, weight: int) -> None:
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
