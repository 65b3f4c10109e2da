"""What the kernel counts into, and how signed terms become persons in every cell of every period."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from saime.core.tabulation.kernel_layout import Layout, Slots, Trees
from saime.core.tabulation.kernel_membership import Integers

ADDITIVE = ("terms", "persons")
Cube = npt.NDArray[np.int32]  # shape (cells, periods + 1); a run of periods is added at its begin and taken off at its end


class SumLoops(Protocol):
    def add_prefix_sums(self, cube: Cube, positions: Integers, counts: Cube) -> None: ...

    def sum_over_trees(self, trees: Trees, counts: Cube) -> None: ...


class Cubes:
    """The cubes of one thread for some periods. Those of large sets come into being when the first one is met.

    ``terms``: signed terms, to be summed over the trees. ``persons``: counts of persons with large sets, in all cells.
    ``seen``, ``stamp``: by cell, the periods in which a person is counted already, and the serial number of that person.
    ``remembered``: what compiled loops keep of the sets of cells that they have met.
    """

    def __init__(self, trees: Trees, slots: Slots) -> None:
        self._shape = (trees.cells, len(slots.positions) + 1)
        self.terms: Cube = np.empty(self._shape, np.int32)  # in large pages, which np.zeros would not ask for
        self.terms.fill(0)
        self.remembered: Integers | None = None
        self.serial = 0

    @functools.cached_property
    def persons(self) -> Cube:
        return np.zeros(self._shape, np.int32)

    @functools.cached_property
    def seen(self) -> Integers:
        return np.zeros(self._shape[0], np.int64)

    @functools.cached_property
    def stamp(self) -> Integers:
        return np.zeros(self._shape[0], np.int64)

    @property
    def parts(self) -> dict[str, Cube]:
        """What was counted, by name: arrays that add up over threads and machines."""
        return {name: self.part(name) for name in ADDITIVE if name in self.__dict__}

    def part(self, name: str) -> Cube:
        return cast(Cube, getattr(self, name))

    def add(self, other: Cubes) -> None:
        for name, part in other.parts.items():
            mine = self.part(name)
            mine += part


def persons_by_cell(layout: Layout, cubes: Sequence[Cubes], loops: SumLoops) -> Cube:
    """``cubes``: one for each of the layout's slots. Shape: the plan's dimensions in order, its periods last. Unit: persons."""
    counts = np.zeros((layout.trees.cells, sum(len(slots.positions) for slots in layout.slots)), np.int32)
    for slots, counted in zip(layout.slots, cubes, strict=True):
        loops.add_prefix_sums(counted.terms, slots.positions, counts)
    loops.sum_over_trees(layout.trees, counts)
    for slots, counted in zip(layout.slots, cubes, strict=True):
        if "persons" in counted.parts:  # they are in all cells already
            loops.add_prefix_sums(counted.persons, slots.positions, counts)
    return counts.reshape(*layout.trees.codes, -1)
