"""The cheapest safe pattern by cutting planes, in the manner of Fischetti and Salazar (2001).

The master program knows some inequalities that every safe pattern meets. Its cheapest pattern is given to the attackers; whatever they
can bound too closely gives another inequality, until nothing is left to say. First with patterns in fractions, which gives a bound
and shows the heuristic where to look; then with whole cells. Cells whose choice the bound settles are fixed.

Patterns of whole cells are proposed by a local search: as cheap as the bound, then half-way, then just cheaper than the pattern in
hand. Each takes a hundredth of the time of an integer program, which is left to tell that there is nothing cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from saime.core.protection.budget import Budget
from saime.core.protection.constraints import Numbers
from saime.core.protection.demands import Task
from saime.core.protection.goals import Goals, bridgeless, in_one_row
from saime.core.protection.heuristic import LACKS, Heuristic
from saime.core.protection.master import Master, WholeChoice

NODES = (100, 1000, 5000)  # of branch and bound in one integer program; more as soon as fewer say nothing new
STALLED = 6  # rounds in fractions that gained next to nothing
IDLE = 15_000  # cells times rounds with whole cells that brought neither a cheaper pattern nor a better bound: larger ones get fewer
SHARES = (0.0, 0.5, 1.0)  # of the way from the bound to the pattern in hand: where the local search looks
QUICK = 5  # a round with the local search counts as a fifth of one with an integer program
GAIN = 1e-4  # of the bound; less is next to nothing


@dataclass(frozen=True)
class Found:
    """A safe pattern of whole cells, its cost without the forced cells, and a proven bound on the cost of any."""

    pattern: Numbers
    cost: float
    bound: float


class CuttingPlanes:
    def __init__(self, task: Task, goals: Goals, budget: Budget) -> None:
        self._task, self._goals, self._budget = task, goals, budget
        self._master = Master(task.costs, task.candidates, task.forced)
        self._master.add(bridgeless(task))
        self._master.add(in_one_row(task, goals.demands))
        self._heuristic = Heuristic(task, goals, self._master.inequalities)
        self._pattern = task.movable.astype(np.float64)
        self._cost, self._bound = self._cost_of(self._pattern), 0.0
        self._uncovered = -np.inf  # the most at which the local search found nothing

    def run(self) -> Found:
        self._nodes, idle = NODES[0], 0
        self._try(self._relax(STALLED))
        while self._is_open() and idle < IDLE and not self._budget.is_spent(self._goals.columns, self._master.iterations):
            before = self._cost, self._bound
            self._master.fix_by_reduced_costs(self._relaxed, self._cost)
            if is_quick := (choice := self._cover()) is not None:
                self._use(choice)
            elif not self._solve():
                break
            idle = idle + len(self._pattern) // (QUICK if is_quick else 1) if before == (self._cost, self._bound) else 0
        return Found(self._pattern, self._cost, min(self._bound, self._cost))

    def _cover(self) -> WholeChoice | None:
        """By the local search. Where it found none it is not tried again before an integer program has brought something new."""
        for cost in self._costs_to_try():
            if cost > self._uncovered:
                if (pattern := self._master.cover(self._pattern, cost)) is not None:
                    return WholeChoice(pattern, self._bound, is_optimal=False)
                self._uncovered = cost
        return None

    def _costs_to_try(self) -> Iterator[float]:
        step = self._master.step
        most = self._cost - (step or GAIN * self._cost)
        for share in SHARES if most >= self._bound else ():
            cost = self._bound + share * (most - self._bound)
            yield float(np.floor(cost / step + GAIN) * step) if step else cost

    def _solve(self) -> bool:
        """A round with an integer program: whether another may bring something new."""
        self._uncovered = -np.inf
        choice = self._master.solve(self._nodes, self._cost - self._master.step / 2, self._bound)
        if choice is None:
            self._bound = self._cost
        elif not self._use(choice):
            if self._nodes == NODES[-1]:
                return False
            self._nodes = NODES[NODES.index(self._nodes) + 1]
        return True

    def _is_open(self) -> bool:
        return self._cost - self._bound > 1e-6 * max(1.0, self._cost)

    def _cost_of(self, pattern: Numbers) -> float:
        return float(self._task.costs[self._task.candidates] @ pattern[self._task.candidates])

    def _raise(self, bound: float) -> None:
        whole = np.ceil((bound - 1e-6) / self._master.step) * self._master.step if self._master.step else bound
        self._bound = max(self._bound, float(whole))

    def _relax(self, patience: int) -> Numbers:
        """Cutting planes in fractions until nothing is unmet, or the bound has not risen in so many rounds."""
        stalled, last = 0, -np.inf
        while True:
            choice = self._master.relax()
            if choice is None:  # nothing better than the pattern in hand is left
                self._bound = self._cost
                return self._pattern
            self._relaxed = choice.bound
            self._raise(choice.bound)
            stalled = stalled + 1 if choice.bound < last + GAIN * max(1.0, last) else 0
            last = choice.bound
            if stalled > patience or not self._cut(choice.pattern) or self._budget.is_spent(self._goals.columns, self._master.iterations):
                return choice.pattern

    def _cut(self, pattern: Numbers) -> bool:
        """Whether the attackers found something against the pattern; what they found is added."""
        found = [inequality for *_, inequality in self._goals.unmet(pattern) if inequality and inequality.lacks(pattern) > LACKS]
        self._master.add(found)
        return bool(found)

    def _use(self, choice: WholeChoice) -> bool:
        """Whether it brought anything new."""
        before = self._cost, self._bound
        self._raise(choice.bound)
        if choice.pattern is not None:
            if self._cut(choice.pattern):
                self._try(choice.pattern)
                self._relax(0)
                return True
            self._keep(choice.pattern)
        return (self._cost, self._bound) != before

    def _try(self, guide: Numbers) -> None:
        self._keep(self._heuristic.complete(guide))
        self._master.add([inequality for inequality in self._heuristic.found if inequality.lacks(guide) > LACKS])
        self._heuristic.found.clear()

    def _keep(self, pattern: Numbers) -> None:
        if (cost := self._cost_of(pattern)) < self._cost:
            self._pattern, self._cost = pattern, cost
