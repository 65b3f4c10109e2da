"""A safe pattern near a given one, possibly in fractions.

First every demand not met is given the cheapest movement of the cells that meets it, the hardest demand first; whatever moves is withheld
(Kelly, Golden and Assad, 1992). Then cells are published again, the dearest first, as long as every demand stays met. Inequalities that
are known already answer most of these trials without a program.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from saime.core.errors import SaimeError
from saime.core.protection.constraints import Numbers
from saime.core.protection.demands import Demand, Task
from saime.core.protection.goals import DOWN, SPAN, UP, Goals
from saime.core.protection.master import Inequality
from saime.core.protection.movement import Movement

CLEAN_UP = 10_000_000  # columns of the programs in which cells are tried; what is left untried then stays withheld
ALMOST_FREE = 1e-3  # cost of moving a cell that is withheld anyway
BACK = 1.0 - 1e-7  # of the farthest a cell goes; the last bit is the solver's rounding
HELD = 1.0 - 1e-6
LACKS = 1e-5  # an inequality that a pattern misses by less is met


class Heuristic:
    """``known``: inequalities of safe patterns; it grows while others work. ``found``: those that come up here."""

    def __init__(self, task: Task, goals: Goals, known: list[Inequality]) -> None:
        self._task, self._goals, self._known = task, goals, known
        self._at: dict[int, list[Inequality]] = defaultdict(list)  # by a cell that meets it
        self._indexed = 0
        self.found: list[Inequality] = []
        self._movements = [Movement(task.rows, task.values, task.movable, limits) for limits in task.attackers]

    def complete(self, guide: Numbers) -> Numbers:
        """A safe pattern of whole cells that withholds what the guide withholds, and less where that is enough."""
        pattern = np.where((guide > HELD) | self._task.forced, 1.0, 0.0)
        while unmet := self._goals.unmet(pattern, first=True):
            demand, way, _ = unmet[0]
            self.found.extend(lacking for *_, lacking in unmet if lacking)  # the fuller the pattern, the stronger what it lacks
            self._meet(pattern, guide, demand, way)
        return self._clean(pattern)

    def _meet(self, pattern: Numbers, guide: Numbers, demand: Demand, way: str) -> None:
        movement = self._movements[demand.attacker]
        dear = np.maximum(self._task.costs, 1e-6) * np.maximum(1.0 - guide, ALMOST_FREE)
        costs = np.where(pattern > 0, dear * ALMOST_FREE, dear)
        movement.set_costs(costs)
        found = [moved for change in _changes(demand, way) if (moved := movement.cheapest(demand.place, change)) is not None]
        if not found and way == SPAN:
            up, _ = self._goals.ends(demand, self._task.movable.astype(np.float64))
            pair = [movement.cheapest(demand.place, change) for change in (up * BACK, up * BACK - demand.span)]
            found = [np.abs(pair[0]) + np.abs(pair[1])] if pair[0] is not None and pair[1] is not None else []
        if not found:
            raise SaimeError("a demand that can be met was not", where=f"cell {demand.place}", fix="report this with the table's name")
        pattern[min(found, key=lambda moved: float(costs @ np.abs(moved))) != 0.0] = 1.0

    def _clean(self, pattern: Numbers) -> Numbers:
        spare = np.flatnonzero((pattern > 0) & ~self._task.forced)
        most = self._goals.columns + CLEAN_UP
        for place in sorted(spare.tolist(), key=lambda place: (-self._task.costs[place], place)):
            if self._goals.columns > most:
                break
            pattern[place] = 0.0
            if not self._is_safe(pattern, place):
                pattern[place] = 1.0
        return pattern

    def _is_safe(self, pattern: Numbers, place: int) -> bool:
        """Whether every demand is met now that the cell is published again."""
        for inequality in self._known[self._indexed :]:
            self._index(inequality)
        self._indexed = len(self._known)
        if any(inequality.lacks(pattern) > LACKS for inequality in self._at[place]):
            return False
        unmet = self._goals.unmet(pattern, first=True)
        for *_, lacking in unmet:
            if lacking:
                self.found.append(lacking)
                self._index(lacking)
        return not unmet

    def _index(self, inequality: Inequality) -> None:
        for place in inequality.cells[inequality.factors > 0].tolist():
            self._at[place].append(inequality)


def _changes(demand: Demand, way: str) -> Sequence[float]:
    return {UP: (demand.up,), DOWN: (-demand.down,)}.get(way, (demand.span, -demand.span))
