"""Secondary suppression of large systems: most cells are protected without a program, by hypercubes, and the rest by small programs.

The goals are those of ``secondary.py``, and whatever moves is withheld. Movements that reach a goal are the proof of it. What no
hypercube serves is met by small programs over the cells of many (``clusters.py``), then over the cells nearby, and at last over all.
In the end all goals are met once more with what was withheld alone, which leaves out what became needless.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from saime.core.errors import SaimeError
from saime.core.protection.audit import some_table
from saime.core.protection.clusters import Clusters
from saime.core.protection.constraints import Flags, Numbers
from saime.core.protection.demands import Limits
from saime.core.protection.hypercubes import Faces, Hypercubes
from saime.core.protection.neighbourhood import Neighbourhoods
from saime.core.protection.propagation import farthest_moves
from saime.core.protection.reach import REACHED
from saime.core.protection.secondary import ALMOST_FREE, Aims, LinkedCounts, Progress, unprotectable
from saime.core.protection.witnesses import Witness

NEARBY, NEARBY_WAYS = 2048, 2  # cells of a program for one cell before all are looked at, and ways to widen its interval that it tries
WHOLE = 1.0  # person that each of several hypercubes moves at least
PASSES = 2  # over all goals; the later ones with what was withheld alone
GAIN = 1e-3  # of the cost; a pass that gains less is the last


class LargeSuppression:
    """Chooses the secondary cells of linked tables as ``SecondarySuppression`` does."""

    def __init__(self, counts: LinkedCounts, aims: Aims, faces: Faces, progress: Progress | None) -> None:
        self._counts, self._aims, self._faces, self._progress = counts, aims, faces, progress
        self._table = some_table(counts.rows, counts.values, (counts.least, counts.most))

    def choose(self) -> Flags:
        """Whether each cell is a secondary one. Raises: Refused naming a cell that nothing protects."""
        counts = self._counts
        self._refuse_hopeless()
        best = self._pass(counts.movable)
        for _ in range(PASSES - 1):
            again = self._again(best)
            if again is None or again.cost > best.cost * (1.0 - GAIN):
                break
            best = again
        return best.withheld & ~counts.primary

    def _again(self, best: _Pass) -> _Pass | None:
        """With what was withheld alone; None where movements that protected a cell are not found again, or the solver fails."""
        try:
            return self._pass(best.withheld)
        except SaimeError:
            return None

    def _refuse_hopeless(self) -> None:
        """Small counts that the statuses themselves give away are seen before anything is solved."""
        aims, absent = self._aims, np.isnan(self._counts.values)
        limits = Limits(np.where(absent, np.inf, aims.informed.down), np.where(absent, np.inf, aims.informed.up))
        moves = farthest_moves(self._counts.rows, self._table, limits, self._counts.movable | absent)
        room = np.floor(moves.up + REACHED) + np.floor(moves.down + REACHED)
        if len(hopeless := np.flatnonzero((self._counts.primary | self._counts.kept) & (room < aims.width))):
            raise unprotectable(self._counts, int(hopeless[0]))

    def _pass(self, open_cells: Flags) -> _Pass:
        done = _Pass(self._counts, self._aims, self._table, open_cells, self._faces, self._progress)
        done.meet()
        return done


@dataclass(frozen=True)
class Attacker:
    """What one of them leaves open, as far as proven: how far each cell goes ``up`` and ``down``."""

    near: Neighbourhoods
    cubes: Hypercubes
    clusters: Clusters
    loose: Clusters
    limits: Limits
    up: Numbers
    down: Numbers

    def is_wide(self, place: int, width: float) -> bool:
        return bool(np.floor(self.up[place] + REACHED) + np.floor(self.down[place] + REACHED) >= width)

    def add(self, witness: Witness) -> None:
        np.maximum.at(self.up, witness.cells, witness.amounts)
        np.maximum.at(self.down, witness.cells, -witness.amounts)

    def add_shrunk(self, witness: Witness) -> None:
        """The movement scaled down to these limits; the tables between two possible ones are possible."""
        room = np.where(witness.amounts > 0, self.limits.up[witness.cells], self.limits.down[witness.cells])
        share = min(1.0, float((room / np.abs(witness.amounts)).min(initial=1.0)))
        self.add(Witness(witness.cells, witness.amounts * share))


Find = Callable[[Attacker, int, float], list[Witness]]  # the movements that change a cell so far, if it finds any


@dataclass(frozen=True)
class Search:
    """``ways``: how many to widen an interval are tried, None for all. ``is_last``: what it does not find is not sought again."""

    find: Find
    ways: int | None = None
    is_last: bool = False


class _Pass:
    """One time through all goals. ``withheld`` grows."""

    def __init__(
        self, counts: LinkedCounts, aims: Aims, table: Numbers, open_cells: Flags, faces: Faces, progress: Progress | None
    ) -> None:
        self._counts, self._aims, self._progress = counts, aims, progress
        self._absent = np.isnan(counts.values)
        self._full = np.where(self._absent, 0.0, np.maximum(counts.weights, 1e-6))
        self._typical = float(np.median(self._full[counts.movable]))
        self.withheld = counts.primary | counts.kept
        self._costs = np.where(self.withheld, self._full * ALMOST_FREE, self._full)
        can_move = open_cells | self._absent
        at = counts, table, can_move, faces, self._typical
        self._plain, self._informed = (_attacker(*at, limits) for limits in (aims.plain, aims.informed))
        self._open = np.zeros(len(table), dtype=np.bool_)
        self._open[self._plain.near.movable(np.flatnonzero(can_move))] = True
        self._goals = self._plain_goals()

    @property
    def cost(self) -> float:
        return float(self._counts.weights[self.withheld & ~self._counts.primary].sum())

    def meet(self) -> None:
        """Raises: Refused naming a cell that nothing protects."""
        self._meet_by_hypercubes()
        self._meet_one_by_one(Search(self._in_cluster))
        self._meet_one_by_one(Search(self._in_loose_cluster))
        self._meet_one_by_one(Search(self._nearby, NEARBY_WAYS))
        self._meet_one_by_one(Search(self._anywhere, is_last=True))

    def _meet_by_hypercubes(self) -> None:
        """First those of the fewest persons, which are the hardest; then whatever was withheld for others."""
        small = np.flatnonzero(self._counts.largest > 0)
        waiting = deque(small[np.argsort(self._counts.values[small], kind="stable")].tolist())
        waiting.extend(np.flatnonzero(self.withheld & ~(self._counts.largest > 0)).tolist())
        while waiting:
            place = waiting.popleft()
            waiting.extend(self._meet_plain_by_hypercubes(place))
            waiting.extend(self._meet_informed_by_hypercubes(place))

    def _meet_plain_by_hypercubes(self, place: int) -> list[int]:
        """One that serves up and down and both attackers, or one for each, or several; the cells that were not withheld before."""
        up, down = (float(far[place]) for far in self._goals)
        added = self._add_hypercubes(self._informed, place, up, down) if self._lacks(place, up, down) else []
        for far_up, far_down in ((up, down), (up, 0.0), (0.0, down)):
            if self._lacks(place, far_up, far_down):
                added.extend(self._add_hypercubes(self._plain, place, far_up, far_down))
        return added

    def _lacks(self, place: int, up: float, down: float) -> bool:
        return bool(self._plain.up[place] < up - REACHED or self._plain.down[place] < down - REACHED)

    def _meet_informed_by_hypercubes(self, place: int) -> list[int]:
        width, added = float(self._aims.width[place]), list[int]()
        for changes in _ways(int(width)):
            for change in changes:
                if not self._informed.is_wide(place, width):
                    added.extend(self._add_hypercubes(self._informed, place, max(change, 0.0), max(-change, 0.0)))
        return added

    def _add_hypercubes(self, attacker: Attacker, place: int, up: float, down: float) -> list[int]:
        found = attacker.cubes.cheapest(place, up, down, self._costs)
        if not found and not (up and down):
            found = _if_reached(attacker.cubes.several(place, up - down, self._costs, WHOLE), place, up - down)
        return [cell for one in found for moved in attacker.near.stretched(one) for cell in self._add(attacker, moved)]

    def _plain_goals(self) -> tuple[Numbers, Numbers]:
        """How far each primary cell must go up and down; 0 for others."""
        counts = self._counts
        goals = counts.largest - counts.values, counts.values - counts.fewest
        return np.where(counts.largest > 0, goals[0], 0.0), np.where(counts.largest > 0, np.maximum(goals[1], 0.0), 0.0)

    def _plain_wishes(self) -> tuple[Numbers, Numbers]:
        """How far each primary cell must go up and down, 0 where it is proven to."""
        up, down = self._goals
        return np.where(self._plain.up < up - REACHED, up, 0.0), np.where(self._plain.down < down - REACHED, down, 0.0)

    def _is_narrow(self) -> Flags:
        attacker = self._informed
        return self.withheld & (np.floor(attacker.up + REACHED) + np.floor(attacker.down + REACHED) < self._aims.width)

    def _add(self, attacker: Attacker, witness: Witness) -> list[int]:
        """Withhold what moves; the cells that were not withheld before."""
        cells = witness.cells[~self._absent[witness.cells]]
        added = cells[~self.withheld[cells]]
        self.withheld[added] = True
        self._costs[added] *= ALMOST_FREE
        self._plain.add(witness)
        if attacker is self._informed:
            self._informed.add(witness)
        else:
            self._informed.add_shrunk(witness)
        return [int(place) for place in added]

    def _meet_one_by_one(self, search: Search) -> None:
        self._report(int((self._plain_wishes()[0] == 0).sum()))
        for sign, attacker_reached, wishes in zip((1.0, -1.0), (self._plain.up, self._plain.down), self._plain_wishes(), strict=True):
            for place in np.flatnonzero(wishes).tolist():
                if attacker_reached[place] < wishes[place] - REACHED:
                    self._take(self._plain, place, [[sign * float(wishes[place])]], search)
        waiting = np.flatnonzero(self._is_narrow()).tolist()  # a heap: the first cell first, so that the pattern is always the same
        while waiting:
            place = heapq.heappop(waiting)
            if not self._informed.is_wide(place, float(self._aims.width[place])):
                for other in self._take(self._informed, place, _ways(int(self._aims.width[place])), search):
                    heapq.heappush(waiting, other)

    def _take(self, attacker: Attacker, place: int, ways: Sequence[Sequence[float]], search: Search) -> list[int]:
        """Make the first way possible that is, each one change or two; the cells that were not withheld before.

        Raises: Refused where there is none and the search was the last.
        """
        for changes in ways[: search.ways]:
            if moved := self._movements(attacker, place, changes, search.find):
                return sorted({cell for witness in moved for cell in self._add(attacker, witness)})
        if search.is_last:
            raise unprotectable(self._counts, place)
        return []

    def _in_cluster(self, attacker: Attacker, place: int, change: float) -> list[Witness]:
        return self._by(attacker, attacker.clusters, place, change)

    def _in_loose_cluster(self, attacker: Attacker, place: int, change: float) -> list[Witness]:
        return self._by(attacker, attacker.loose, place, change)

    def _by(self, attacker: Attacker, clusters: Clusters, place: int, change: float) -> list[Witness]:
        found = _if_reached(clusters.farthest(place, change, self._costs), place, change)
        return [moved for one in found for moved in attacker.near.stretched(one)]

    def _nearby(self, attacker: Attacker, place: int, change: float) -> list[Witness]:
        return attacker.near.cheapest(place, change, self._costs, self._typical, self._open, NEARBY)

    def _anywhere(self, attacker: Attacker, place: int, change: float) -> list[Witness]:
        return attacker.near.cheapest(place, change, self._costs, self._typical, self._open)

    def _report(self, done: int) -> None:
        if self._progress:
            self._progress(done, len(self._full))

    def _movements(self, attacker: Attacker, place: int, changes: Sequence[float], find: Find) -> list[Witness]:
        """The cheapest that change the cell in each of these ways; none where one is impossible."""
        moved: list[Witness] = []
        for change in changes:
            room = (attacker.limits.up if change > 0 else attacker.limits.down)[place]
            if room < abs(change) or not (witnesses := find(attacker, place, change)):
                return []
            moved.extend(witnesses)
        return moved


def _if_reached(moved: Witness | None, place: int, change: float) -> list[Witness]:
    return [moved] if moved and abs(moved.change_of(place)) >= abs(change) - REACHED else []


def _ways(width: int) -> list[list[float]]:
    """Up or down as far as this, or part of it up and the rest down."""
    return [[float(width)], [-float(width)], *([float(width - down), -float(down)] for down in range(1, width))]


def _attacker(counts: LinkedCounts, table: Numbers, can_move: Flags, faces: Faces, typical: float, limits: Limits) -> Attacker:
    absent = np.isnan(counts.values)
    down = np.where(absent, table - counts.least, limits.down)
    up = np.where(absent, counts.most - table, limits.up)
    own = Limits(np.where(can_move, np.maximum(down, 0.0), 0.0), np.where(can_move, np.maximum(up, 0.0), 0.0))
    cubes, near = Hypercubes(faces, counts.rows, table, own), Neighbourhoods(counts.rows, table, own)
    clusters = Clusters(near, cubes), Clusters(near, cubes, typical)
    return Attacker(near, cubes, *clusters, own, np.zeros(len(table)), np.zeros(len(table)))
