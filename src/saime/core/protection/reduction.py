"""Make the reader's rows small: only unknown cells, no row that is merely a bound, and separate parts apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from saime.core.protection.constraints import Flags, Knowledge, Numbers, Places, add_by_row


def reduce_rows(rows: Knowledge, unknown: Flags, values: Numbers) -> Knowledge:
    """Only rows and terms with unknown cells; what the known cells add is moved into the rows' bounds."""
    held = unknown[rows.cells]
    known = add_by_row(np.where(held, 0.0, rows.signs * values[rows.cells]), rows.starts)
    counts = add_by_row(held.astype(np.float64), rows.starts).astype(np.int64)
    kept = counts > 0
    starts = np.concatenate([[0], np.cumsum(counts[kept])]).astype(np.int64)
    return Knowledge(starts, rows.cells[held], rows.signs[held], (rows.lower - known)[kept], (rows.upper - known)[kept])


def merge_terms(rows: Knowledge) -> Knowledge:
    """Each cell at most once in a row; a cell on both sides of its row, a child that is its own parent, falls out."""
    size = int(rows.cells.max(initial=0)) + 1
    owners = np.repeat(np.arange(len(rows.lower), dtype=np.int64), np.diff(rows.starts))
    keys = owners * size + rows.cells
    if (np.diff(keys) > 0).all():
        return rows
    keys, place = np.unique(keys, return_inverse=True)
    if len(keys) == len(rows.cells):
        return rows
    signs = np.bincount(place, weights=rows.signs)
    owners, cells = np.divmod(keys[signs != 0], size)
    counts = np.bincount(owners, minlength=len(rows.lower))
    kept = counts > 0
    starts = np.concatenate([[0], np.cumsum(counts[kept])]).astype(np.int64)
    return Knowledge(starts, cells, signs[signs != 0], rows.lower[kept], rows.upper[kept])


def keep_rows(rows: Knowledge, kept: Flags) -> Knowledge:
    lengths = np.diff(rows.starts)
    terms = np.repeat(kept, lengths)
    starts = np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64)
    return Knowledge(starts, rows.cells[terms], rows.signs[terms], rows.lower[kept], rows.upper[kept])


def take_rows(rows: Knowledge, chosen: Places) -> Knowledge:
    """The chosen rows alone, in their order; as fast as they are few."""
    lengths = np.diff(rows.starts)[chosen]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    terms = ranges(rows.starts[chosen], rows.starts[chosen + 1])
    return Knowledge(starts, rows.cells[terms], rows.signs[terms], rows.lower[chosen], rows.upper[chosen])


def ranges(starts: Places, ends: Places) -> Places:
    """The numbers from each start to before its end, one range after another."""
    lengths = ends - starts
    behind = np.cumsum(lengths) - lengths
    return np.asarray(np.repeat(starts - behind, lengths) + np.arange(lengths.sum()), dtype=np.int64)


def tighten(rows: Knowledge, lower: Numbers, upper: Numbers) -> Flags:
    """Turn rows with one unknown into bounds of that cell; the rows left to solve."""
    single = np.diff(rows.starts) == 1
    first = rows.starts[:-1][single]
    cells, signs = rows.cells[first], rows.signs[first]
    ends = np.stack([rows.lower[single] * signs, rows.upper[single] * signs])  # the only factors are 1 and -1
    np.maximum.at(lower, cells, ends.min(axis=0))
    np.minimum.at(upper, cells, ends.max(axis=0))
    return np.asarray(~single)


def tie_labels(rows: Knowledge, size: int) -> Places:
    """The smallest cell that each cell is tied to, directly or through others."""
    labels = np.arange(size, dtype=np.int64)
    if len(rows.cells) == 0:
        return labels
    lengths = np.diff(rows.starts)
    while True:
        least = np.minimum.reduceat(labels[rows.cells], rows.starts[:-1])
        before = labels.copy()
        np.minimum.at(labels, rows.cells, np.repeat(least, lengths))
        if np.array_equal(before, labels):
            return labels


def tied_parts(rows: Knowledge, cells: Places, size: int) -> Iterator[tuple[Places, Knowledge]]:
    """The cells, split where no row ties them together, each part with its rows over them, which count its cells from 0.

    ``rows`` hold none but these cells; ``size``: of the table.
    """
    labels = tie_labels(rows, size)
    own = labels[rows.cells[rows.starts[:-1]]]
    order = np.argsort(own, kind="stable")
    by_label = np.argsort(labels[cells], kind="stable")
    each, begins = np.unique(labels[cells][by_label], return_index=True)
    firsts, lasts = np.searchsorted(own[order], each), np.searchsorted(own[order], each, side="right")
    for places, first, last in zip(np.split(cells[by_label], begins[1:]), firsts, lasts, strict=len(each) > 0):
        part = take_rows(rows, np.sort(order[first:last]))
        yield places, Knowledge(part.starts, np.searchsorted(places, part.cells), part.signs, part.lower, part.upper)
