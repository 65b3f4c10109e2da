"""Whether each cell can hold as little and as much as is asked: less work than its exact interval.

The true table is one that agrees with everything, so nothing has to be sought first, and a movement away from it that goes as far as
asked is enough. Where the rows are a network, small flows answer for most cells at once; elsewhere each program's point is kept, as it
may answer for other cells, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saime.core.protection.audit import Part, parts, within_sight
from saime.core.protection.constraints import Flags, Knowledge, Numbers, Places
from saime.core.protection.flow import build_flow_network
from saime.core.protection.network import Network, find_network

ENOUGH = 1e-6  # of what is asked; the solver's rounding


@dataclass(frozen=True)
class Asked:
    """How far each of the cells must be able to go down and up from its true value; 0 or more."""

    places: Places
    down: Numbers
    up: Numbers


def attained(rows: Knowledge, table: Numbers, bounds: tuple[Numbers, Numbers], unknown: Flags, asked: Asked) -> Numbers:
    """How far each cell can go down and up, at most as far as asked. Shape: cells x 2.

    ``table``: the true values, nan where there is none; such cells are unknown. Raises: BadInput if nothing agrees with the rows.
    """
    found = np.zeros((len(asked.places), 2))
    number = np.full(len(table), -1, dtype=np.int64)
    number[asked.places] = np.arange(len(asked.places))
    _, inside = within_sight(table, bounds, unknown)
    for part in parts(rows, np.where(unknown, np.nan, table), inside):
        if len(columns := np.flatnonzero(number[part.places] >= 0)):
            own = number[part.places[columns]]
            found[own] = _attained(part, table[part.places], Asked(columns, asked.down[own], asked.up[own]))
    return found


def _attained(part: Part, table: Numbers, asked: Asked) -> Numbers:
    if np.isnan(table).any():
        return _from_intervals(part, table, asked)
    network = find_network(part.rows, len(part.places))
    return _by_points(part, table, asked) if network is None else _by_flows(part, table, asked, network)


def _from_intervals(part: Part, table: Numbers, asked: Asked) -> Numbers:
    ends, own = part.extremes(asked.places), table[asked.places]
    return np.clip(np.stack([own - ends[:, 0], ends[:, 1] - own], axis=1), 0.0, np.stack([asked.down, asked.up], axis=1))


def _by_flows(part: Part, table: Numbers, asked: Asked, network: Network) -> Numbers:
    """No cell has to move farther than the farthest that is asked."""
    farthest = max(float(asked.down.max()), float(asked.up.max()))
    down, up = (np.clip(room, 0.0, farthest) for room in (table - part.bounds[0], part.bounds[1] - table))
    flow = build_flow_network(part.rows, network, part.rows.activity(table), farthest)
    both, ups = np.repeat(asked.places, 2), np.tile([False, True], len(asked.places))
    limits = np.minimum(np.where(ups, up[both], down[both]), np.stack([asked.down, asked.up], axis=1).ravel())
    return flow.reach(down, up, both, ups, limits).reshape(-1, 2)


def _by_points(part: Part, table: Numbers, asked: Asked) -> Numbers:
    program, wanted = part.program(), np.stack([asked.down, asked.up], axis=1)
    found = np.zeros((len(asked.places), 2))
    for place, column in enumerate(asked.places.tolist()):
        for side in (0, 1):
            if found[place, side] >= wanted[place, side] * (1.0 - ENOUGH):
                continue
            program.set_cost(column, 1.0)
            moved = (part.solve(program, maximise=bool(side)) - table)[asked.places]
            program.set_cost(column, 0.0)
            np.maximum(found, np.stack([-moved, moved], axis=1), out=found)
    return np.minimum(found, wanted)
