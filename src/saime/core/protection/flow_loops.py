"""Maximal flows through one edge after another of a network, compiled by numba where it is installed.

Edge ``e`` carries up to ``forward[e]`` from its tail to its head and ``backward[e]`` the other way; ``starts`` and ``edges`` list the edges
at each node. A flow is found by shortest augmenting paths (Edmonds and Karp, 1972); with whole capacities it is whole and exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from saime.core.compiled import njit

Ints = npt.NDArray[np.int64]
Nodes = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

TINY = 1e-9  # less room than this is none
UNSEEN, SOURCE = -1, -2


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def circulate(
    tails: Nodes,
    heads: Nodes,
    forward: Reals,
    backward: Reals,
    starts: Ints,
    edges: Ints,
    targets: Ints,
    ups: Marks,
    limits: Reals,
    found: Reals,
    cuts: Marks,
) -> None:
    """How far the flow on each target can be raised (``ups``) or lowered by flows that circulate, without its own capacity.

    Fills ``found``, at most ``limits``, and, where the limit is not reached, ``cuts``: targets x nodes, the side that no flow leaves.
    """
    flow = np.zeros(len(tails))
    by_edge = np.full(len(starts) - 1, UNSEEN, dtype=np.int64)
    queue = np.empty(len(starts) - 1, dtype=np.int64)
    for t in range(len(targets)):
        target = targets[t]
        source, sink = (heads[target], tails[target]) if ups[t] else (tails[target], heads[target])
        flow[:] = 0.0
        while found[t] < limits[t] - TINY:
            if not _search(tails, heads, forward, backward, starts, edges, target, source, sink, flow, by_edge, queue):
                for node in range(len(by_edge)):
                    cuts[t, node] = by_edge[node] != UNSEEN
                break
            found[t] += _push(tails, heads, forward, backward, source, sink, flow, by_edge, limits[t] - found[t])


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _search(
    tails: Nodes,
    heads: Nodes,
    forward: Reals,
    backward: Reals,
    starts: Ints,
    edges: Ints,
    target: int,
    source: int,
    sink: int,
    flow: Reals,
    by_edge: Ints,
    queue: Ints,
) -> bool:
    """Whether there is room from source to sink; ``by_edge`` says by which edge each node was reached."""
    by_edge[:] = UNSEEN
    by_edge[source] = SOURCE
    queue[0] = source
    first, last = 0, 1
    while first < last and by_edge[sink] == UNSEEN:
        node = queue[first]
        first += 1
        for place in range(starts[node], starts[node + 1]):
            edge = edges[place]
            leaves = tails[edge] == node
            other = heads[edge] if leaves else tails[edge]
            room = forward[edge] - flow[edge] if leaves else backward[edge] + flow[edge]
            if edge != target and by_edge[other] == UNSEEN and room > TINY:
                by_edge[other] = edge
                queue[last] = other
                last += 1
    return bool(by_edge[sink] != UNSEEN)


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _push(
    tails: Nodes,
    heads: Nodes,
    forward: Reals,
    backward: Reals,
    source: int,
    sink: int,
    flow: Reals,
    by_edge: Ints,
    wanted: float,
) -> float:
    """Send as much as the path found has room for, at most ``wanted``."""
    step, node = wanted, sink
    while node != source:
        edge = by_edge[node]
        enters = heads[edge] == node
        step = min(step, forward[edge] - flow[edge] if enters else backward[edge] + flow[edge])
        node = tails[edge] if enters else heads[edge]
    node = sink
    while node != source:
        edge = by_edge[node]
        enters = heads[edge] == node
        flow[edge] += step if enters else -step
        node = tails[edge] if enters else heads[edge]
    return step
