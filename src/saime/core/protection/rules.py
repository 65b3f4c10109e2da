"""Primary rules: which cells of a table tell too much about those who are counted or add to them.

The rules for magnitudes are linear sensitivity measures (Hundepool and others, *Statistical Disclosure Control*, 2012, chapter 4): a cell
is sensitive where the measure is above 0, and the measure is also the protection that it requires upwards. Write ``X`` for the cell's
total and ``x1 >= x2 >= ...`` for its contributions.

Shape: all arrays have one entry a cell; ``largest`` is cells x contributions, the largest first, 0 where there are no more.
Left out: rules for contributions below 0, and holdings that share a cell, which the reader of the file adds up first.
"""

from __future__ import annotations

import numpy as np

from saime.core.protection.constraints import Flags, Numbers, Places

ROUNDING = 1e-9  # of the cell's total: sums of decimal fractions are not exact


def minimum_frequency(frequencies: Numbers, minimum: int, *, zeros: bool = False) -> Flags:
    """Cells with 1 to ``minimum - 1`` contributors; with ``zeros`` also those with none. Not available (nan) is never sensitive.

    Unit: contributors (persons in a count). Source: ``1 <= f < n``, the minimum frequency rule or threshold rule.
    """
    return np.asarray((frequencies >= (0 if zeros else 1)) & (frequencies < minimum))


def dominance(totals: Numbers, largest: Numbers, n: int, k: float) -> Numbers:
    """(n,k) rule: the ``n`` largest contributions are more than ``k`` percent of the total: ``100/k * (x1 + ... + xn) - X``.

    Unit: that of the values; 0 where the cell is not sensitive.
    """
    return _sensitivity(totals, 100.0 / k * largest[:, :n].sum(axis=1) - totals)


def p_percent(totals: Numbers, largest: Numbers, p: float) -> Numbers:
    """p % rule: the second contributor can estimate the largest to within ``p`` percent: ``p/100 * x1 - (X - x1 - x2)``.

    Unit: that of the values; 0 where the cell is not sensitive.
    """
    return pq(totals, largest, p, 100.0)


def pq(totals: Numbers, largest: Numbers, p: float, q: float) -> Numbers:
    """pq rule: everybody knew each contribution to within ``q`` percent before, and the second can come to within ``p`` percent now.

    ``p/q * x1 - (X - x1 - x2)``. Unit: that of the values; 0 where the cell is not sensitive.
    """
    first, second = largest[:, 0], largest[:, 1]
    return _sensitivity(totals, p / q * first - (totals - first - second))


def _sensitivity(totals: Numbers, measure: Numbers) -> Numbers:
    return np.asarray(np.where(measure > ROUNDING * np.abs(totals), measure, 0.0))


def group_disclosure(values: Numbers, categories: Places) -> Flags:
    """Groups of which everybody is in one category: the cell of that category and the group's empty ones.

    The empty ones too, because ``whole = full + 0`` tells that the group is in one category even where its size is withheld.

    Shape: ``categories`` is groups x categories, positions of the cells that a group is parted into. Returns one flag a cell.
    Unit: persons or contributors. A group of nobody, or with one category only, says nothing.
    """
    parts = values[categories]
    disclosed = ((parts > 0).sum(axis=1) == 1) & (categories.shape[1] > 1) & ~np.isnan(parts).any(axis=1)
    flags = np.zeros(len(values), dtype=np.bool_)
    flags[categories[disclosed]] = True
    return flags
