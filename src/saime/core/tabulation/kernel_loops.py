"""Loops over rows and persons, compiled by numba: signed increments of a person's set of cells, and expand-and-stamp.

Numbers are int64. A cube is int32: sums that leave its range come back into it, as they are exact modulo 2**32.
"""

# mypy: disable-error-code="misc, no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from saime.core.tabulation.kernel_cubes import Cube, Cubes
from saime.core.tabulation.kernel_layout import Slots, Trees
from saime.core.tabulation.kernel_membership import Integers

MOST_PATTERNS = 24  # of a person; a longer list is counted by expand-and-stamp, which is quicker from about here
MOST_TERMS = 256  # signed terms of a person
MOST_REMEMBERED = 8  # cells of a set whose increments are remembered
SETS_REMEMBERED = 1 << 12  # a power of two; 2 MiB
_INCREMENTS, _SET_NUMBERS = 2 + 2 * MOST_REMEMBERED, 64  # of a remembered set: where its increments begin, and its numbers in all
_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACES = np.zeros(64, np.int64)  # of an isolated bit, by the top six bits of its product with the de Bruijn number
_PLACES[[((_DE_BRUIJN << bit) & (2**64 - 1)) >> 58 for bit in range(64)]] = np.arange(64)

Days = npt.NDArray[np.int32]

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
def person_starts(persons: npt.NDArray[np.uint32]) -> Integers:
    """The first row of each person, and the number of rows at the end."""
    starts = np.empty(len(persons) + 1, np.int64)
    found = 0
    for row in range(len(persons)):
        starts[found] = row
        found += row == 0 or persons[row] != persons[row - 1]
    starts[found] = len(persons)
    return starts[: found + 1].copy()


@loop
def mark_changes(marks: npt.NDArray[np.uint8], values: npt.NDArray[Any], before: npt.NDArray[Any]) -> None:
    """Mark where a value is not the one before."""
    for row in range(len(marks)):
        marks[row] |= values[row] != before[row]


@loop
def marked(marks: npt.NDArray[np.uint8], first: int, places: npt.NDArray[np.int32]) -> int:
    """Put the marked places, counted from ``first``, into ``places``, which has room for one more; returns how many."""
    found = 0
    for row in range(len(marks)):
        places[found] = first + row
        found += marks[row]
    return found


@loop
def gather(column: npt.NDArray[Any], places: npt.NDArray[np.int32], to: npt.NDArray[Any]) -> None:
    for place in range(len(places)):
        to[place] = column[places[place]]


@loop
def spell_periods(slots: Slots, valid_from: Days, valid_to: Days) -> Integers:
    """The periods that each spell touches, as bits."""
    masks = np.empty(len(valid_from), np.int64)
    for row in range(len(masks)):
        begins = min(max(valid_from[row], slots.first), slots.last) - slots.first
        ends = min(max(valid_to[row], slots.first), slots.last) - slots.first
        masks[row] = slots.from_first[begins] & slots.to_last[ends]
    return masks


@loop
def add_looked_up(patterns: Integers, ordinals: npt.NDArray[Any], table: Integers) -> None:
    for row in range(len(patterns)):
        patterns[row] |= table[ordinals[row]]


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
    found, found_masks = np.empty(MOST_PATTERNS, np.int64), np.empty(MOST_PATTERNS, np.int64)
    terms, term_masks, weights = np.empty(MOST_TERMS, np.int64), np.empty(MOST_TERMS, np.int64), np.empty(MOST_TERMS, np.int64)
    for person in range(len(too_large)):
        count = _distinct(patterns, masks, starts[person], starts[person + 1], found, found_masks)
        if has_leaf_sets and count > 0:
            count = _single_leaves(trees, found, found_masks, count)
        if count == 1:  # most persons, and then those of two cells, without the search for equal terms
            _add(cube, _cell(shifts, fields, strides, found[0]), found_masks[0], weight)
            continue
        if count == 2:
            _add(cube, _cell(shifts, fields, strides, found[0]), found_masks[0], weight)
            _add(cube, _cell(shifts, fields, strides, found[1]), found_masks[1], weight)
            both = found_masks[0] & found_masks[1]
            join = _join(shifts, fields, offsets, parents, depths, found[0], found[1]) if both != 0 else -1
            if join >= 0:
                _add(cube, _cell(shifts, fields, strides, join), both, -weight)
            continue
        varying = _varying(shifts, fields, found, count)
        base = _cell(shifts, fields, strides, found[0] & ~varying)
        for leaf in range(count):
            found[leaf] &= varying
        line = _line_of(found, found_masks, count)
        if _is_remembered(remembered, line, found, found_masks, count):
            _add_remembered(remembered, line, cube, base, weight)
            continue
        total = _terms_of(shifts, fields, offsets, parents, depths, found, found_masks, count, terms, term_masks, weights)
        too_large[person] = total < 0
        for term in range(total):
            terms[term] = _cell(shifts, fields, strides, terms[term])
            _add(cube, base + terms[term], term_masks[term], weight * weights[term])
        if 0 < count <= MOST_REMEMBERED and total >= 0:
            _remember(remembered, line, found, found_masks, count, terms, term_masks, weights, total, cube.shape[1])
    return too_large


@inlined
def _varying(shifts: Integers, fields: Integers, found: Integers, count: int) -> int:
    """The bits of the fields in which the cells differ."""
    differ, bits = 0, 0
    for leaf in range(1, count):
        differ |= found[leaf] ^ found[0]
    for d in range(len(shifts)):
        if (differ >> shifts[d]) & fields[d] != 0:
            bits |= fields[d] << shifts[d]
    return bits


