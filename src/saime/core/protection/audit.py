"""What an attacker can bound each unknown cell to: exact intervals by linear programs, and by flows where the rows are a network.

Rows are first reduced to the unknown cells; rows with one unknown become bounds; the rest falls into parts that no row ties together.
Two programs a cell are solved in a part. In a part that is a network one program finds some point that agrees with everything, and
maximal flows from there give the same intervals, hundreds of times faster (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.constraints import Flags, Knowledge, Numbers, Places
from saime.core.protection.flow import FlowNetwork, build_flow_network, find_point
from saime.core.protection.implied import independent_rows
from saime.core.protection.network import find_network
from saime.core.protection.reduction import keep_rows, merge_terms, reduce_rows, tied_parts, tighten
from saime.core.protection.solver import PRIMAL_SIMPLEX, LinearProgram

ROUNDING = 1e-5  # persons; the solver's tolerance is 1e-7 a row
FAR = 1000.0  # an unknown count is sought up to this many times the largest published one; at half of that it counts as unbounded


def audit(rows: Knowledge, values: Numbers, bounds: tuple[Numbers, Numbers], targets: Places, *, flows: bool = True) -> Numbers:
    """The lowest and the highest value of each target that agree with rows, bounds and known values. Shape: targets x 2.

    ``values``: what is known, nan where unknown; a withheld cell's true value must not be in it. ``flows``: use them where they apply.
    Unit: the table's; an end without limit is infinite. Raises: BadInput if nothing agrees.
    """
    unknown = np.isnan(values)
    far, inside = within_sight(values, bounds, unknown)
    found = np.stack([values, values], axis=1)
    wanted = np.zeros(len(values), dtype=np.bool_)
    wanted[targets] = True
    for part in parts(rows, values, inside):
        if len(columns := np.flatnonzero(wanted[part.places])):
            found[part.places[columns]] = part.extremes(columns, flows=flows)
    ends = found[targets]
    return np.where(np.abs(ends) > far / 2, np.copysign(np.inf, ends), ends)


def some_table(rows: Knowledge, values: Numbers, bounds: tuple[Numbers, Numbers]) -> Numbers:
    """The known values, and for the others some that agree with rows and bounds. Raises: BadInput if nothing agrees."""
    found = values.copy()
    for part in parts(rows, values, bounds):
        found[part.places] = part.point()
    return found


def within_sight(values: Numbers, bounds: tuple[Numbers, Numbers], unknown: Flags) -> tuple[float, tuple[Numbers, Numbers]]:
    """How far from 0 an unknown cell is sought, and the bounds within that."""
    far = FAR * max(1.0, float(np.abs(np.nan_to_num(values)).max(initial=0.0)), _largest(bounds[0][unknown]))
    return far, (np.maximum(bounds[0], -far), np.minimum(bounds[1], far))


def _largest(ends: Numbers) -> float:
    return float(np.abs(ends[np.isfinite(ends)]).max(initial=0.0))


@dataclass(frozen=True)
class Part:
    """Unknown cells tied together by rows, apart from all others. ``rows`` count the cells from 0, in the order of ``places``."""

    places: Places
    rows: Knowledge
    bounds: tuple[Numbers, Numbers]

    def extremes(self, targets: Places, *, flows: bool = True) -> Numbers:
        """The lowest and the highest value of each target, targets x 2. Raises: BadInput if nothing agrees with the rows."""
        if len(self.rows.lower) == 0:
            return np.stack([self.bounds[0][targets], self.bounds[1][targets]], axis=1)
        if flows and (network := find_network(self.rows, len(self.places))) is not None:
            found = find_point(self.rows, network, self.bounds)
            point = self.point() if found is None else found
            flow = build_flow_network(self.rows, network, self.rows.activity(point))
            return self._by_flow(flow, point, targets)
        return self._by_programs(targets)

    @property
    def is_network(self) -> bool:
        return find_network(self.rows, len(self.places)) is not None

    def point(self) -> Numbers:
        """Some value for each cell. Raises: BadInput if nothing agrees with the rows."""
        return self.solve(self.program())

    def _by_flow(self, flow: FlowNetwork, point: Numbers, targets: Places) -> Numbers:
        down, up = (np.maximum(room, 0.0) for room in (point - self.bounds[0], self.bounds[1] - point))
        both = np.repeat(targets, 2)
        ups = np.tile([False, True], len(targets))
        moved = flow.reach(down, up, both, ups, np.where(ups, up[both], down[both]))
        return np.stack([point[targets] - moved[::2], point[targets] + moved[1::2]], axis=1)

    def _by_programs(self, targets: Places) -> Numbers:
        program, ends = self.program(), np.zeros((len(targets), 2))
        for place, column in enumerate(targets):
            program.set_cost(int(column), 1.0)
            ends[place] = [self.solve(program, maximise=maximise)[column] for maximise in (False, True)]
            program.set_cost(int(column), 0.0)
        return ends

    def program(self, *, strategy: int = PRIMAL_SIMPLEX, presolve: bool = False, interior: bool = False) -> LinearProgram:
        """All cells within rows and bounds; no costs yet. The options are those of ``LinearProgram``."""
        rows, ends = (self.rows.starts, self.rows.cells.astype(np.int32), self.rows.signs), (self.rows.lower, self.rows.upper)
        return LinearProgram(rows, ends, self.bounds, strategy=strategy, presolve=presolve, interior=interior)

    def solve(self, program: LinearProgram, *, maximise: bool = False) -> Numbers:
        """The best point. Raises: BadInput if there is none."""
        point = program.solve(maximise=maximise)
        if point is None:
            raise contradiction(len(self.places))
        return point


def contradiction(cells: int) -> BadInput:
    return BadInput(
        "no counts agree with the published ones and the declared structure",
        where=f"{cells} withheld or not available cells",
        fix="protect the table again; a value, a status or the structure was changed",
    )


def parts(rows: Knowledge, values: Numbers, bounds: tuple[Numbers, Numbers]) -> Iterator[Part]:
    """Reduce the rows to unknown cells, turn rows with one unknown into bounds, and split the rest into connected parts."""
    lower, upper = bounds[0].copy(), bounds[1].copy()
    reduced = reduce_rows(independent_rows(merge_terms(rows), len(values)), np.isnan(values), np.nan_to_num(values))
    several = tighten(reduced, lower, upper)
    if (impossible := lower > upper + ROUNDING).any():
        raise contradiction(int(impossible.sum()))
    reduced = keep_rows(reduced, several)
    for places, own in tied_parts(reduced, np.flatnonzero(np.isnan(values)), len(values)):
        yield Part(places, own, (lower[places], upper[places]))
