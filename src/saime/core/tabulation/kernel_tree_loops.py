"""From signed terms to persons in every cell, compiled by numba: in blocks that stay in the processor's cache, in place."""

# mypy: disable-error-code="misc, no-any-return"

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit

from saime.core.tabulation.kernel_cubes import Cube
from saime.core.tabulation.kernel_layout import Trees
from saime.core.tabulation.kernel_membership import Integers

NUMBERS_AT_ONCE = 1 << 17  # 512 KiB of counts

loop = njit(cache=True, nogil=True)


@loop
def add_prefix_sums(cube: Cube, positions: Integers, counts: Cube) -> None:
    """Sum up each cell's increments over its periods, and add them to the columns of ``counts`` in which the periods stand."""
    for cell in range(len(cube)):
        persons, increments, of_cell = np.int32(0), cube[cell], counts[cell]
        for bit in range(len(positions)):
            persons += increments[bit]
            of_cell[np.uint64(positions[bit])] += persons


def sum_over_trees(trees: Trees, counts: Cube) -> None:
    """Add each cell to those above it, in place. Shape: (cells, periods)."""
    if len(trees.codes):
        bounds = np.append(trees.offsets, len(trees.depths))
        orders = [np.argsort(-trees.depths[first:end], kind="stable") for first, end in pairwise(bounds)]
        sum_blocks(trees, np.concatenate(orders), counts.reshape(-1), counts.shape[1])


@loop
def sum_blocks(trees: Trees, order: Integers, counts: Cube, width: int) -> None:
    """Sum over the last dimensions a block at a time, which is read once for all of them, and then over each one before."""
    split = 0
    while split < len(trees.codes) - 1 and trees.codes[split] * trees.strides[split] * width > NUMBERS_AT_ONCE:
        split += 1
    block = trees.codes[split] * trees.strides[split] * width
    for first in range(0, len(counts), block):
        for d in range(split, len(trees.codes)):
            _sum_over_tree(trees, order, d, counts[first : first + block], width)
    for d in range(split):
        _sum_over_tree(trees, order, d, counts, width)


@loop
def _sum_over_tree(trees: Trees, order: Integers, d: int, counts: Cube, width: int) -> None:
    """Add each code of a dimension to its parent, the deepest first, some neighbouring cells at a time."""
    first, codes, inner = trees.offsets[d], trees.codes[d], trees.strides[d] * width
    at_once = max(64, NUMBERS_AT_ONCE // codes)
    for outer in range(0, len(counts), codes * inner):
        for begin in range(0, inner, at_once):
            end = min(begin + at_once, inner)
            for code in order[first : first + codes]:
                parent = trees.parents[first + code]
                if parent >= 0:
                    _add(counts[outer + parent * inner :][begin:end], counts[outer + code * inner :][begin:end])


@loop
def _add(target: Cube, source: Cube) -> None:
    for at in range(len(source)):
        target[at] += source[at]
