"""Rows that are a network: each cell stands in at most two rows, once leaving and once entering after rows are turned round.

Two-dimensional additive tables are of this kind, with all their margins. A change of the cells that keeps every row is then a flow
that circulates: rows are nodes, cells are edges, and row bounds are edges to one more node, the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from saime.core.protection.constraints import Knowledge, Numbers, Places
from saime.core.protection.flow_loops import turn

Nodes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Network:
    """Shape: ``tails`` and ``heads`` have one entry a cell; ``turned`` one a row, 1 or -1. Node ``len(turned)`` is the ground."""

    tails: Nodes
    heads: Nodes
    turned: Numbers

    @property
    def ground(self) -> int:
        return len(self.turned)


def find_network(rows: Knowledge, size: int) -> Network | None:
    """The network over cells 0 to ``size - 1``; None where the rows are none."""
    if not np.isin(rows.signs, (-1.0, 1.0)).all():
        return None
    owners = np.repeat(np.arange(len(rows.lower), dtype=np.int64), np.diff(rows.starts))
    order = np.argsort(rows.cells, kind="stable")
    cells, owners, signs = rows.cells[order], owners[order], rows.signs[order]
    terms = np.bincount(cells, minlength=size)
    if len(terms) > size or (terms > 2).any():
        return None
    first = np.concatenate([[0], np.cumsum(terms)])[:-1]
    pairs = first[terms == 2]
    turned = _turn(len(rows.lower), owners[pairs], owners[pairs + 1], signs[pairs] * signs[pairs + 1])
    return None if turned is None else _edges(terms, first, owners, signs * turned[owners], turned)


def _turn(rows: int, ones: Places, others: Places, products: Numbers) -> Numbers | None:
    """A sign for each row such that every cell in two rows leaves one and enters the other; None if there is none."""
    ends, relations = np.concatenate([ones, others]), np.concatenate([products, products])
    order = np.argsort(ends, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=rows))])
    turned = np.zeros(rows)
    return turned if turn(starts, np.concatenate([others, ones])[order], -relations[order], turned) else None


def _edges(terms: Places, first: Places, owners: Places, signs: Numbers, turned: Numbers) -> Network:
    ground = len(turned)
    tails, heads = (np.full(len(terms), ground, dtype=np.int32) for _ in range(2))
    for term in (0, 1):
        cells = np.flatnonzero(terms > term)
        places = first[cells] + term
        leaving = signs[places] > 0
        tails[cells[leaving]] = owners[places[leaving]]
        heads[cells[~leaving]] = owners[places[~leaving]]
    return Network(tails, heads, turned)
