"""The kernel's loops compiled by numba: over rows, over persons and over the trees."""

from __future__ import annotations

from weakref import finalize

import numpy as np

from saime.core.tabulation.kernel_cubes import Cubes
from saime.core.tabulation.kernel_layout import Trees
from saime.core.tabulation.kernel_membership import Integers
from saime.core.tabulation.kernel_person_loops import count_persons, remembered_sets, stamp_person
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

_FREE: list[Integers] = []  # what cubes that are gone remember: shapes are the same in every plan, so the next ones need not learn them


def count(trees: Trees, starts: Integers, patterns: Integers, masks: Integers, cubes: Cubes, weight: int = 1) -> None:
    """Count the persons whose rows begin at ``starts``. ``masks``: the periods of each row, as bits. ``weight``: -1 takes them out."""
    if cubes.remembered is None:
        cubes.remembered = _lent(cubes)
    for person in np.flatnonzero(count_persons(trees, starts, patterns, masks, cubes.terms, cubes.remembered, weight)):
        rows = slice(starts[person], starts[person + 1])
        cubes.serial += 1
        stamp_person(trees, patterns[rows], masks[rows], cubes.seen, cubes.stamp, cubes.serial, cubes.persons, weight)


def _lent(cubes: Cubes) -> Integers:
    """Remembered sets that nobody else uses as long as the cubes are there."""
    try:
        remembered = _FREE.pop()
    except IndexError:
        remembered = remembered_sets()
    finalize(cubes, _FREE.append, remembered).atexit = False
    return remembered
