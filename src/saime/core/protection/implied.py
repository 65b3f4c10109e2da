"""Leave out rows that others imply, where the rest is a network: tables of two dimensions, one of them with levels.

A cell of a middle level stands in three rows: as the sum of its parts, as a part itself, and in the line of its total over the other
dimension. That line follows: each of its cells is the sum of parts, and these parts make up lines of their own. Without such lines each
cell stands in two rows, which is what a network needs (tables of this kind are known as 1H2D).
"""

from __future__ import annotations

import numpy as np

from saime.core.protection.constraints import Flags, Knowledge, Places, add_by_row
from saime.core.protection.reduction import keep_rows
from saime.core.protection.witnesses import rows_of_cells

MOST = 2  # rows of a cell of a network


def independent_rows(rows: Knowledge, size: int) -> Knowledge:
    """The rows without some that the others imply, if that leaves each cell in two; else the rows as they are.

    ``rows`` are whole: made from a structure, each cell at most once in a row. ``size``: cells.
    """
    terms = np.bincount(rows.cells, minlength=size)
    if terms.max(initial=0) != MOST + 1:
        return rows
    whole = _wholes(rows)
    candidates = _candidates(rows, whole, terms)
    helped = np.zeros(size, dtype=np.bool_)
    helped[rows.cells[np.repeat(candidates, np.diff(rows.starts))]] = True
    if not helped[terms > MOST].all():
        return rows
    for order in (1, -1):
        kept = _Implied(rows, whole).leave_out(np.flatnonzero(candidates)[::order])
        left = keep_rows(rows, kept)
        if np.bincount(left.cells, minlength=size).max() <= MOST:
            return left
    return rows


def _wholes(rows: Knowledge) -> Flags:
    """Terms whose cell is the sum of the others in their row."""
    sizes = np.diff(rows.starts)
    positive = add_by_row((rows.signs > 0).astype(np.float64), rows.starts)
    same = np.where(rows.signs > 0, np.repeat(positive, sizes), np.repeat(sizes - positive, sizes))
    exact = (rows.lower == 0.0) & (rows.upper == 0.0)
    return np.asarray((same == 1) & np.repeat(exact & (sizes > 1), sizes))


def _candidates(rows: Knowledge, whole: Flags, terms: Places) -> Flags:
    """Equations of cells that stand in three rows each, in another one as the sum."""
    elsewhere = np.bincount(rows.cells[whole], minlength=len(terms))[rows.cells] - whole > 0
    fits = add_by_row((elsewhere & (terms[rows.cells] > MOST)).astype(np.float64), rows.starts) == np.diff(rows.starts)
    return np.asarray(fits & (rows.lower == 0.0) & (rows.upper == 0.0))


class _Implied:
    """Rows left out so far, each with the rows left from which it follows."""

    def __init__(self, rows: Knowledge, whole: Flags) -> None:
        self._starts, self._cells, self._signs = rows.starts.tolist(), rows.cells.tolist(), rows.signs.tolist()
        self._whole = whole.tolist()
        first, order = rows_of_cells(rows, int(rows.cells.max()) + 1)
        self._first: list[int] = first.tolist()
        self._order: list[int] = order.tolist()
        self._owners = np.repeat(np.arange(len(rows.lower)), np.diff(rows.starts)).tolist()
        self._exact = ((rows.lower == 0.0) & (rows.upper == 0.0)).tolist()
        self._from: dict[int, set[int]] = {}

    def leave_out(self, candidates: Places) -> Flags:
        """The rows that stay."""
        for row in candidates.tolist():
            used = self._derive(row)
            if used is None:
                continue
            basis = {left for one in used for left in self._from.get(one, {one})}
            if row not in basis:
                for others in self._from.values():
                    if row in others:
                        others.remove(row)
                        others |= basis
                self._from[row] = basis
        kept = np.ones(len(self._exact), dtype=np.bool_)
        kept[list(self._from)] = False
        return kept

    def _derive(self, row: int) -> set[int] | None:
        """Other rows of which the row is the sum, with signs; None if there are none of this kind."""
        left: dict[int, float] = {}
        used = {row}
        for term in range(self._starts[row], self._starts[row + 1]):
            sums = [other for other in self._terms(self._cells[term]) if self._whole[other] and self._owners[other] != row]
            if not sums:
                return None
            used.add(self._owners[sums[0]])
            self._add(left, sums[0], -self._signs[term] / self._signs[sums[0]])
        while left:
            cell, factor = next(iter(left.items()))
            fitting = next((term for term in self._terms(cell) if self._fits(left, term, factor, used)), None)
            if fitting is None:
                return None
            used.add(self._owners[fitting])
            for term in self._row(fitting):
                del left[self._cells[term]]
        return used - {row}

    def _terms(self, cell: int) -> list[int]:
        return self._order[self._first[cell] : self._first[cell + 1]]

    def _row(self, term: int) -> range:
        return range(self._starts[self._owners[term]], self._starts[self._owners[term] + 1])

    def _add(self, left: dict[int, float], whole: int, factor: float) -> None:
        for term in self._row(whole):
            if term != whole:
                left[self._cells[term]] = left.get(self._cells[term], 0.0) + factor * self._signs[term]

    def _fits(self, left: dict[int, float], term: int, factor: float, used: set[int]) -> bool:
        if self._owners[term] in used or not self._exact[self._owners[term]]:
            return False
        share = factor / self._signs[term]
        return all(left.get(self._cells[other]) == share * self._signs[other] for other in self._row(term))
