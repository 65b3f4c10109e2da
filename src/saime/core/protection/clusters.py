"""Movements that no single hypercube makes: the cheapest within the cells of many around a cell, by one small linear program.

Where a cell on the way has too little room for all persons at once, they go different ways. So the cells are those of hypercubes that
avoid each other's tightest cells, and of others through the tight ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from saime.core.protection.constraints import Numbers, Places
from saime.core.protection.hypercubes import Hypercubes
from saime.core.protection.neighbourhood import Neighbourhoods
from saime.core.protection.witnesses import Witness

FIRST = 32  # hypercubes through the cell
THROUGH = 3  # hypercubes through a tight cell, each way
TIGHT = 100  # tight cells that are looked through in one turn
TURNS = 5
SHARE = 0.25  # of the change that a hypercube must be able to carry


class Clusters:
    """Of one system and one attacker, as far as the cells of ``cubes`` may move."""

    def __init__(self, near: Neighbourhoods, cubes: Hypercubes) -> None:
        self._near, self._cubes, self._limits = near, cubes, cubes.limits

    def cheapest(self, place: int, change: float, costs: Numbers) -> list[Witness]:
        """Changes the cell by ``change`` or more, stretched both ways; empty if none was found."""
        least, seen = abs(change) * SHARE, {place}
        added = self._cubes.around(place, float(np.copysign(least, change)), costs, FIRST)
        cells = np.zeros(0, dtype=np.int64)
        for _ in range(TURNS):
            if not added:
                break
            cells = np.unique(np.concatenate([cells, *added]))
            if moved := self._near.within(cells, place, change, costs):
                return moved
            added = list(self._through_tight(cells, abs(change), least, costs, seen))
        return []

    def _through_tight(self, cells: Places, far: float, least: float, costs: Numbers, seen: set[int]) -> Iterator[Places]:
        """The cells of hypercubes through those that have not room to go ``far`` both ways, the tightest first; not those ``seen``."""
        room = np.minimum(self._limits.up[cells], self._limits.down[cells])
        tight = cells[np.argsort(room, kind="stable")][: int(np.count_nonzero(room < far))]
        chosen = [cell for cell in tight.tolist() if cell not in seen][:TIGHT]
        seen.update(chosen)
        for cell in chosen:
            for change in (least, -least):
                yield from self._cubes.around(cell, change, costs, THROUGH)
