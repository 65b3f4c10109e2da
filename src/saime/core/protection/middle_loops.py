"""Least movements that change the sums of rows as asked, compiled by numba where it is installed.

Sums are added in one order, compiled or not, so that the same input gives the same movement on every machine.
"""

from __future__ import annotations

import numpy as np

from saime.core.compiled import compiled
from saime.core.protection.flow_loops import Ints, Reals

Equations = tuple[Ints, Ints, Reals]  # of each row where its terms start, their cells and signs


@compiled
def change(equations: Equations, ease: Reals, asked: Reals, accuracy: tuple[float, float], most: int) -> Reals:
    """A price a row: what cells move for them, each by its ``ease`` times what it earns, changes the rows' sums by ``asked``.

    By conjugate gradients, in steps scaled by how easily each row changes. ``accuracy``: what may be missing, as a share of what was asked,
    or in persons in each row; nearer than rounding lets them come they go astray. After ``most`` steps as near as they came.
    """
    scale = _scale(equations, ease)
    prices, missing, ahead = np.zeros(len(asked)), asked.copy(), scale * asked
    left = _product(missing, ahead)
    goal, worst = accuracy[0] * accuracy[0] * left, np.inf
    moved, changed = np.empty(len(ease)), np.empty(len(asked))
    for _ in range(most):
        if not left > goal or worst <= accuracy[1]:
            break
        earned(equations, ahead, moved)
        for cell in range(len(moved)):
            moved[cell] *= ease[cell]
        _sums(equations, moved, changed)
        far, before, left = left / _product(ahead, changed), left, 0.0
        worst = 0.0
        for row in range(len(prices)):
            prices[row] += far * ahead[row]
            missing[row] -= far * changed[row]
            left += scale[row] * missing[row] * missing[row]
            worst = max(worst, abs(missing[row]))
        for row in range(len(prices)):
            ahead[row] = scale[row] * missing[row] + left / before * ahead[row]
    return prices


@compiled
def earned(equations: Equations, prices: Reals, into: Reals) -> None:
    """By each cell for a person more in it."""
    starts, cells, signs = equations
    into[:] = 0.0
    for row in range(len(prices)):
        for term in range(starts[row], starts[row + 1]):
            into[cells[term]] += signs[term] * prices[row]


@compiled
def _sums(equations: Equations, values: Reals, into: Reals) -> None:
    starts, cells, signs = equations
    for row in range(len(into)):
        total = 0.0
        for term in range(starts[row], starts[row + 1]):
            total += signs[term] * values[cells[term]]
        into[row] = total


@compiled
def _scale(equations: Equations, ease: Reals) -> Reals:
    starts, cells, _ = equations
    found = np.zeros(len(starts) - 1)
    for row in range(len(found)):
        total = 0.0
        for term in range(starts[row], starts[row + 1]):
            total += ease[cells[term]]
        found[row] = 1.0 / total if total > 0.0 else 0.0
    return found


@compiled
def _product(one: Reals, other: Reals) -> float:
    total = 0.0
    for place in range(len(one)):
        total += one[place] * other[place]
    return total
