"""Suppression where too many cells hang together for one program over all of them: one small program after another.

Each demand gets the cheapest movement of the cells around its own; whatever moves is withheld, and the movement itself is the proof that
the demand is met. Then the demands are met again, with what was withheld alone, which leaves out what later movements made needless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saime.core.protection.audit import some_table
from saime.core.protection.budget import Budget
from saime.core.protection.constraints import Flags, Numbers, Places
from saime.core.protection.demands import Demand, Limits, Task
from saime.core.protection.neighbourhood import Neighbourhoods
from saime.core.protection.witnesses import Witness

ALMOST_FREE = 1e-3  # as in the heuristic: cost of moving a cell that is withheld anyway
REACHED = 1e-5  # the solver's rounding
PASSES = 3  # over the demands
GAIN = 1e-3  # of the cost; a pass that gains less is the last


@dataclass(frozen=True)
class LocalAnswer:
    """``withheld`` meets all demands but those at ``unsafe``; ``witnesses`` prove it, as movements from ``table``."""

    withheld: Flags
    cost: float
    bound: float
    unsafe: Places
    table: Numbers
    witnesses: tuple[Witness, ...]


def solve_locally(task: Task, budget: Budget) -> LocalAnswer:
    """A safe pattern of a task of one attacker. ``budget``: its seconds alone count, and the first pass is always finished."""
    table = some_table(task.rows, task.values, (task.lower, task.upper))
    limits = _limits(task, table)
    near = Neighbourhoods(task.rows, table, limits)
    movable = np.zeros(len(table), dtype=np.bool_)
    movable[near.movable(np.flatnonzero(task.movable | task.free))] = True
    best = _Pass(task, near, limits, movable)
    demands = sorted(task.demands, key=lambda demand: (-max(demand.up, demand.down, demand.span), demand.place))
    unsafe = best.meet(demands)
    demands = [demand for demand in demands if demand not in unsafe]
    for _ in range(PASSES - 1):
        demands.reverse()
        again = _Pass(task, near, limits, best.withheld | task.free)
        if again.meet(demands) or again.cost > best.cost * (1.0 - GAIN) or budget.is_spent(0, 0):
            break
        best = again
    places = np.array([demand.place for demand in unsafe], dtype=np.int64)
    return LocalAnswer(best.withheld, best.cost, min(bound_by_rows(task), best.cost), places, table, tuple(best.witnesses))


class _Pass:
    """One time through the demands. ``open_cells``: those that may move."""

    def __init__(self, task: Task, near: Neighbourhoods, limits: Limits, open_cells: Flags) -> None:
        self._near, self._limits, self._open = near, limits, open_cells
        self._full = np.where(task.free, 0.0, np.maximum(task.costs, 1e-6))
        self._costs = np.where(task.forced, self._full * ALMOST_FREE, self._full)
        self._typical = float(np.median(self._full))
        self._candidates, self._chosen = task.candidates, task.costs
        self._up, self._down = np.zeros(len(task.values)), np.zeros(len(task.values))
        self.withheld = task.forced.copy()
        self.witnesses: list[Witness] = []

    @property
    def cost(self) -> float:
        return float(self._chosen[self.withheld & self._candidates].sum())

    def meet(self, demands: Sequence[Demand]) -> list[Demand]:
        """Withhold what they need; those that nothing meets."""
        return [demand for demand in demands if not self._meet(demand)]

    def _meet(self, demand: Demand) -> bool:
        met = [self._reach(demand.place, change) for change in (demand.up, -demand.down) if change]
        return all(met) and self._widen(demand)

    def _widen(self, demand: Demand) -> bool:
        """Up and down together, as far as the cell's own bounds let it go up first."""
        place = demand.place
        for room, sign in ((self._limits.up, 1.0), (self._limits.down, -1.0)):
            reached = (self._up if sign > 0 else self._down)[place]
            if (missing := demand.span - self._up[place] - self._down[place]) > REACHED:
                self._reach(place, sign * min(float(room[place]), float(reached + missing)))
        return bool(demand.span - self._up[place] - self._down[place] <= REACHED)

    def _reach(self, place: int, change: float) -> bool:
        if (self._up if change > 0 else self._down)[place] >= abs(change) - REACHED:
            return True
        witnesses = self._near.cheapest(place, change, self._costs, self._typical, self._open)
        for witness in witnesses:
            self._add(witness)
        return bool(witnesses)

    def _add(self, witness: Witness) -> None:
        cells = witness.cells
        self.witnesses.append(witness)
        self.withheld[cells[self._candidates[cells]]] = True
        self._costs[cells] = self._full[cells] * ALMOST_FREE
        np.maximum.at(self._up, cells, witness.amounts)
        np.maximum.at(self._down, cells, -witness.amounts)


def _limits(task: Task, table: Numbers) -> Limits:
    """Cells that are not available may move as far as is known of them."""
    own, free = task.attackers[0], task.free
    down, up = (np.where(free, far, own_far) for far, own_far in ((table - task.lower, own.down), (task.upper - table, own.up)))
    return Limits(np.maximum(down, 0.0), np.maximum(up, 0.0))


def bound_by_rows(task: Task) -> float:
    """What any pattern costs at least: in an equation with one primary cell another cell is withheld (a dual ascent; may be weak)."""
    rows, left = task.rows, np.where(task.candidates, task.costs, np.inf)
    asked = np.zeros(len(left), dtype=np.bool_)
    asked[[demand.place for demand in task.demands if demand.always]] = True
    settled = task.forced | task.free
    bound = 0.0
    for row in np.flatnonzero(rows.lower == rows.upper).tolist():
        cells = rows.cells[rows.starts[row] : rows.starts[row + 1]]
        if settled[cells].sum() != 1 or not asked[cells].any():
            continue
        least = float(left[cells].min())
        if np.isfinite(least):
            bound += least
            left[cells] -= least
    return bound
