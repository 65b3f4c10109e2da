"""Maximal flows through one edge after another of a network, compiled by numba where it is installed.

Every edge is two arcs, one each way; ``twins`` has for each arc the other. Arcs are in the order of the nodes that they leave, whose
first ones ``starts`` has; ``ends`` has the nodes to which they lead, and ``capacity`` what they carry. A flow is found by blocking flows
along shortest paths (Dinic, 1970); with whole capacities it is whole and exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from saime.core.compiled import njit

Ints = npt.NDArray[np.int64]
Nodes = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Table = npt.NDArray[np.int64]  # of numbers of nodes

TINY = 1e-9  # less room than this is none
UNSEEN, UNKNOWN = -1, -1.0


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def circulate(ends: Nodes, capacity: Reals, starts: Ints, twins: Ints, targets: Ints, limits: Reals, found: Reals, cuts: Marks) -> None:
    """How much more each target, an arc, can carry in flows that circulate, without its own capacity.

    Fills ``found``, at most ``limits``, and, where the limit is not reached, ``cuts``: targets x nodes, the side that no flow leaves.
    """
    work = np.empty((3, len(starts) - 1), dtype=np.int64)
    for t in range(len(targets)):
        room = capacity.copy()
        found[t] = _return(ends, room, starts, twins, targets[t], limits[t], work)
        if found[t] < limits[t] - TINY:
            cuts[t] = work[0] != UNSEEN


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def reach_together(ends: Nodes, capacity: Reals, starts: Ints, twins: Ints, targets: Ints, limits: Reals, hub: int, found: Reals) -> int:
    """``found``: the same amounts as in ``circulate``, with as few flows as will do; their number.

    None is needed where a flow found for another arc carries as much, or where as much goes to the hub and as much comes from it:
    what goes from s to t is at least the smaller of what goes from s to h and from h to t (Gomory and Hu, 1961; it holds for arcs).
    No more goes than can leave the one end and enter the other.
    """
    nodes, flows = len(starts) - 1, 0
    work = np.empty((3, nodes), dtype=np.int64)
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


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def send(ends: Nodes, room: Reals, starts: Ints, twins: Ints, source: int, sink: int) -> float:
    """As much as can go from source to sink; ``room`` is what is left then."""
    return _flow(ends, room, starts, twins, source, sink, np.inf, np.empty((3, len(starts) - 1), dtype=np.int64))


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
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


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _return(ends: Nodes, room: Reals, starts: Ints, twins: Ints, target: int, limit: float, work: Table) -> float:
    """The flow from the end of an arc back to its start, over others. ``room`` is what is left then, as of the arc itself."""
    there, back = room[target], room[twins[target]]
    room[target] = room[twins[target]] = 0.0
    amount = _flow(ends, room, starts, twins, ends[target], ends[twins[target]], limit, work)
    room[target], room[twins[target]] = there, back
    return amount


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _flow(ends: Nodes, room: Reals, starts: Ints, twins: Ints, source: int, sink: int, limit: float, work: Table) -> float:
    """``work``: 3 x nodes; its first row says in the end which nodes can be reached, where the limit is not."""
    if source == sink:
        return limit
    amount = 0.0
    while amount < limit - TINY and _search(ends, room, starts, twins, source, sink, work[0], work[1]):
        amount += _block(ends, room, starts, twins, source, sink, limit - amount, work[0], work[1], work[2])
    return amount


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _search(ends: Nodes, room: Reals, starts: Ints, twins: Ints, source: int, sink: int, steps: Ints, queue: Ints) -> bool:
    """Whether a way leads to the sink; ``steps``: to each node, as far as was looked."""
    steps[:] = UNSEEN
    steps[source], queue[0] = 0, source
    first, last = 0, 1
    while first < last:
        node = queue[first]
        first += 1
        for place in range(starts[node], starts[node + 1]):
            other = ends[place]
            if steps[other] == UNSEEN and room[place] > TINY:
                steps[other] = steps[node] + 1
                if other == sink:
                    return True
                queue[last] = other
                last += 1
    return False


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _block(
    ends: Nodes, room: Reals, starts: Ints, twins: Ints, source: int, sink: int, wanted: float, steps: Ints, places: Ints, path: Ints
) -> float:
    """Send as much as shortest paths have room for, at most ``wanted``."""
    places[:] = starts[:-1]
    sent, node, depth = 0.0, source, 0
    while node != source or places[node] < starts[node + 1]:
        if node == sink:
            step = wanted - sent
            for place in range(depth):
                step = min(step, room[path[place]])
            sent += step
            full = depth
            for place in range(depth - 1, -1, -1):
                room[path[place]] -= step
                room[twins[path[place]]] += step
                full = place if room[path[place]] <= TINY else full
            if sent >= wanted - TINY:
                return sent
            depth, node = full, ends[twins[path[full]]]
        elif places[node] == starts[node + 1]:  # no way on from here
            depth -= 1
            node = ends[twins[path[depth]]]
            places[node] += 1
        else:
            arc = places[node]
            if room[arc] > TINY and steps[ends[arc]] == steps[node] + 1:
                path[depth], node = arc, ends[arc]
                depth += 1
            else:
                places[node] += 1
    return sent
