"""What persons contribute to cells, as numbers that add up over sets of partitions, and the statistics made of them.

A contribution is the sum of a person's amounts in a cell: of rows that belong to it, each row once. All is in hundredths
(cents), whole numbers, until a statistic is made; a mean or an interpolated quantile is rounded once, half away from zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from saime.core.tabulation.plan import Measure

Integers = npt.NDArray[np.int64]
Ordered = tuple[Integers, Integers, Integers]
LARGEST = 3  # contributions kept of each cell; dominance rules ask for one or two
SORTED_AT_ONCE = 1 << 20  # contributions that wait to be sorted together
WIDTHS = {"cells": 3 + LARGEST, "ordered": 3}  # numbers in a row of each part
HUNDREDTHS = 100
CENT = Decimal("0.01")


class Contributions:
    """The partial result of some partitions. Shape: ``sums``, ``persons`` (cells,); ``largest`` (cells, LARGEST).

    ``persons``: how many contribute. ``largest``: by absolute size, largest first, 0 where there are fewer.
    ``in_order``: cells, values and how many persons contribute that value to that cell, in the order of cell and value; empty
    without ``ordered``, which medians and quantiles need.
    """

    def __init__(self, size: int, *, ordered: bool) -> None:
        self.sums, self.persons = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self.largest = np.zeros((size, LARGEST), np.int64)
        self.ordered = ordered
        self._waiting: list[Ordered] = []

    def take(self, cells: Integers, values: Integers, counts: Integers) -> None:
        """Take in so many persons (``counts``) who contribute a value to a cell. A person comes whole into one cell's value."""
        np.add.at(self.sums, cells, values * counts)
        np.add.at(self.persons, cells, counts)
        self._take_largest(np.repeat(cells, np.minimum(counts, LARGEST)), np.repeat(values, np.minimum(counts, LARGEST)))
        self._wait(_summed(cells, values, counts) if self.ordered else None)

    def add(self, other: Contributions) -> None:
        """Take in the partial result of other partitions, which have other persons."""
        for name, rows in other.parts.items():
            self.add_part(name, rows)

    @property
    def parts(self) -> dict[str, Integers]:
        """What was added up, as tables of whole numbers; ``add_part`` takes any rows of them, so that they can be sent in pieces.

        Shape: (n, WIDTHS). ``cells`` has a row for each cell with persons: the cell, sum, persons, and the largest; ``ordered``
        has cell, value and persons.
        """
        found = np.flatnonzero(self.persons)
        cells = np.column_stack([found, self.sums[found], self.persons[found], self.largest[found]])
        return {"cells": cells, "ordered": np.column_stack(self.in_order)} if self.ordered else {"cells": cells}

    def add_part(self, name: str, rows: Integers) -> None:
        """Take in rows of a part of another partial result."""
        if name == "ordered":
            cells, values, counts = rows.T
            self._wait((cells, values, counts))
            return
        found = rows[:, 0]
        self.sums[found] += rows[:, 1]
        self.persons[found] += rows[:, 2]
        self._take_largest(np.repeat(found, LARGEST), rows[:, 3:].reshape(-1))

    @property
    def in_order(self) -> Ordered:
        if len(self._waiting) != 1:
            columns = zip(*self._waiting, strict=True) if self._waiting else [[np.empty(0, np.int64)]] * 3
            self._waiting = [_summed(*(np.concatenate(list(parts)) for parts in columns))]
        return self._waiting[0]

    def _wait(self, part: Ordered | None) -> None:
        """Put off the sorting of parts until they are as many as what was sorted before."""
        if part is not None:
            self._waiting.append(part)
            if sum(len(cells) for cells, _, _ in self._waiting[1:]) > max(SORTED_AT_ONCE, len(self._waiting[0][0])):
                self._waiting = [self.in_order]

    def largest_of_each(self) -> Iterator[tuple[int, ...]]:
        for row, persons in zip(self.largest.tolist(), self.persons.tolist(), strict=True):
            yield tuple(row[:persons])

    def statistic(self, cell: int, measure: Measure) -> Decimal | None:
        """Unit: that of the amounts, such as euros. None where nobody contributes, but for a sum, which is 0 then."""
        persons = int(self.persons[cell])
        if measure.statistic == "sum":
            return in_units(int(self.sums[cell]))
        if not persons:
            return None
        if measure.statistic == "mean":
            return _rounded(Fraction(int(self.sums[cell]), persons))
        share = Fraction(1, 2) if measure.quantile is None else Fraction(measure.quantile)
        return _rounded(self._quantile(cell, share, measure.definition))

    def _quantile(self, cell: int, share: Fraction, definition: str) -> Fraction:
        """Of the ordered contributions: the first at which the share is reached, or a point between two (Hyndman and Fan 1 and 7)."""
        n = int(self.persons[cell])
        if definition == "inverse_ecdf":
            return Fraction(self._at(cell, ceil(n * share) - 1))
        place = (n - 1) * share
        below = self._at(cell, floor(place))
        return below + (place - floor(place)) * (self._at(cell, min(floor(place) + 1, n - 1)) - below)

    def _at(self, cell: int, place: int) -> int:
        """The contribution at a place, from 0, among those of the cell in rising order."""
        cells, values, counts = self.in_order
        first, end = np.searchsorted(cells, [cell, cell + 1])
        reached = np.searchsorted(np.cumsum(counts[first:end]), place, side="right")
        return int(values[first + reached])

    def _take_largest(self, cells: Integers, values: Integers) -> None:
        last = self.largest[cells, -1]
        is_larger = (np.abs(values) > np.abs(last)) | ((np.abs(values) == np.abs(last)) & (values > last))
        cells, values = cells[is_larger], values[is_larger]
        touched, places = np.unique(cells, return_inverse=True)
        of = np.concatenate([places, np.repeat(np.arange(len(touched)), LARGEST)])
        all_values = np.concatenate([values, self.largest[touched].reshape(-1)])
        order = np.lexsort((-all_values, -np.abs(all_values), of))
        of, all_values = of[order], all_values[order]
        rank = np.arange(len(of)) - np.searchsorted(of, of)
        kept = rank < LARGEST
        self.largest[touched[of[kept]], rank[kept]] = all_values[kept]


def in_units(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


def _rounded(hundredths: Fraction) -> Decimal:
    exact = Decimal(hundredths.numerator) / Decimal(hundredths.denominator * HUNDREDTHS)
    return exact.quantize(CENT, ROUND_HALF_UP)


def _summed(cells: Integers, values: Integers, counts: Integers) -> Ordered:
    """Each cell and value once, in order."""
    order = np.lexsort((values, cells))
    cells, values, counts = cells[order], values[order], counts[order]
    begins = np.flatnonzero(np.concatenate([[True], (cells[1:] != cells[:-1]) | (values[1:] != values[:-1])])[: len(cells)])
    return cells[begins], values[begins], np.add.reduceat(counts, begins) if len(begins) else counts
