"""Which cells to look at around one, compiled by numba where it is installed: the cheap ones that can move with it.

``by_cell`` and ``by_row`` list the rows of each cell and the cells of each row, each as starts and items.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from saime.core.compiled import compiled
from saime.core.protection.flow_loops import Ints, Marks, Reals

TAKEN = -2


@compiled
def grow(
    place: int,
    most: int,
    by_cell: tuple[Ints, Ints],
    by_row: tuple[Ints, Ints],
    open_cells: Marks,
    weights: Reals,
    typical: float,
    row_seen: Marks,
    left: Ints,
) -> Ints:
    """Up to ``most`` open cells tied to ``place``, first those that leave the fewest rows to be balanced by others, and cheap ones.

    A cell that moves must be balanced in each of its rows; so cells all of whose rows others are in close the circle, and come first.
    ``typical``: weight of leaving a row open. ``row_seen`` and ``left`` (rows of a cell that nothing reached yet, -1 if unseen) are work
    space, False and -1 before and after.
    """
    (cell_starts, cell_rows), (row_starts, row_cells) = by_cell, by_row
    ball, seen = np.empty(most, dtype=np.int64), [place]
    left[place] = 0
    heap = [(0.0, place)]
    count = 0
    while len(heap) > 0 and count < most:
        _, cell = heappop(heap)
        if left[cell] == TAKEN:
            continue
        left[cell] = TAKEN
        ball[count] = cell
        count += 1
        for item in range(cell_starts[cell], cell_starts[cell + 1]):
            row = cell_rows[item]
            if row_seen[row]:
                continue
            row_seen[row] = True
            for term in range(row_starts[row], row_starts[row + 1]):
                other = row_cells[term]
                if not open_cells[other] or left[other] == TAKEN:
                    continue
                if left[other] < 0:
                    left[other] = cell_starts[other + 1] - cell_starts[other]
                    seen.append(other)
                left[other] -= 1
                heappush(heap, ((1 + left[other]) * typical + weights[other], other))
    for cell in seen:
        left[cell] = -1
    for cell in ball[:count]:
        for item in range(cell_starts[cell], cell_starts[cell + 1]):
            row_seen[cell_rows[item]] = False
    return ball[:count]


@compiled
def peel(cells: Ints, by_cell: tuple[Ints, Ints], by_row: tuple[Ints, Ints], is_equation: Marks, inside: Marks, counts: Ints) -> Ints:
    """The cells without those that stand alone in an equation, again and again: these cannot move while all others are held.

    ``inside`` and ``counts`` are work space, one entry a cell and one a row: False and 0 before and after.
    """
    (cell_starts, cell_rows), (row_starts, row_cells) = by_cell, by_row
    for cell in cells:
        inside[cell] = True
        for item in range(cell_starts[cell], cell_starts[cell + 1]):
            counts[cell_rows[item]] += 1
    waiting = [(cells[0], False)][:0]
    for cell in cells:
        waiting.append((cell, _is_alone(cell, cell_starts, cell_rows, is_equation, counts)))
    while len(waiting) > 0:
        cell, alone = waiting.pop()
        if not alone or not inside[cell]:
            continue
        inside[cell] = False
        for item in range(cell_starts[cell], cell_starts[cell + 1]):
            row = cell_rows[item]
            counts[row] -= 1
            if counts[row] == 1 and is_equation[row]:
                for term in range(row_starts[row], row_starts[row + 1]):
                    if inside[row_cells[term]]:
                        waiting.append((row_cells[term], True))
    kept = cells[inside[cells]]
    inside[cells] = False
    for cell in cells:
        for item in range(cell_starts[cell], cell_starts[cell + 1]):
            counts[cell_rows[item]] = 0
    return kept


@compiled
def _is_alone(cell: int, cell_starts: Ints, cell_rows: Ints, is_equation: Marks, counts: Ints) -> bool:
    rows = cell_rows[cell_starts[cell] : cell_starts[cell + 1]]
    return bool((is_equation[rows] & (counts[rows] == 1)).any())
