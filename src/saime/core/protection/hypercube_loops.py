"""The search for the cheapest hypercube through a cell, compiled by numba where it is installed.

A hypercube is a person moved from one code to another in some dimensions, and back, with all other codes held: the product of one list of
signed codes a dimension. ``lists``: such codes, their signs and how many, of each dimension.
"""

from __future__ import annotations

import numpy as np

from saime.core.compiled import compiled
from saime.core.protection.flow_loops import Ints, Reals

OPENED, HELD, CHOSEN = 0, 1, 2  # what happens in a dimension: codes change, the cell's own code is held, any code is held
MOST_CELLS = 4096  # of one face that move together

Paths = tuple[Ints, Ints, Ints, Ints]  # of each code up to below the total, as starts, codes, lengths; and how many codes a dimension has
Grid = tuple[Ints, Ints, Ints, Ints]  # of each face the unknowns of all, where its own begin, its strides, and its dimensions as bits
Lists = tuple[Ints, Ints, Ints]


@compiled
def cheapest_cube(
    grid: Grid,
    paths: Paths,
    leaves: Ints,
    faces: Ints,
    order: Ints,
    roles: Ints,
    own: Ints,
    asked: tuple[float, float],
    limits: tuple[Reals, Reals],
    costs: Reals,
    fine: float,
    budget: int,
    bound: float,
) -> tuple[float, Ints, Reals]:
    """Cost, cells and signs of the cheapest found that costs less than ``bound``; no cells if there is none.

    ``order``: dimensions in the order in which they are decided. ``own``: the cell's code in each, -1 at the total. ``asked``: persons that
    its cells must go with and against their sign. ``limits``: down and up, below 0 where a cell may not move that way. ``fine``: what a
    cell with less room than asked costs beside, or infinite. ``budget``: cells looked at.
    """
    count, longest = len(own), int(paths[2].max())
    lists = np.zeros((count, 2 * longest), np.int64), np.zeros((count, 2 * longest), np.int64), np.ones(count, np.int64)
    work = np.empty((2, MOST_CELLS), np.int64)
    closed = 0
    for dim in order:
        if roles[dim] == OPENED:
            closed |= 1 << dim
            lists[0][dim, 0], lists[1][dim, 0] = own[dim], 1
    depth, left = 0, budget
    options, prices, at = [np.zeros((0, 2), np.int64)], [np.zeros(0)], [0]
    options.pop(), prices.pop(), at.pop()
    best, found, signs = bound, np.zeros(0, np.int64), np.zeros(0)
    fill = True
    while depth >= 0:
        dim = order[depth]
        if fill:
            pairs = _pairs(paths, leaves, dim, roles[dim], own[dim])
            price = np.full(len(pairs), np.inf)
            known = closed
            for earlier in order[: depth + 1]:
                known |= 1 << earlier
            before = 0.0 if depth == 0 or roles[dim] == OPENED else prices[depth - 1][at[depth - 1] - 1]
            for one in range(len(pairs)):
                if left <= 0:
                    break
                _put(lists, paths, dim, pairs[one])
                price[one], looked = _cost(grid, lists, faces, dim, known, asked, limits, costs, fine, before, best, work)
                left -= looked + 1
            ranked = np.argsort(price, kind="mergesort")
            options.append(pairs[ranked])
            prices.append(price[ranked])
            at.append(0)
            fill = False
        here = at[depth]
        if here == len(prices[depth]) or prices[depth][here] >= best:
            options.pop(), prices.pop(), at.pop()
            if roles[dim] == OPENED:
                lists[0][dim, 0], lists[1][dim, 0], lists[2][dim] = own[dim], 1, 1
            depth -= 1
            continue
        at[depth] += 1
        _put(lists, paths, dim, options[depth][here])
        if depth == len(order) - 1:
            best = prices[depth][here]
            found, signs = _cells(grid, lists, faces, work)
        else:
            depth += 1
            fill = True
    return best, found, signs


@compiled
def _pairs(paths: Paths, leaves: Ints, dim: int, role: int, own: int) -> Ints:
    """The codes to choose from: to and from; -1 for from where a code is held."""
    own_leaves, others = [0], [0]
    own_leaves.pop(), others.pop()
    for code in range(paths[3][dim]):
        if leaves[paths[0][dim] + code]:
            if role == CHOSEN or _is_above(paths, dim, own, code):
                own_leaves.append(code)
            else:
                others.append(code)
    if role != OPENED:
        held = np.full((len(own_leaves), 2), -1, np.int64)
        for one in range(len(own_leaves)):
            held[one, 0] = own_leaves[one]
        return held
    pairs = np.empty((len(own_leaves) * len(others), 2), np.int64)
    for one in range(len(own_leaves)):
        for other in range(len(others)):
            pairs[one * len(others) + other, 0] = own_leaves[one]
            pairs[one * len(others) + other, 1] = others[other]
    return pairs


