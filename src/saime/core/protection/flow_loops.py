"""Maximal flows through one edge after another of a network, compiled by numba where it is installed.

Every edge is two arcs, one each way; ``twins`` has for each arc the other. Arcs are in the order of the nodes that they leave, whose
first ones ``starts`` has; ``ends`` has the nodes to which they lead, and ``capacity`` what they carry. A flow is found by augmenting paths
(Ford and Fulkerson, 1956), sought from both ends at once; with whole capacities it is whole and exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from saime.core.compiled import compiled

Ints = npt.NDArray[np.int64]
Nodes = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Table = npt.NDArray[np.int64]  # of numbers of nodes

TINY = 1e-9  # less room than this is none
UNSEEN, ENDED, UNKNOWN = -1, -2, -1.0


@compiled
def circulate(ends: Nodes, capacity: Reals, starts: Ints, twins: Ints, targets: Ints, limits: Reals, found: Reals, cuts: Marks) -> None:
    """How much more each target, an arc, can carry in flows that circulate, without its own capacity.

    Fills ``found``, at most ``limits``, and, where the limit is not reached, ``cuts``: targets x nodes, the side that no flow leaves.
    """
    work = np.empty((4, len(starts) - 1), dtype=np.int64)
    for t in range(len(targets)):
        room = capacity.copy()
        found[t] = _return(ends, room, starts, twins, targets[t], limits[t], work)
        if found[t] < limits[t] - TINY:
            cuts[t] = work[0] != UNSEEN


@compiled
def reach_together(ends: Nodes, capacity: Reals, starts: Ints, twins: Ints, targets: Ints, limits: Reals, hub: int, found: Reals) -> int:
    """``found``: the same amounts as in ``circulate``, with as few flows as will do; their number.

    None is needed where a flow found for another arc carries as much, or where as much goes to the hub and as much comes from it:
    what goes from s to t is at least the smaller of what goes from s to h and from h to t (Gomory and Hu, 1961; it holds for arcs).
    No more goes than can leave the one end and enter the other.
    """
    nodes, flows = len(starts) - 1, 0
    work = np.empty((4, nodes), dtype=np.int64)
    leaving, entering = np.zeros(nodes), np.zeros(nodes)
    for arc in range(len(ends)):
        entering[ends[arc]] += capacity[arc]
        leaving[ends[twins[arc]]] += capacity[arc]
    to_hub, from_hub, seen = np.full(nodes, UNKNOWN), np.full(nodes, UNKNOWN), np.zeros(len(ends))
    enough = 0.0
    for t in range(len(targets)):
        enough = max(enough, limits[t] + capacity[twins[targets[t]]])
    for t in range(len(targets)):
        source, sink, own = ends[targets[t]], ends[twins[targets[t]]], capacity[twins[targets[t]]]
        most = min(limits[t], leaving[source] - own, entering[sink] - own)
        if source == sink:
            most, seen[targets[t]] = limits[t], limits[t]
        if seen[targets[t]] >= most - TINY:
            found[t] = most
            continue
        if min(entering[hub], leaving[hub]) >= most + own - TINY:
            for side in range(2):
                known, node = (to_hub, source) if side == 0 else (from_hub, sink)
                if known[node] == UNKNOWN:
                    one, other = (node, hub) if side == 0 else (hub, node)
                    room = capacity.copy()
                    known[node] = _flow(ends, room, starts, twins, one, other, min(enough, leaving[one], entering[other]), work)
                    flows += 1
            if min(to_hub[source], from_hub[sink]) >= most + own - TINY:
                found[t] = most
                continue
        room = capacity.copy()
        found[t] = _return(ends, room, starts, twins, targets[t], most, work)
        flows += 1
        for arc in range(len(ends)):
            seen[arc] = max(seen[arc], capacity[arc] - room[arc])
        seen[targets[t]] = max(seen[targets[t]], found[t])
    return flows


@compiled
def send(ends: Nodes, room: Reals, starts: Ints, twins: Ints, source: int, sink: int) -> float:
    """As much as can go from source to sink; ``room`` is what is left then."""
    return _flow(ends, room, starts, twins, source, sink, np.inf, np.empty((4, len(starts) - 1), dtype=np.int64))


@compiled
def turn(starts: Ints, others: Ints, relations: Reals, turned: Reals) -> bool:
    """Give each row, a node here, 1 or -1 such that neighbours relate as they should; whether that is possible."""
    waiting = np.empty(len(turned), dtype=np.int64)
    for start in range(len(turned)):
        if turned[start] != 0.0:
            continue
        turned[start], waiting[0], last = 1.0, start, 1
        while last > 0:
            last -= 1
            row = waiting[last]
            for place in range(starts[row], starts[row + 1]):
                other, sign = others[place], turned[row] * relations[place]
                if turned[other] == 0.0:
                    turned[other], waiting[last] = sign, other
                    last += 1
                elif turned[other] != sign:
                    return False
    return True


@compiled
def _return(ends: Nodes, room: Reals, starts: Ints, twins: Ints, target: int, limit: float, work: Table) -> float:
    """The flow from the end of an arc back to its start, over others. ``room`` is what is left then, as of the arc itself."""
    there, back = room[target], room[twins[target]]
    room[target] = room[twins[target]] = 0.0
    amount = _flow(ends, room, starts, twins, ends[target], ends[twins[target]], limit, work)
    room[target], room[twins[target]] = there, back
    return amount


@compiled
def _flow(ends: Nodes, room: Reals, starts: Ints, twins: Ints, source: int, sink: int, limit: float, work: Table) -> float:
    """``work``: 4 x nodes; where the limit is not reached, its first row is UNSEEN at the end for nodes that nothing reaches."""
    if source == sink:
        return limit
    amount = 0.0
    while amount < limit - TINY:
        between = _meet(ends, room, starts, twins, source, sink, work)
        if between == UNSEEN:
            break
        amount += _push(ends, room, twins, source, sink, between, limit - amount, work)
    return amount


@compiled
def _meet(ends: Nodes, room: Reals, starts: Ints, twins: Ints, source: int, sink: int, work: Table) -> int:
    """A node on a way with room, sought from both ends; UNSEEN if there is no way, once all that the source reaches was seen."""
    came, goes, ahead, behind = work[0], work[1], work[2], work[3]  # arcs that lead to a node, and on from it; nodes to look at
    came[:], goes[:] = UNSEEN, UNSEEN
    came[source], goes[sink], ahead[0], behind[0] = ENDED, ENDED, source, sink
    looked, seen, looked_back, seen_back = 0, 1, 0, 1
    while looked < seen:
        if looked_back < seen_back and seen_back - looked_back < seen - looked:
            node = behind[looked_back]
            looked_back += 1
            for arc in range(starts[node], starts[node + 1]):
                other = ends[arc]
                if goes[other] == UNSEEN and room[twins[arc]] > TINY:
                    goes[other] = twins[arc]
                    if came[other] != UNSEEN:
                        return int(other)
                    behind[seen_back] = other
                    seen_back += 1
        else:
            node = ahead[looked]
            looked += 1
            for arc in range(starts[node], starts[node + 1]):
                other = ends[arc]
                if came[other] == UNSEEN and room[arc] > TINY:
                    came[other] = arc
                    if goes[other] != UNSEEN:
                        return int(other)
                    ahead[seen] = other
                    seen += 1
    return UNSEEN


@compiled
def _push(ends: Nodes, room: Reals, twins: Ints, source: int, sink: int, between: int, wanted: float, work: Table) -> float:
    """Send as much as the way found has room for, at most ``wanted``."""
    came, goes, path, length = work[0], work[1], work[2], 0
    node, step = between, wanted
    while node != source:
        path[length], node = came[node], ends[twins[came[node]]]
        length += 1
    node = between
    while node != sink:
        path[length], node = goes[node], ends[goes[node]]
        length += 1
    for place in range(length):
        step = min(step, room[path[place]])
    for place in range(length):
        room[path[place]] -= step
        room[twins[path[place]]] += step
    return step
