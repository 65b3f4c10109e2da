"""Secondary suppression: which further cells to withhold so that no primary cell can be computed.

A linear-programming heuristic in the manner of Kelly, Golden and Assad (1992) and Fischetti and Salazar (2001). For each goal in turn,
the hardest first, find the cheapest movement of the counts that reaches it and withhold every cell that moves; cells
already withheld move almost free. Then publish again, the dearest first, what the goals do not need. Goals of the pattern:

- plain: each primary cell can hold any count from 1 to the minimum;
- informed: with the rule and the published statuses known, each withheld cell can hold another count (``attack.required_width``).

True zeros are never withheld; they point at nobody, and a count next to them is protected by others that can move. Where
the statuses "small count" and "secondary" would themselves give a count away (a small count that is the sum of four small
counts is 4, and each of them is 1, when the minimum is 5), all withheld cells of the table get one status without a reason.
The result depends on the input alone. ``attack.py`` has the last word on whether it is safe.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from saime.core.errors import Refused
from saime.core.model.dataset import CONFIDENTIAL, PRIMARY, DataStructure, FrequencyTable
from saime.core.protection.attack import required_width
from saime.core.protection.constraints import INFINITY, Knowledge, Numbers, as_numbers, knowledge
from saime.core.protection.demands import Limits
from saime.core.protection.movement import Movement
from saime.core.protection.reach import Goal, Reach

Progress = Callable[[int, int], None]  # done, of how many, in each of two stages

ALMOST_FREE = 1e-3  # cost of moving a cell that is withheld anyway
PARENT_FACTOR = 4.0  # a margin is worth four times a cell of the same size, in each dimension
GRAND_TOTAL_FACTOR = 1000.0
CLEAN_UP_PROGRAMS = 2000  # linear programs that the clean-up may solve; a count, not a time, so that the pattern is always the same


class SecondarySuppression:
    """Chooses the secondary cells of one table. Shape of all arrays: the table's cells."""

    def __init__(self, table: FrequencyTable, primary: tuple[int, ...], minimum: int, *, reasons: bool, progress: Progress | None) -> None:
        self._table, self._minimum, self._progress = table, minimum, progress
        self._reasons, self._width = reasons, required_width(PRIMARY if reasons else CONFIDENTIAL, minimum)
        self._rows: Knowledge = knowledge(table.structure)
        self._values = as_numbers(table.values)
        self._primary = np.zeros(len(self._values), dtype=np.bool_)
        self._primary[list(primary)] = True
        self._withheld = self._primary.copy()
        self._weights = cell_weights(table.structure, np.nan_to_num(self._values))
        self._plain, self._informed = Reach(len(self._values)), Reach(len(self._values))
        self._plain_limits, self._informed_limits = self._limits()
        self._goals = self._plain_goals()

    def choose(self) -> tuple[int, ...]:
        """Positions of the secondary cells, in order. Raises: Refused naming the cells that nothing protects."""
        self._withhold()
        self._clean_up()
        return tuple(self._secondary_places())

    def _limits(self) -> tuple[Limits, Limits]:
        counts, small = np.nan_to_num(self._values), self._primary
        endless = np.full(len(counts), INFINITY)
        if not self._reasons:
            return Limits(counts, endless), Limits(np.maximum(0.0, counts - 1.0), endless)
        down = np.where(small, counts - 1.0, np.maximum(0.0, counts - self._minimum))
        return Limits(counts, endless), Limits(down, np.where(small, self._minimum - 1.0 - counts, endless))

    def _plain_goals(self) -> list[Goal]:
        goals = []
        for place in np.flatnonzero(self._primary):
            count = float(self._values[place])
            goals.append(Goal(int(place), self._minimum - count))
            if count > 1:
                goals.append(Goal(int(place), 1.0 - count))
        return sorted(goals, key=lambda goal: (-abs(goal.change), goal.place, goal.change))

    def _withhold(self) -> None:
        movable = np.nan_to_num(self._values) > 0
        plain = Movement(self._rows, self._values, movable, self._plain_limits)
        for done, goal in enumerate(self._goals):
            self._report(done, len(self._goals))
            if self._plain.misses([goal]):
                self._accept(self._cheapest(plain, [goal]))
        informed = Movement(self._rows, self._values, movable, self._informed_limits)
        while narrow := self._informed.narrow(self._withheld_places(), self._width):
            self._accept_informed(self._cheapest(informed, self._either_way(narrow[0])))

    def _either_way(self, place: int) -> list[Goal]:
        return [Goal(place, float(self._width)), Goal(place, -float(self._width))]

    def _cheapest(self, movements: Movement, goals: list[Goal]) -> Numbers:
        costs = np.where(self._withheld, self._weights * ALMOST_FREE, self._weights)
        movements.set_costs(costs)
        found = [movement for goal in goals if (movement := movements.cheapest(goal.place, goal.change)) is not None]
        if not found:
            raise self._unprotectable(goals[0].place)
        return min(found, key=lambda movement: float(costs @ np.abs(movement)))

    def _accept(self, movement: Numbers) -> None:
        self._withheld |= movement != 0.0
        self._plain.add(movement)
        self._informed.add(self._shrink(movement))

    def _accept_informed(self, movement: Numbers) -> None:
        self._withheld |= movement != 0.0
        self._informed.add(movement)

    def _shrink(self, movement: Numbers) -> Numbers:
        """The movement scaled down until it keeps the informed limits; the tables between two possible ones are possible."""
        moved = movement != 0.0
        room = np.where(movement > 0, self._informed_limits.up, self._informed_limits.down)[moved]
        return movement * min(1.0, float((room / np.abs(movement[moved])).min(initial=1.0)))

    def _clean_up(self) -> None:
        """Publish again what is not needed, the dearest first, as long as every goal is still reached."""
        movable = self._withheld.copy()
        models = [Movement(self._rows, self._values, movable, limits) for limits in (self._plain_limits, self._informed_limits)]
        for model in models:
            model.set_costs(self._weights)
        budget = CLEAN_UP_PROGRAMS
        spare = sorted(self._secondary_places(), key=lambda place: (-self._weights[place], place))
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
        reach, informed_reach = self._plain.without(place), self._informed.without(place)
        used = 0
        while missed := reach.misses(self._goals):
            used += 1
            movement = plain.cheapest(missed[0].place, missed[0].change)
            if movement is None or used > budget:
                return True, used
            reach.add(movement)
            informed_reach.add(self._shrink(movement))
        while narrow := informed_reach.narrow((other for other in self._withheld_places() if other != place), self._width):
            used += 2
            found = [informed.cheapest(goal.place, goal.change) for goal in self._either_way(narrow[0])]
            movements = [movement for movement in found if movement is not None]
            if not movements or used > budget:
                return True, used
            informed_reach.add(movements[0])
        self._withheld[place] = False
        self._plain, self._informed = reach, informed_reach
        return False, used

    def _withheld_places(self) -> list[int]:
        return [int(place) for place in np.flatnonzero(self._withheld)]

    def _secondary_places(self) -> list[int]:
        return [int(place) for place in np.flatnonzero(self._withheld & ~self._primary)]

    def _report(self, done: int, total: int) -> None:
        if self._progress:
            self._progress(done, total)

    def _unprotectable(self, place: int) -> Refused:
        cell = list(self._table.structure.cells())[place]
        return Refused(
            "a withheld cell can be computed whatever else is withheld",
            where=f"dataset {self._table.dataset}, cell {'|'.join(cell)}",
            fix="join its code with a neighbouring one in the classification, leave out a dimension, or take a longer reference period",
        )


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


def choose_secondary(
    table: FrequencyTable, primary: tuple[int, ...], minimum: int, *, reasons: bool, progress: Progress | None = None
) -> tuple[int, ...]:
    """Positions of the cells to withhold beside the primary ones; ``reasons``: whether the statuses will tell them apart.

    Raises: Refused naming a cell that nothing protects.
    """
    return SecondarySuppression(table, primary, minimum, reasons=reasons, progress=progress).choose() if primary else ()
