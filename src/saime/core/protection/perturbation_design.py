"""Make a perturbation table: for each count the distribution of changes with the largest entropy that meets the requirements.

Requirements (Giessing, 2016): mean change 0, so that counts stay unbiased; a given variance; no change beyond ``largest_change``; no
published count from 1 to ``blocked``; where asked, a given probability of no change; where ``falling``, a change that is farther
from 0 on the same side is not more probable. Zeros do not change.

The solution has the form ``p = exp(rows @ multipliers)``; Newton's method finds the multipliers, and a requirement that a change be no more
probable than its neighbour joins the rows while it binds. Where small counts have no distribution of so large a variance, the largest
possible one, less a thousandth, is taken.

Before, linear programs find within which bounds each requirement can be met beside the others, so that what cannot be is told by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.constraints import INFINITY, Numbers
from saime.core.protection.perturbation import PerturbationTable, Transition
from saime.core.protection.solver import PRIMAL_SIMPLEX, LinearProgram

PRECISION = 1e-12
STEPS = 200
LESS = 1 - 1e-3  # at the very largest variance the solution has no interior
ROUNDING = 1e-6  # of what linear programs find
ROW_OF_STAY = 2  # after sum and mean


@dataclass(frozen=True)
class PerturbationDesign:
    """``largest_change`` (D), ``variance`` (V), ``blocked`` (js) and ``stay`` (pstay) as in the literature. Unit: persons, persons squared.

    ``falling``: one flag for all counts, or one for each count from 1 on; the last holds for the counts after it.
    """

    largest_change: int
    variance: float
    blocked: int = 0
    stay: float | None = None
    falling: tuple[bool, ...] = (True,)

    def table(self, name: str, *, where: str = "design of a perturbation table") -> PerturbationTable:
        """Counts from 0 to the first from which no change reaches a blocked count; it stands for all above.

        Raises: BadInput naming the parameter that no distribution meets beside the others, for which count, and what would help.
        """
        if 0 < self.blocked >= self.largest_change:
            count = self.blocked + 1
            what = (
                f"largest_change {self.largest_change} is too small beside blocked {self.blocked}: a count of {count} could not become less"
            )
            raise BadInput(what, where=where, fix=f"raise largest_change to {count} or more, or lower blocked")
        asked = [self._requirements(count) for count in range(1, self.largest_change + self.blocked + (self.blocked > 0) + 1)]
        self._check_stay(asked, where)
        spans = [requirements.span_of_variance() for requirements in asked]
        self._check_variance(asked, spans, where)
        transitions = [Transition(0, 0, 1.0)]
        for one, span in zip(asked, spans, strict=True):
            found = one.distribution(self.variance, span)
            transitions += [Transition(one.count, int(change), float(p)) for change, p in zip(one.changes, found, strict=True)]
        return PerturbationTable.checked(name, tuple(transitions))

    def _requirements(self, count: int) -> _Requirements:
        wanted = range(-self.largest_change, self.largest_change + 1)
        changes = np.array([v for v in wanted if count + v == 0 or count + v > self.blocked], dtype=np.float64)
        rows, goals = np.stack([np.ones(len(changes)), changes]), np.array([1.0, 0.0])
        if self.stay is not None and 0.0 in changes:
            rows, goals = np.vstack([rows, changes == 0.0]), np.append(goals, self.stay)
        falling = _falling(changes) if self.falling[min(count, len(self.falling)) - 1] else np.zeros((0, len(changes)))
        return _Requirements(count, changes, rows, goals, falling)

    def _check_stay(self, asked: Sequence[_Requirements], where: str) -> None:
        """Changes that fall on either side of 0 cannot all be as rare as a small ``stay`` would have them."""
        least, count = max(((one.span_of_stay().least, one.count) for one in asked if len(one.rows) > ROW_OF_STAY), default=(0.0, 0))
        if self.stay is not None and self.stay < least * (1 - ROUNDING):
            what = f"stay {self.stay:g} is too small for count {count}: as changes fall on either side of 0, it stays more often"
            raise BadInput(what, where=where, fix=f"raise stay to {_up(least)} or more, leave it out, or say falling: false")

    def _check_variance(self, asked: Sequence[_Requirements], spans: Sequence[Span], where: str) -> None:
        """It must lie above what the small counts need, and below what a count has that is so large that nothing is blocked."""
        most = spans[-1].most
        least, count = max((span.least, one.count) for one, span in zip(asked, spans, strict=True))
        if self.variance < least * (1 - ROUNDING):
            what = f"variance {self.variance:g} is too small for count {count}: beside the other parameters it is {_up(least)} or more"
            fix = f"raise variance to {_up(least)} or more" if least <= most else f"raise largest_change, and variance to {_up(least)}"
            others = ["lower blocked"] * (self.blocked > 0) + ["raise stay"] * (self.stay is not None and count > self.blocked)
            raise BadInput(what, where=where, fix=", or ".join([fix, *others]))
        if self.variance > most * (1 + ROUNDING):
            what = f"variance {self.variance:g} is too large for any count: beside the other parameters it is {_down(most)} or less"
            others = ["lower stay"] * (self.stay is not None) + ["say falling: false"] * any(self.falling)
            raise BadInput(what, where=where, fix=", or ".join([f"lower variance to {_down(most)}", "raise largest_change", *others]))


class Span(NamedTuple):
    """Between which bounds a requirement can be met."""

    least: float
    most: float


@dataclass(frozen=True)
class _Requirements:
    """Of one count: the possible ``changes``, in order; ``rows`` and ``goals`` of sum, mean and, if asked for, the probability of no
    change; rows of ``falling`` that must be 0 or more.
    """

    count: int
    changes: Numbers
    rows: Numbers
    goals: Numbers
    falling: Numbers

    def span_of_stay(self) -> Span:
        """Of the probability of no change, beside sum, mean and falling, which can always be met together."""
        return _span(self.rows[ROW_OF_STAY], self.rows[:ROW_OF_STAY], self.goals[:ROW_OF_STAY], self.falling)

    def span_of_variance(self) -> Span:
        return _span(self.changes**2, self.rows, self.goals, self.falling)

    def distribution(self, variance: float, possible: Span) -> Numbers:
        rows = np.insert(self.rows, ROW_OF_STAY, self.changes**2, axis=0)
        goal = max(min(variance, possible.most * LESS), possible.least)
        return _largest_entropy(rows, np.insert(self.goals, ROW_OF_STAY, goal), self.falling)


def _falling(changes: Numbers) -> Numbers:
    """Rows that must be 0 or more: the nearer change less the farther one on the same side, 0 being nearest to both sides."""
    pairs = [(far, near) for far, near in pairwise(changes) if near <= 0]
    pairs += [(far, near) for near, far in pairwise(changes) if near >= 0]
    return np.array([(changes == near).astype(float) - (changes == far) for far, near in pairs]).reshape(-1, len(changes))


def _span(costs: Numbers, rows: Numbers, goals: Numbers, falling: Numbers) -> Span:
    """Of ``costs`` over all distributions that meet the rows."""
    matrix = np.vstack([rows, falling])
    bounds = np.append(goals, np.zeros(len(falling))), np.append(goals, np.full(len(falling), INFINITY))
    size = matrix.shape[1]
    starts = np.arange(len(matrix) + 1, dtype=np.int64) * size
    columns = np.tile(np.arange(size, dtype=np.int32), len(matrix))
    program = LinearProgram((starts, columns, matrix.ravel()), bounds, (np.zeros(size), np.ones(size)), strategy=PRIMAL_SIMPLEX)
    program.set_costs(costs)
    ends = program.solve(), program.solve(maximise=True)
    least, most = (float(costs @ point) for point in ends if point is not None)
    return Span(least, most)


def _largest_entropy(rows: Numbers, goals: Numbers, falling: Numbers) -> Numbers:
    binding: list[int] = []
    for _ in range(STEPS):
        matrix = np.vstack([rows, falling[binding]])
        multipliers = _multipliers(matrix, np.append(goals, np.zeros(len(binding))))
        found = np.exp(multipliers @ matrix)
        released = [row for row, multiplier in zip(binding, multipliers[len(rows) :], strict=True) if multiplier < -PRECISION]
        if released:
            binding.remove(released[0])
        elif len(falling) and (falling @ found).min() < -PRECISION:
            binding.append(int((falling @ found).argmin()))
        else:
            return found
    raise BadInput("the distribution of changes was not found", where="design of a perturbation table", fix="change the variance a little")


def _multipliers(matrix: Numbers, goals: Numbers) -> Numbers:
    """Newton's method on the dual, which is smooth and convex: minimise ``sum(exp(multipliers @ matrix)) - multipliers @ goals``."""
    multipliers = np.zeros(len(matrix))
    multipliers[0] = -np.log(matrix.shape[1])
    for _ in range(STEPS):
        weights = np.exp(multipliers @ matrix)
        gradient = matrix @ weights - goals
        if np.abs(gradient).max() < PRECISION:
            break
        step: Numbers = np.linalg.lstsq((matrix * weights) @ matrix.T, gradient, rcond=None)[0].astype(np.float64)
        multipliers = multipliers - step * _step_length(matrix, goals, multipliers, step, float(gradient @ step))
    return multipliers


def _step_length(matrix: Numbers, goals: Numbers, multipliers: Numbers, step: Numbers, slope: float) -> float:
    """Halve a step until it lowers the dual."""

    def dual(length: float) -> float:
        at = multipliers - length * step
        return float(np.exp(np.minimum(at @ matrix, 700.0)).sum() - at @ goals)

    length, before = 1.0, dual(0.0)
    while dual(length) > before - 1e-4 * length * slope and length > 1e-10:
        length /= 2
    return length


def _up(number: float) -> str:
    """To the next thousandth."""
    return f"{ceil(number * 1000 - ROUNDING * 1000) / 1000:g}"


def _down(number: float) -> str:
    return f"{floor(number * 1000 + ROUNDING * 1000) / 1000:g}"
