"""Attack a network: what a cell can gain or lose while every row holds is the maximal flow that returns through the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places
from saime.core.protection.flow_loops import circulate
from saime.core.protection.network import Network, Nodes


@dataclass(frozen=True)
class Flows:
    """``amounts``: what each target gained or lost, at most its limit. ``sides``: targets x nodes; no flow leaves them if it fell short."""

    amounts: Numbers
    sides: Flags


class FlowNetwork:
    """Cells and row bounds as edges. ``below`` and ``above``: how far each row's sum may fall and rise from a point that agrees with it."""

    def __init__(self, network: Network, below: Numbers, above: Numbers) -> None:
        rows = np.flatnonzero((below > 0) | (above > 0))
        ground = np.full(len(rows), network.ground, dtype=np.int32)
        turned = network.turned[rows] > 0
        self.tails: Nodes = np.concatenate([network.tails, ground])
        self.heads: Nodes = np.concatenate([network.heads, rows.astype(np.int32)])
        self._forward = np.where(turned, above[rows], below[rows])
        self._backward = np.where(turned, below[rows], above[rows])
        self._nodes = network.ground + 1

    def circulate(self, down: Numbers, up: Numbers, targets: Places, ups: Flags, limits: Numbers) -> Flows:
        """``down`` and ``up``: how far each cell may move; the target's own bound is the caller's, in ``limits``."""
        forward, backward = np.concatenate([up, self._forward]), np.concatenate([down, self._backward])
        open_edges = np.flatnonzero((forward > 0) | (backward > 0))
        starts, edges = self._at_nodes(open_edges)
        flows = Flows(np.zeros(len(targets)), np.zeros((len(targets), self._nodes), dtype=np.bool_))
        circulate(
            self.tails, self.heads, forward, backward, starts, edges, targets.astype(np.int64), ups, limits, flows.amounts, flows.sides
        )
        return flows

    def _at_nodes(self, open_edges: Places) -> tuple[Places, Places]:
        ends = np.concatenate([self.tails[open_edges], self.heads[open_edges]])
        order = np.argsort(ends, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=self._nodes))]).astype(np.int64)
        return starts, np.concatenate([open_edges, open_edges])[order].astype(np.int64)

    def across(self, side: Flags) -> tuple[Flags, Flags, float]:
        """Edges of cells that leave the side forwards, and backwards; and the room that the rows' bounds have to leave it."""
        out, into = side[self.tails] & ~side[self.heads], side[self.heads] & ~side[self.tails]
        cells = len(self.tails) - len(self._forward)
        room = float(self._forward[out[cells:]].sum() + self._backward[into[cells:]].sum())
        return out[:cells], into[:cells], room


def build_flow_network(rows: Knowledge, network: Network, at_point: Numbers) -> FlowNetwork:
    """``at_point``: the sums of the rows at a point that agrees with them."""
    below, above = (np.clip(room, 0.0, INFINITY) for room in (at_point - rows.lower, rows.upper - at_point))
    return FlowNetwork(network, np.where(below < 1e-7, 0.0, below), np.where(above < 1e-7, 0.0, above))
