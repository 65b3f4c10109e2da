"""Secondary suppression: which further cells to withhold so that no primary cell can be computed.

A linear-programming heuristic in the manner of Kelly, Golden and Assad (1992) and Fischetti and Salazar (2001). For each goal in turn,
the hardest first, find the cheapest movement of the counts that reaches it and withhold every cell that moves; cells
already withheld move almost free. Then publish again, the dearest first, what the goals do not need. Goals of the pattern:

- plain: each primary cell can hold any count from 1 to the minimum;
- informed: with the rule and the published statuses known, each withheld cell can hold another count (``attack.required_width``).

True zeros are never withheld; they point at nobody, and a count next to them is protected by others that can move. Where
the statuses "small count" and "secondary" would themselves give a count away (a small count that is the sum of four small
counts is 4, and each of them is 1, when the minimum is 5), all withheld cells of the linked tables get one status without a reason.
The result depends on the input alone. ``attack.py`` has the last word on whether it is safe.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saime.core.errors import Refused
from saime.core.model.dataset import CONFIDENTIAL, PRIMARY, DataStructure
from saime.core.protection.attack import required_width
from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers
from saime.core.protection.demands import Limits
from saime.core.protection.movement import MOVED, Movement
from saime.core.protection.reach import Goal, Moved, Reach

Progress = Callable[[int, int], None]  # done, of how many, in each of two stages

COARSER_HELPS = "join its code with a neighbouring one in the classification, leave out a dimension, or take a longer reference period"
EARLIER_VINTAGES_HELP = "keep the earlier vintage: leave the corrected period, and those that contain it, out of the plan"
ALMOST_FREE = 1e-3  # cost of moving a cell that is withheld anyway
PARENT_FACTOR = 4.0  # a margin is worth four times a cell of the same size, in each dimension
GRAND_TOTAL_FACTOR = 1000.0
CLEAN_UP_PROGRAMS = 2000  # linear programs that the clean-up may solve; a count, not a time, so that the pattern is always the same


@dataclass(frozen=True)
class LinkedCounts:
    """The tables to protect, as one system. Shape of all arrays: its unknowns.

    ``values``: true counts, nan where none is known. ``primary``: small counts to withhold. ``fixed``: published earlier, so beyond
    withholding. ``kept``: withheld earlier, so withheld again: shown, they could give away other cells of then. ``gone``: of these, cells
    that no table of now has, such as counts before a correction; their values are not true, but agree with everything.
    ``largest``: the count that each small one, of now or of then, must be able to hold, and any from ``fewest``; 0 for other cells.
    ``width``: persons that an earlier release leaves open. ``weights``: what withholding costs. ``least``, ``most``,
    ``reasoned``: what statuses published earlier tell of a cell, and whether they say why. ``name`` says which cell an unknown is.
    """

    rows: Knowledge
    values: Numbers
    primary: Flags
    fixed: Flags
    kept: Flags
    gone: Flags
    largest: Numbers
    width: Numbers
    weights: Numbers
    fewest: Numbers
    least: Numbers
    most: Numbers
    reasoned: Flags
    minimum: int
    name: Callable[[int], str]

    @property
    def movable(self) -> Flags:
        """True zeros and what was published earlier stay."""
        return (np.nan_to_num(self.values) > 0) & ~self.fixed


@dataclass(frozen=True)
class Aims:
    """What the pattern must leave open: how far a cell may move in the eyes of each attacker, and how wide the informed one must find it.

    Shape of ``width``: the unknowns. ``reasons``: whether the statuses will tell primary cells from secondary ones.
    """

    plain: Limits
    informed: Limits
    width: Numbers
    reasons: bool

    @staticmethod
    def of(counts: LinkedCounts, *, reasons: bool) -> Aims:
        told, untold = required_width(PRIMARY, counts.minimum), required_width(CONFIDENTIAL, counts.minimum)
        width = np.where(counts.reasoned, told, np.where(counts.gone, counts.width, told if reasons else untold))
        values, small = np.nan_to_num(counts.values), counts.primary
        endless = np.full(len(values), INFINITY)
        least, most = np.ones(len(values)), endless
        if reasons:
            least = np.where(small | counts.gone, 1.0, float(counts.minimum))
            most = np.where(small, counts.minimum - 1.0, INFINITY)
        least, most = np.maximum(least, counts.least), np.minimum(most, counts.most)
        informed = Limits(np.maximum(0.0, values - least), np.maximum(0.0, most - values))
        return Aims(Limits(values, endless), informed, width, reasons)


class SecondarySuppression:
    """Chooses the secondary cells of linked tables."""

    def __init__(self, counts: LinkedCounts, aims: Aims, progress: Progress | None) -> None:
        self._counts, self._minimum, self._progress = counts, counts.minimum, progress
        self._reasons = aims.reasons
        self._width = aims.width.copy()
        self._rows, self._values, self._weights = counts.rows, counts.values, counts.weights
        self._primary = counts.primary
        self._withheld = counts.primary | counts.kept
        self._plain, self._informed = Reach(np.nan_to_num(self._values)), Reach(np.nan_to_num(self._values))
        self._plain_limits, self._informed_limits = aims.plain, aims.informed
        self._goals = self._plain_goals()
        self._goals_of: dict[int, list[Goal]] = {}
        for goal in self._goals:
            self._goals_of.setdefault(goal.place, []).append(goal)

    def choose(self) -> Flags:
        """Whether each cell is a secondary one. Raises: Refused naming a cell that nothing protects."""
        if self._withheld.any():
            self._withhold()
            self._clean_up()
        return self._withheld & ~self._primary

    def _plain_goals(self) -> list[Goal]:
        goals = []
        for place in np.flatnonzero(self._counts.largest):
            count = float(self._values[place])
            goals.append(Goal(int(place), float(self._counts.largest[place]) - count))
            if count > (fewest := float(self._counts.fewest[place])):
                goals.append(Goal(int(place), fewest - count))
        return sorted(goals, key=lambda goal: (-abs(goal.change), goal.place, goal.change))

    def _models(self, movable: Flags) -> tuple[Movement, Movement]:
        plain = Movement(self._rows, self._values, movable, self._plain_limits)
        free = (self._counts.least, self._counts.most)
        return plain, Movement(self._rows, self._values, movable, self._informed_limits, free)

    def _withhold(self) -> None:
        plain, informed = self._models(self._counts.movable)
        for done, goal in enumerate(self._goals):
            self._report(done, len(self._goals))
            if self._plain.misses([goal]):
                self._reach(plain, goal)
        waiting = np.flatnonzero(self._withheld).tolist()  # a heap: the first cell first, so that the pattern is always the same
        while waiting:
            place = heapq.heappop(waiting)
            if self._is_narrow(self._informed, place):
                for other in self._widen(informed, place):
                    heapq.heappush(waiting, other)
                heapq.heappush(waiting, place)

    def _reach(self, plain: Movement, goal: Goal) -> None:
        movement = self._cheapest(plain, [goal])
        if movement is None:
            self._check_may_give_up(goal.place)
            self._goals_of[goal.place].remove(goal)
        else:
            self._accept(movement, is_plain=True)

    def _widen(self, informed: Movement, place: int) -> list[int]:
        """The cells withheld for it."""
        movement = self._cheapest(informed, self._either_way(place))
        movements = self._both_ways(informed, place) if movement is None else [movement]
        if not movements:
            self._check_may_give_up(place)
            self._width[place] = 0.0
        return [other for one in movements for other in self._accept(one, is_plain=False)]

    def _is_narrow(self, reach: Reach, place: int) -> bool:
        return reach.is_narrow(place, float(self._width[place]))

    def _either_way(self, place: int) -> list[Goal]:
        return [self._apart(place, self._width[place]), self._apart(place, -self._width[place])]

    def _both_ways(self, informed: Movement, place: int) -> list[Numbers]:
        """A movement up and one down that go far enough together, where neither does alone; nothing if there are none."""
        for up in range(1, int(self._width[place])):
            goals = self._apart(place, up), self._apart(place, up - self._width[place])
            found = [self._cheapest(informed, [goal]) for goal in goals]
            movements = [movement for movement in found if movement is not None]
            if len(movements) == len(goals):
                return movements
        return []

    def _apart(self, place: int, width: float) -> Goal:
        """So far that ``width`` whole persons lie between."""
        value = float(self._values[place])
        whole = math.ceil(value - MOVED) if width > 0 else math.floor(value + MOVED)
        return Goal(place, whole + float(width) - value)

    def _cheapest(self, movements: Movement, goals: list[Goal]) -> Numbers | None:
        """The cheapest movement that reaches one of the goals; None if none does."""
        costs = np.where(self._withheld, self._weights * ALMOST_FREE, self._weights)
        movements.set_costs(costs)
        found = [movement for goal in goals if (movement := movements.cheapest(goal.place, goal.change)) is not None]
        return min(found, key=lambda movement: float(costs @ np.abs(movement)), default=None)

    def _check_may_give_up(self, place: int) -> None:
        """A cell of an earlier release may be left to the proof: the earlier releases may have given it away themselves.

        Raises: Refused for other cells, and as long as telling no reasons might help.
        """
        if self._reasons or not self._counts.gone[place]:
            raise unprotectable(self._counts, place)

    def _accept(self, movement: Numbers, *, is_plain: bool) -> list[int]:
        """Withhold what moves; the cells that were not withheld before."""
        added = np.flatnonzero((movement != 0.0) & ~self._withheld)
        self._withheld[added] = True
        if is_plain:
            self._plain.add(Moved.of(movement))
        self._informed.add(self._shrink(movement) if is_plain else Moved.of(movement))
        return added.tolist()

    def _shrink(self, movement: Numbers) -> Moved:
        """The movement scaled down until it keeps the informed limits; the tables between two possible ones are possible."""
        moved = Moved.of(movement)
        limits = self._informed_limits
        room = np.where(moved.amounts > 0, limits.up[moved.places], limits.down[moved.places])
        return Moved(moved.places, moved.amounts * min(1.0, float((room / np.abs(moved.amounts)).min(initial=1.0))))

    def _clean_up(self) -> None:
        """Publish again what is not needed, the dearest first, as long as every goal is still reached."""
        models = self._models(self._withheld.copy())
        for model in models:
            model.set_costs(self._weights)
        budget = CLEAN_UP_PROGRAMS
        spare = np.flatnonzero(self._withheld & ~self._primary & ~self._counts.kept).tolist()
        spare.sort(key=lambda place: (-self._weights[place], place))
        for done, place in enumerate(spare):
            self._report(done, len(spare))
            for model in models:
                model.pin(place)
            needed, used = self._is_needed(place, models[0], models[1], budget)
            budget -= used
            if needed:
                for model in models:
                    model.release(place)

    def _is_needed(self, place: int, plain: Movement, informed: Movement, budget: int) -> tuple[bool, int]:
        """Whether some goal fails with the cell published; if none does, it is published. Also the programs solved."""
        lost, lost_informed = self._plain.withdraw(place), self._informed.withdraw(place)
        self._withheld[place] = False
        needed, used = self._repair(lost, lost_informed, plain, informed, budget)
        if needed:
            self._withheld[place] = True
            for reach, movements in ((self._plain, lost), (self._informed, lost_informed)):
                for movement in movements:
                    reach.add(movement)
        return needed, used

    def _repair(self, lost: list[Moved], lost_informed: list[Moved], plain: Movement, informed: Movement, budget: int) -> tuple[bool, int]:
        """Find other movements for the goals that the lost ones reached: whether that fails, and the programs solved."""
        used = 0
        goals = [goal for place in _cells(lost) for goal in self._goals_of.get(place, ())]
        while missed := self._plain.misses(goals):
            used += 1
            movement = plain.cheapest(missed[0].place, missed[0].change)
            if movement is None or used > budget:
                return True, used
            self._plain.add(Moved.of(movement))
            self._informed.add(self._shrink(movement))
        places = [place for place in _cells(lost_informed) if self._withheld[place]]
        while narrow := [place for place in places if self._is_narrow(self._informed, place)]:
            used += 2
            found = [informed.cheapest(goal.place, goal.change) for goal in self._either_way(narrow[0])]
            movements = [movement for movement in found if movement is not None]
            if not movements or used > budget:
                return True, used
            self._informed.add(Moved.of(movements[0]))
        return False, used

    def _report(self, done: int, total: int) -> None:
        if self._progress:
            self._progress(done, total)


def unprotectable(counts: LinkedCounts, place: int) -> Refused:
    return Refused(
        "a withheld cell can be computed whatever else is withheld",
        where=counts.name(place),
        fix=f"{COARSER_HELPS}; or {EARLIER_VINTAGES_HELP}" if counts.fixed.any() else COARSER_HELPS,
    )


def _cells(movements: list[Moved]) -> list[int]:
    return sorted({place for moved in movements for place in moved.places.tolist()})


def cell_weights(structure: DataStructure, counts: Numbers) -> Numbers:
    """What withholding a cell costs a reader: more for larger counts, margins, and most of all for the grand total."""
    heights = np.zeros(structure.shape)
    tops = np.ones(structure.shape, dtype=np.bool_)
    for axis, dimension in enumerate(structure.dimensions):
        shape = [1] * len(structure.shape)
        shape[axis] = -1
        is_parent = np.array([code.id in dimension.families for code in dimension.codes]).reshape(shape)
        is_root = np.array([code.parent is None for code in dimension.codes]).reshape(shape)
        heights = heights + is_parent
        tops = tops & is_root & (is_parent | (len(dimension.codes) == 1))
    weights = (1.0 + np.log2(1.0 + counts)) * PARENT_FACTOR ** heights.ravel()
    return np.asarray(np.where(tops.ravel(), weights * GRAND_TOTAL_FACTOR, weights))
