"""The search for a pattern that meets inequalities at a given cost, compiled by numba where it is installed.

Rows weigh more the longer they are not met, as in the local search for coverings of Gao and others (2015, "weighting-based local search").
"""

from __future__ import annotations

import numpy as np

from saime.core.compiled import compiled
from saime.core.protection.flow_loops import Ints, Marks, Reals

MET = 1e-7  # an inequality that lacks less is met
RESTS = 2  # steps for which a column that has changed stays; one that came in stays one longer than one that went
CHEAP = 1e-6  # the least that a column counts as costing
FACTOR, PRIME = 48271, 2**31 - 1  # of a random number, the next (Park, Miller and Stockmeyer, 1993)

Sparse = tuple[Ints, Ints, Reals]  # starts, columns and factors of each row, or starts, rows and factors of each column


@compiled
def cover(rows: Sparse, least: Reals, columns: Sparse, costs: Reals, free: Marks, chosen: Marks, most: float, steps: int) -> bool:
    """Whether a choice was found whose rows all come to ``least`` and that costs at most ``most``; then ``chosen`` is it.

    ``free``: columns that may change. In a step, columns leave until the rest costs little enough, each time the one that is missed
    least for its cost; then one of the rows that lack something is given the column that helps most. Random numbers are always the same.
    """
    lacks, weights = least.copy(), np.ones(len(least))
    rested, spent, drawn = np.zeros(len(costs), np.int64), 0.0, 1  # from which step on a column may change
    for column in range(len(costs)):
        if chosen[column]:
            spent += costs[column]
            _add(columns, column, lacks, -1.0)
    for step in range(1, steps + 1):
        while spent > most:
            column = _least_missed(columns, costs, free, chosen, rested, step, lacks, weights)
            if column < 0:
                break
            chosen[column], rested[column] = False, step + RESTS
            spent -= costs[column]
            _add(columns, column, lacks, 1.0)
        if spent > most:
            continue
        row, drawn = _drawn(lacks, weights, drawn)
        if row < 0:
            return True
        column = _most_helpful(rows, columns, row, costs, free, chosen, rested, step, lacks, weights)
        if column >= 0:
            chosen[column], rested[column] = not chosen[column], step + RESTS + 1
            sign = 1.0 if chosen[column] else -1.0
            spent += sign * costs[column]
            _add(columns, column, lacks, -sign)
    return False


@compiled
def _add(columns: Sparse, column: int, lacks: Reals, sign: float) -> None:
    for term in range(columns[0][column], columns[0][column + 1]):
        lacks[columns[1][term]] += sign * columns[2][term]


@compiled
def _loss(columns: Sparse, column: int, sign: float, lacks: Reals, weights: Reals) -> float:
    """How much more the rows lack, by their weights, when each gets ``sign`` times the column's factor added to what it lacks."""
    loss = 0.0
    for term in range(columns[0][column], columns[0][column + 1]):
        row = columns[1][term]
        loss += weights[row] * (max(lacks[row] + sign * columns[2][term], 0.0) - max(lacks[row], 0.0))
    return loss


@compiled
def _least_missed(columns: Sparse, costs: Reals, free: Marks, chosen: Marks, rested: Ints, step: int, lacks: Reals, weights: Reals) -> int:
    best, lowest = -1, np.inf
    for column in range(len(costs)):
        if chosen[column] and free[column] and costs[column] > 0.0 and rested[column] <= step:
            loss = _loss(columns, column, 1.0, lacks, weights) / costs[column]
            if loss < lowest or (loss == lowest and rested[column] < rested[best]):
                best, lowest = column, loss
    return best


@compiled
def _drawn(lacks: Reals, weights: Reals, drawn: int) -> tuple[int, int]:
    """One of the rows that lack something, -1 if none does, and the next random number; all such rows get heavier."""
    row, seen = -1, 0
    for other in range(len(lacks)):
        if lacks[other] > MET:
            weights[other] += 1.0
            seen += 1
            drawn = drawn * FACTOR % PRIME
            if drawn % seen == 0:
                row = other
    return row, drawn


@compiled
def _most_helpful(
    rows: Sparse, columns: Sparse, row: int, costs: Reals, free: Marks, chosen: Marks, rested: Ints, step: int, lacks: Reals, weights: Reals
) -> int:
    best, lowest = -1, np.inf
    for term in range(rows[0][row], rows[0][row + 1]):
        column, helps = rows[1][term], rows[2][term] > 0.0
        if free[column] and chosen[column] != helps and rested[column] <= step:
            loss = _loss(columns, column, -1.0 if helps else 1.0, lacks, weights)
            cost = max(costs[column], CHEAP)
            loss = loss / cost if loss < 0.0 else loss * cost
            if loss < lowest or (loss == lowest and rested[column] < rested[best]):
                best, lowest = column, loss
    return best
