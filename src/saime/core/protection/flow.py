"""Attack a network: what a cell can gain or lose while every row holds is the maximal flow that returns through the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places
from saime.core.protection.flow_loops import circulate, reach_together, send
from saime.core.protection.network import Network, Nodes

SETTLED = 1e-7  # as the solver's programs have it


@dataclass(frozen=True)
class Flows:
    """``amounts``: what each target gained or lost, at most its limit. ``sides``: targets x nodes; no flow leaves them if it fell short."""

    amounts: Numbers
    sides: Flags


class Arcs:
    """Edges that can carry something, and those of the targets, as the loops take them: one arc each way, by the node that it leaves."""

    def __init__(self, tails: Nodes, heads: Nodes, forward: Numbers, backward: Numbers, nodes: int, targets: Places | None = None) -> None:
        is_open = (forward > 0) | (backward > 0)
        if targets is not None:
            is_open[targets] = True
        self._edges, self._size, self._nodes = np.flatnonzero(is_open), len(tails), nodes
        tails, heads, count = tails[self._edges], heads[self._edges], len(self._edges)
        left = np.concatenate([tails, heads])
        order = np.argsort(left, kind="stable")
        self._place = np.empty(2 * count, dtype=np.int64)  # of the arc of each edge forwards, then of the arcs backwards
        self._place[order] = np.arange(2 * count)
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(left, minlength=nodes))])
        self._ends = np.concatenate([heads, tails])[order]
        self._twins = self._place[(order + count) % max(2 * count, 1)]
        self._capacity = np.concatenate([forward[self._edges], backward[self._edges]])[order]

    @property
    def lists(self) -> tuple[Nodes, Numbers, Places, Places]:
        return self._ends, self._capacity, self._starts, self._twins

    @property
    def widest(self) -> int:
        """The node through which most can go."""
        sides = (self._ends, self._ends[self._twins])
        entering, leaving = (np.bincount(side, weights=self._capacity, minlength=self._nodes) for side in sides)
        return int(np.argmax(np.minimum(entering, leaving)))

    def find(self, edges: Places, forwards: Flags) -> Places:
        """The arc of each edge that goes that way."""
        own = np.searchsorted(self._edges, edges)
        return self._place[np.where(forwards, own, own + len(self._edges))]

    def send(self, source: int, sink: int) -> tuple[float, Numbers]:
        """As much as can go from source to sink, and the flow on each edge of a limited capacity; 0 on others."""
        ends, capacity, starts, twins = self.lists
        room, flow = capacity.copy(), np.zeros(self._size)
        sent = send(ends, room, starts, twins, source, sink)
        used = np.subtract(capacity, room, out=np.zeros_like(capacity), where=np.isfinite(capacity))
        flow[self._edges] = used[self._place[: len(self._edges)]]
        return sent, flow


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
        arcs = self._arcs(down, up, targets)
        flows = Flows(np.zeros(len(targets)), np.zeros((len(targets), self._nodes), dtype=np.bool_))
        circulate(*arcs.lists, arcs.find(targets, ups), limits, flows.amounts, flows.sides)
        return flows

    def reach(self, down: Numbers, up: Numbers, targets: Places, ups: Flags, limits: Numbers) -> Numbers:
        """The amounts of ``circulate`` alone, with flows shared among the targets."""
        arcs, found = self._arcs(down, up, targets), np.zeros(len(targets))
        reach_together(*arcs.lists, arcs.find(targets, ups), limits, arcs.widest, found)
        return found

    def settle(self, down: Numbers, up: Numbers, lacks: Numbers) -> Numbers | None:
        """How the cells move so that as much more enters each node than leaves it as it lacks; None if they cannot."""
        source, sink, nodes = self._nodes, self._nodes + 1, np.arange(self._nodes, dtype=np.int32)
        tails = np.concatenate([self.tails, np.where(lacks < 0, source, nodes)])
        heads = np.concatenate([self.heads, np.where(lacks < 0, nodes, sink)])
        forward, backward = self._capacity(down, up)
        arcs = Arcs(tails, heads, np.append(forward, np.abs(lacks)), np.append(backward, np.zeros(len(lacks))), self._nodes + 2)
        sent, moved = arcs.send(source, sink)
        return moved[: len(down)] if sent >= np.abs(lacks).sum() / 2 - SETTLED else None

    def _arcs(self, down: Numbers, up: Numbers, targets: Places) -> Arcs:
        return Arcs(self.tails, self.heads, *self._capacity(down, up), self._nodes, targets)

    def _capacity(self, down: Numbers, up: Numbers) -> tuple[Numbers, Numbers]:
        return np.concatenate([up, self._forward]), np.concatenate([down, self._backward])

    def across(self, side: Flags) -> tuple[Flags, Flags, float]:
        """Edges of cells that leave the side forwards, and backwards; and the room that the rows' bounds have to leave it."""
        out, into = side[self.tails] & ~side[self.heads], side[self.heads] & ~side[self.tails]
        cells = len(self.tails) - len(self._forward)
        room = float(self._forward[out[cells:]].sum() + self._backward[into[cells:]].sum())
        return out[:cells], into[:cells], room


def build_flow_network(rows: Knowledge, network: Network, at_point: Numbers, farthest: float = INFINITY) -> FlowNetwork:
    """``at_point``: the sums of the rows at a point that agrees with them. ``farthest``: nothing moves more than that."""
    below, above = (np.clip(room, 0.0, farthest) for room in (at_point - rows.lower, rows.upper - at_point))
    return FlowNetwork(network, np.where(below < 1e-7, 0.0, below), np.where(above < 1e-7, 0.0, above))


def find_point(rows: Knowledge, network: Network, bounds: tuple[Numbers, Numbers]) -> Numbers | None:
    """A value for each cell that agrees with rows and bounds, by flows; None where none was found, which proves nothing.

    Shape: ``bounds`` and the values have one entry a cell. From the values nearest to 0, each row's sum is brought within its bounds.
    """
    start = np.clip(0.0, *bounds)
    sums = rows.activity(start)
    wanted = np.clip(sums, rows.lower, rows.upper)
    flow = build_flow_network(rows, network, wanted)
    lacks = np.append((wanted - sums) * network.turned, 0.0)
    lacks[-1] = -lacks.sum()
    found = flow.settle(start - bounds[0], bounds[1] - start, -lacks)
    return None if found is None else start + found
