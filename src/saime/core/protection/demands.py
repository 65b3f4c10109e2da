"""What a pattern must leave open, for one attacker or several who know different things about the same cells.

A suppression problem has one attacker and fixed demands; a published table with statuses has two attackers, and demands that hold only
while a cell is withheld (``protect.py``). The solver serves both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places
from saime.core.protection.problem import SuppressionProblem

FAR = 1000.0  # a cell is moved at most this many times the largest demand; more never helps, and keeps the programs well scaled


@dataclass(frozen=True)
class Limits:
    """How far each cell may move down and up from its true value, as an attacker sees it; both are 0 or more."""

    down: Numbers
    up: Numbers


@dataclass(frozen=True)
class Demand:
    """The cell must be able to rise by ``up``, to fall by ``down``, and by ``span`` in all; if not ``always``, only while withheld."""

    attacker: int
    place: int
    up: float
    down: float
    span: float = 0.0
    always: bool = True


@dataclass(frozen=True)
class Task:
    """Shape: ``values``, ``costs``, ``movable`` (may be withheld, or must) and ``forced`` (must) have one entry a cell.

    ``values``: nan where not available; such cells are ``free`` between ``lower`` and ``upper``, whatever is withheld.
    """

    rows: Knowledge
    values: Numbers
    lower: Numbers
    upper: Numbers
    costs: Numbers
    movable: Flags
    forced: Flags
    attackers: tuple[Limits, ...]
    demands: tuple[Demand, ...]

    @property
    def free(self) -> Flags:
        return np.isnan(self.values)

    @property
    def candidates(self) -> Flags:
        """Cells among which there is a choice."""
        return self.movable & ~self.forced

    def part(self, places: Places, rows: Knowledge) -> Task:
        """The cells at ``places`` alone, with ``rows`` over them."""
        number = {int(place): own for own, place in enumerate(places)}
        return Task(
            rows=rows,
            values=self.values[places],
            lower=self.lower[places],
            upper=self.upper[places],
            costs=self.costs[places],
            movable=self.movable[places],
            forced=self.forced[places],
            attackers=tuple(Limits(limits.down[places], limits.up[places]) for limits in self.attackers),
            demands=tuple(replace(demand, place=number[demand.place]) for demand in self.demands if demand.place in number),
        )


def task_of(problem: SuppressionProblem) -> Task:
    """The problem as a task of one attacker."""
    absent = np.isnan(problem.values)
    forced = np.zeros(len(problem.values), dtype=np.bool_)
    forced[problem.primary] = True
    asked = zip(problem.primary, problem.upper_protection, problem.lower_protection, problem.sliding_protection, strict=True)
    demands = tuple(Demand(0, int(place), float(up), float(down), float(span)) for place, up, down, span in asked)
    values = np.nan_to_num(problem.values)
    limits = Limits(np.where(absent, 0.0, values - problem.lower), np.where(absent, 0.0, problem.upper - values))
    far = farthest(demands)
    return Task(
        rows=problem.rows,
        values=problem.values,
        lower=problem.lower,
        upper=problem.upper,
        costs=problem.costs,
        movable=forced | (~problem.published & ~absent),
        forced=forced,
        attackers=(Limits(np.minimum(limits.down, far), np.minimum(limits.up, far)),),
        demands=demands,
    )


def farthest(demands: tuple[Demand, ...]) -> float:
    return FAR * max([1.0, *(max(demand.up, demand.down, demand.span) for demand in demands if demand.up < INFINITY)])
