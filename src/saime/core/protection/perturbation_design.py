"""Make a perturbation table: for each count the distribution of changes with the largest entropy that meets the requirements.

Requirements (Giessing, 2016): mean change 0, so that counts stay unbiased; a given variance; no change beyond ``largest_change``; no
published count from 1 to ``blocked``; where asked, a given probability of no change; where ``falling``, a change that is farther
from 0 on the same side is not more probable. Zeros do not change.

The solution has the form ``p = exp(rows @ multipliers)``; Newton's method finds the multipliers, and a requirement that a change be no more
probable than its neighbour joins the rows while it binds. Where no distribution has the variance, the largest possible one,
less a thousandth, is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.constraints import INFINITY, Numbers
from saime.core.protection.perturbation import PerturbationTable, Transition
from saime.core.protection.solver import PRIMAL_SIMPLEX, LinearProgram

PRECISION = 1e-12
STEPS = 200
LESS = 1 - 1e-3  # at the very largest variance the solution has no interior


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

    def table(self, name: str) -> PerturbationTable:
        """Counts from 0 to the first from which no change reaches a blocked count; it stands for all above.

        Raises: BadInput naming the count for which no distribution meets the requirements.
        """
        transitions = [Transition(0, 0, 1.0)]
        for count in range(1, self.largest_change + self.blocked + (self.blocked > 0) + 1):
            changes = self._changes(count)
            transitions += [
                Transition(count, int(change), float(p)) for change, p in zip(changes, self._distribution(count, changes), strict=True)
            ]
        return PerturbationTable.checked(name, tuple(transitions))

    def _changes(self, count: int) -> Numbers:
        """What may be added to the count, in order."""
        wanted = range(-self.largest_change, self.largest_change + 1)
        return np.array([v for v in wanted if count + v == 0 or count + v > self.blocked], dtype=np.float64)

    def _distribution(self, count: int, changes: Numbers) -> Numbers:
        rows, goals = _moments(changes, self.variance)
        if self.stay is not None and 0.0 in changes:
            rows, goals = np.vstack([rows, changes == 0.0]), np.append(goals, self.stay)
        falling = _falling(changes) if self.falling[min(count, len(self.falling)) - 1] else np.zeros((0, len(changes)))
        largest = _largest_variance(rows, goals, falling)
        if largest is None:
            raise BadInput(
                f"no distribution of changes has mean 0 for count {count}",
                where="design of a perturbation table",
                fix="allow a larger change, block fewer counts, or lower the probability of no change",
            )
        goals[2] = min(goals[2], largest * LESS)
        return _largest_entropy(rows, goals, falling)


def _moments(changes: Numbers, variance: float) -> tuple[Numbers, Numbers]:
    """Rows and goals: the probabilities add to 1, the mean is 0, the variance as given."""
    return np.stack([np.ones(len(changes)), changes, changes**2]), np.array([1.0, 0.0, variance])


def _falling(changes: Numbers) -> Numbers:
    """Rows that must be 0 or more: the nearer change less the farther one on the same side, 0 being nearest to both sides."""
    pairs = [(far, near) for far, near in pairwise(changes) if near <= 0]
    pairs += [(far, near) for near, far in pairwise(changes) if near >= 0]
    return np.array([(changes == near).astype(float) - (changes == far) for far, near in pairs]).reshape(-1, len(changes))


def _largest_variance(rows: Numbers, goals: Numbers, falling: Numbers) -> float | None:
    """None if even mean, sum and the probability of no change cannot be met together."""
    kept = np.arange(len(rows)) != 2
    matrix = np.vstack([rows[kept], falling])
    bounds = np.append(goals[kept], np.zeros(len(falling))), np.append(goals[kept], np.full(len(falling), INFINITY))
    size = matrix.shape[1]
    starts = np.arange(len(matrix) + 1, dtype=np.int64) * size
    columns = np.tile(np.arange(size, dtype=np.int32), len(matrix))
    program = LinearProgram((starts, columns, matrix.ravel()), bounds, (np.zeros(size), np.ones(size)), strategy=PRIMAL_SIMPLEX)
    program.set_costs(rows[2])
    point = program.solve(maximise=True)
    return None if point is None else float(rows[2] @ point)


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