@compiled
def _is_above(paths: Paths, dim: int, upper: int, code: int) -> bool:
    row = paths[0][dim] + code
    return bool((paths[1][row, : paths[2][row]] == upper).any())


@compiled
def _put(lists: Lists, paths: Paths, dim: int, pair: Ints) -> None:
    """The codes that change with a person who goes to the first code from the second; those above both stay."""
    count = 0
    for side in range(2):
        if pair[side] < 0:
            continue
        row = paths[0][dim] + pair[side]
        for level in range(paths[2][row]):
            code = paths[1][row, level]
            if pair[1] < 0 or not _is_above(paths, dim, code, pair[1 - side]):
                lists[0][dim, count], lists[1][dim, count] = code, 1 - 2 * side
                count += 1
    lists[2][dim] = count


@compiled
def _spread(grid: Grid, lists: Lists, face: int, work: Ints) -> int:
    """The cells of the face that move, with their signs, into ``work``; how many, -1 if too many."""
    size, dims = 1, grid[3][face]
    work[0, 0], work[1, 0] = grid[1][face], 1
    for dim in range(len(lists[2])):
        if not dims & (1 << dim):
            continue
        count = lists[2][dim]
        if size * count > MOST_CELLS:
            return -1
        stride = grid[2][face, dim]
        for option in range(count - 1, -1, -1):  # the first in the end: it takes the place of what it is made from
            for one in range(size):
                work[0, option * size + one] = work[0, one] + stride * lists[0][dim, option]
                work[1, option * size + one] = work[1, one] * lists[1][dim, option]
        size *= count
    return size


@compiled
def _cost(
    grid: Grid,
    lists: Lists,
    faces: Ints,
    dim: int,
    known: int,
    asked: tuple[float, float],
    limits: tuple[Reals, Reals],
    costs: Reals,
    fine: float,
    before: float,
    bound: float,
    work: Ints,
) -> tuple[float, int]:
    """Of the faces whose dimensions are known, ``dim`` among them, and ``before`` of others; endless where it reaches ``bound``.

    And how many cells were looked at.
    """
    total, looked = before, 0
    for face in faces:
        if grid[3][face] & ~known or not grid[3][face] >> dim & 1:
            continue
        size = _spread(grid, lists, face, work)
        if size < 0:
            return np.inf, looked
        looked += size
        for one in range(size):
            cell = grid[0][work[0, one]]
            ahead, back = (asked[0], asked[1]) if work[1, one] > 0 else (asked[1], asked[0])
            up, down = limits[1][cell], limits[0][cell]
            if up < ahead or down < back:
                if fine == np.inf or (ahead > 0 and up < 0) or (back > 0 and down < 0):
                    return np.inf, looked
                total += fine
            total += costs[cell]
        if total >= bound:
            return np.inf, looked
    return total, looked


@compiled
def _cells(grid: Grid, lists: Lists, faces: Ints, work: Ints) -> tuple[Ints, Reals]:
    cells, signs = np.zeros(0, np.int64), np.zeros(0)
    for face in faces:
        size = _spread(grid, lists, face, work)
        cells = np.concatenate((cells, grid[0][work[0, :size]]))
        signs = np.concatenate((signs, work[1, :size].astype(np.float64)))
    return cells, signs


@compiled
def keeps(cells: Ints, amounts: Reals, by_cell: tuple[Ints, Ints, Reals], room: tuple[Reals, Reals], sums: Reals) -> bool:
    """Whether the movement leaves every row within its ``room``. ``by_cell``: the rows of each cell as starts, rows, signs; ``sums``: 0."""
    starts, rows, signs = by_cell
    for one in range(len(cells)):
        for item in range(starts[cells[one]], starts[cells[one] + 1]):
            sums[rows[item]] += signs[item] * amounts[one]
    good = True
    for cell in cells:
        for item in range(starts[cell], starts[cell + 1]):
            row = rows[item]
            good = good and room[0][row] - 1e-6 <= sums[row] <= room[1][row] + 1e-6
    for cell in cells:
        for item in range(starts[cell], starts[cell + 1]):
            sums[rows[item]] = 0.0
    return good
