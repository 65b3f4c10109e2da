"""Movements that no single hypercube makes, by small linear programs over the cells of many.

A program over the cells of some hypercubes says how far a cell can go by all of these together, and by its dual values which cells have
too little room for it to go farther. Hypercubes that move these cells back join, until it goes far enough or nothing new is found.

In sparse tables each hypercube through a cell may move some that cannot move at all, such as true zeros. A loose search takes those with
few of these: they are held in the program, which tells that others have to move them back.
"""

from __future__ import annotations

import numpy as np

from saime.core.protection.constraints import INFINITY, Numbers
from saime.core.protection.hypercubes import Hypercubes
from saime.core.protection.neighbourhood import Neighbourhoods
from saime.core.protection.witnesses import Witness

FIRST = 16  # hypercubes through the cell
TIGHT, THROUGH = 30, 6  # cells that hold it up, in one turn, and hypercubes through each
TURNS = 12
FINE = 100.0  # times the typical cost: what a cell costs a loose search that cannot move
LEAST, TINY = 0.1, 1e-3  # persons that a hypercube must have room for: through the cell, and through those that hold it up
REACHED = 1e-5  # persons; the solver's rounding


class Clusters:
    """Of one system and one attacker; ``near`` and ``cubes`` have the same limits. ``typical``: of the costs, for a loose search."""

    def __init__(self, near: Neighbourhoods, cubes: Hypercubes, typical: float = INFINITY) -> None:
        self._near, self._cubes, self._fine = near, cubes, FINE * typical

    def farthest(self, place: int, change: float, costs: Numbers) -> Witness | None:
        """Changes the cell by ``change``, or as far as was found, and costs little; None if it stays."""
        found, added = None, self._cubes.around(place, float(np.copysign(min(LEAST, abs(change)), change)), costs, FIRST, self._fine)
        cells = np.zeros(0, dtype=np.int64)
        for _ in range(TURNS):
            before, cells = len(cells), np.unique(np.concatenate([cells, *added]))
            if len(cells) == before:
                break
            found, tight, pull = self._near.farthest(cells, place, change, costs)
            if found and abs(found.change_of(place)) >= abs(change) - REACHED:
                break
            ways = zip(tight[:TIGHT].tolist(), np.copysign(TINY, -pull[:TIGHT]).tolist(), strict=True)
            added = [moved for cell, back in ways for moved in self._cubes.around(cell, back, costs, THROUGH, self._fine)]
        return found