@inlined
def _line_of(found: Integers, masks: Integers, count: int) -> int:
    """Where a set is remembered, by its hash."""
    mixed = np.uint64(count)
    for leaf in range(count):
        mixed = (mixed ^ np.uint64(found[leaf])) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29)) ^ np.uint64(masks[leaf])) * np.uint64(0xBF58476D1CE4E5B9)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(SETS_REMEMBERED - 1))


@inlined
def _is_remembered(remembered: Integers, line: int, found: Integers, masks: Integers, count: int) -> bool:
    if count <= 0 or remembered[line, 0] != count:
        return False
    for leaf in range(count):
        if remembered[line, 2 + 2 * leaf] != found[leaf] or remembered[line, 3 + 2 * leaf] != masks[leaf]:
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
def _remember(
    remembered: Integers,
    line: int,
    found: Integers,
    masks: Integers,
    count: int,
    cells: Integers,
    term_masks: Integers,
    weights: Integers,
    total: int,
    width: int,
) -> None:
    """Put a set in its line, in the place of another; a set of too many increments is left out."""
    remembered[line, 0] = 0
    last = _INCREMENTS
    for term in range(total):
        mask = term_masks[term]
        while mask != 0:
            if last + 2 > _SET_NUMBERS:
                return
            lowest = mask & -mask
            carried = mask + lowest
            last = _add_increment(remembered, line, last, cells[term] * width + _place(lowest), weights[term])
            last = _add_increment(remembered, line, last, cells[term] * width + _place(carried & ~mask), -weights[term])
            mask &= carried
    remembered[line, 0], remembered[line, 1] = count, last - _INCREMENTS
    for leaf in range(count):
        remembered[line, 2 + 2 * leaf], remembered[line, 3 + 2 * leaf] = found[leaf], masks[leaf]


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
def _distinct(patterns: Integers, masks: Integers, first: int, end: int, found: Integers, found_masks: Integers) -> int:
    """A person's distinct patterns with their periods; -1 if there are more than ``found`` can hold."""
    count = 0
    at = 0
    for row in range(first, end):
        if masks[row] == 0 or patterns[row] < 0:
            continue
        at = _find(patterns[row], found, count, at + 1)  # months repeat their patterns in the same order
        if at == count:
            if count == len(found):
                return -1
            found[count] = patterns[row]
            found_masks[count] = 0
            count += 1
        found_masks[at] |= masks[row]
    return count


@inlined
def _find(wanted: int, found: Integers, count: int, guess: int) -> int:
    if guess >= count:
        guess = 0
    if guess < count and found[guess] == wanted:
        return guess
    for place in range(count):
        if found[place] == wanted:
            return place
    return count


@loop
def _single_leaves(trees: Trees, found: Integers, masks: Integers, count: int) -> int:
    """Patterns with sets of several leaves become packed cells of single leaves; -1 if there are too many."""
    patterns, pattern_masks = found[:count].copy(), masks[:count].copy()
    leaves = np.empty(len(found), np.int64)
    total = 0
    for place in range(count):
        split = _leaves_of(trees, patterns[place], leaves)
        if split < 0:
            return -1
        for leaf in leaves[:split]:
            at = _find(leaf, found, total, 0)
            if at == len(found):
                return -1
            if at == total:
                found[at] = leaf
                masks[at] = 0
                total += 1
            masks[at] |= pattern_masks[place]
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
    shifts: Integers,
    fields: Integers,
    offsets: Integers,
    parents: Integers,
    depths: Integers,
    found: Integers,
    masks: Integers,
    count: int,
    terms: Integers,
    term_masks: Integers,
    weights: Integers,
) -> int:
    """The signed terms of a set of cells; returns how many there are, -1 if too many."""
    total = min(count, 0)
    for leaf in range(count):
        total = _join_to_terms(shifts, fields, offsets, parents, depths, found[leaf], masks[leaf], terms, term_masks, weights, total)
        if total < 0:
            break
    return total


@inlined
def _join_to_terms(
    shifts: Integers,
    fields: Integers,
    offsets: Integers,
    parents: Integers,
    depths: Integers,
    leaf: int,
    mask: int,
    terms: Integers,
    term_masks: Integers,
    weights: Integers,
    known: int,
) -> int:
    """Inclusion and exclusion over joins: terms whose sum over a cell's descendants is 1 in each period, with one more leaf cell.

    Returns how many terms there are; -1 if too many.
    """
    if 2 * known + 1 > len(terms):
        return -1
    total = known
    for term in range(known):
        both = term_masks[term] & mask
        join = _join(shifts, fields, offsets, parents, depths, terms[term], leaf) if both != 0 else -1
        if join >= 0:
            total = _add_term(terms, term_masks, weights, known, total, join, both, -weights[term])
    total = _add_term(terms, term_masks, weights, known, total, leaf, mask, 1)
    return _merge(terms, term_masks, weights, known, total)


@inlined
def _add_term(terms: Integers, masks: Integers, weights: Integers, known: int, total: int, cell: int, mask: int, weight: int) -> int:
    for term in range(known, total):
        if terms[term] == cell and masks[term] == mask:
            weights[term] += weight
            return total
    terms[total], masks[total], weights[total] = cell, mask, weight
    return total + 1


@inlined
def _merge(terms: Integers, masks: Integers, weights: Integers, known: int, total: int) -> int:
    """Join the new terms, from ``known``, to equal ones before them, and leave out what has come to nothing."""
    for new in range(known, total):
        for term in range(known):
            if terms[term] == terms[new] and masks[term] == masks[new]:
                weights[term] += weights[new]
                weights[new] = 0
                break
    kept = 0
    for term in range(total):
        if weights[term] != 0:
            terms[kept], masks[kept], weights[kept] = terms[term], masks[term], weights[term]
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
