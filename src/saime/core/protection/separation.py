"""The attacker's problem seen from the protector: how far a cell can move under a pattern, and why not farther.

The answer to "why" is a cut: for whatever pattern, the cell moves at most ``constant + factors @ pattern[cells]``. It comes from the dual
of the attacker's linear program (Fischetti and Salazar, 2001), or from a minimal cut where the rows are a network. Patterns may be
fractional: a cell withheld by half moves half as far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places
from saime.core.protection.demands import FAR, Limits, Task
from saime.core.protection.flow import build_flow_network
from saime.core.protection.network import Network, find_network
from saime.core.protection.reduction import reduce_rows
from saime.core.protection.solver import PRIMAL_SIMPLEX, LinearProgram

NONE = 1e-9  # a dual value or factor below is the solver's rounding
KEPT = 400  # points
ENOUGH = 1e-6  # of what is wanted; that much may be missing


@dataclass(frozen=True)
class Query:
    """How far can the cell go up (or down)? As far as ``wanted`` is enough."""

    place: int
    is_up: bool
    wanted: float

    def is_met(self, amount: float) -> bool:
        return amount >= self.wanted - ENOUGH * max(1.0, min(self.wanted, 1e6))


@dataclass(frozen=True)
class Cut:
    """The cell of the query moves at most ``constant + factors @ pattern[cells]``; factors are above 0."""

    cells: Places
    factors: Numbers
    constant: float


@dataclass(frozen=True)
class Answer:
    """``cut`` is None where as much as wanted was reached; ``amount`` may be less than the most then, but is enough."""

    amount: float
    cut: Cut | None


class Separator(Protocol):
    programs: int  # linear programs solved so far

    def answer(self, pattern: Numbers, queries: Sequence[Query], *, first: bool = False) -> list[Answer]:
        """``pattern``: for each cell of the task how much of it is withheld, 0 to 1. ``first``: may stop at the first that falls short."""
        ...


def build_separator(task: Task, limits: Limits) -> Separator:
    view = _view(task, limits)
    network = None if task.free.any() else find_network(view.rows, len(view.places))
    return ProgramSeparator(view) if network is None else FlowSeparator(view, network)


@dataclass(frozen=True)
class View:
    """An attacker's columns: the movable cells as changes from the truth, then the free ones as they are. Rows are over columns."""

    places: Places
    column: Places
    lower: Numbers
    upper: Numbers
    rows: Knowledge
    is_movable: Numbers

    def bounds(self, pattern: Numbers) -> tuple[Numbers, Numbers]:
        share = np.where(self.is_movable > 0, pattern[self.places], 1.0)
        return self.lower * share, self.upper * share


def _view(task: Task, limits: Limits) -> View:
    movable, free = np.flatnonzero(task.movable), np.flatnonzero(task.free)
    places = np.concatenate([movable, free])
    column = np.full(len(task.values), -1, dtype=np.int64)
    column[places] = np.arange(len(places))
    far = FAR * max(1.0, float(np.nan_to_num(task.values).max(initial=0.0)))
    lower = np.concatenate([-limits.down[movable], np.maximum(task.lower[free], -far)])
    upper = np.concatenate([limits.up[movable], np.minimum(task.upper[free], far)])
    is_movable = np.concatenate([np.ones(len(movable)), np.zeros(len(free))])
    return View(places, column, lower, upper, _rows_from_truth(task, column), is_movable)


def _rows_from_truth(task: Task, column: Places) -> Knowledge:
    """The rows over the columns. Movable cells count from their true value, free ones from 0."""
    truth = np.nan_to_num(task.values)
    rows = reduce_rows(task.rows, column >= 0, truth)
    shift = rows.activity(truth)
    return Knowledge(rows.starts, column[rows.cells], rows.signs, rows.lower - shift, rows.upper - shift)


class FlowSeparator:
    """Minimal cuts of the network."""

    def __init__(self, view: View, network: Network) -> None:
        self.programs = 0
        self._view = view
        self._flow = build_flow_network(view.rows, network, np.zeros(len(view.rows.lower)))

    def answer(self, pattern: Numbers, queries: Sequence[Query], *, first: bool = False) -> list[Answer]:
        lower, upper = self._view.bounds(pattern)
        targets = self._view.column[[query.place for query in queries]]
        ups = np.array([query.is_up for query in queries], dtype=np.bool_)
        own = np.where(ups, self._view.upper[targets], -self._view.lower[targets])
        limits = np.minimum(own, [query.wanted for query in queries])
        flows = self._flow.circulate(-lower, upper, targets, ups, limits)
        amounts = flows.amounts.tolist()
        return [
            Answer(amount, None if query.is_met(amount) else self._cut(target, side, amount, limit))
            for query, amount, target, side, limit in zip(queries, amounts, targets.tolist(), flows.sides, limits.tolist(), strict=True)
        ]

    def _cut(self, target: int, side: Flags, amount: float, limit: float) -> Cut:
        if not side.any():  # its own bound stops it, whatever the pattern
            return Cut(np.zeros(0, dtype=np.int64), np.zeros(0), limit)
        out, into, room = self._flow.across(side)
        factors = np.where(out, self._view.upper, 0.0) + np.where(into, -self._view.lower, 0.0)
        factors[target] = 0.0
        columns = np.flatnonzero(factors > NONE)
        return Cut(self._view.places[columns], factors[columns], room)


class Points:
    """Solutions found before. Those inside the bounds of a pattern prove what its cells can hold, without another program."""

    def __init__(self, size: int) -> None:
        self._kept, self._next = np.zeros((0, size)), 0

    def add(self, point: Numbers) -> None:
        if len(self._kept) < KEPT:
            self._kept = np.concatenate([self._kept, point[None]])
        else:
            self._kept[self._next] = point
            self._next = (self._next + 1) % KEPT

    def reach(self, lower: Numbers, upper: Numbers) -> Numbers:
        """The lowest and the highest of each column in a point inside the bounds; 0 is always one of them. Shape: 2 x columns."""
        inside = ((self._kept >= lower - NONE) & (self._kept <= upper + NONE)).all(axis=1)
        points = self._kept[inside]
        return np.stack([points.min(axis=0, initial=0.0), points.max(axis=0, initial=0.0)])


class ProgramSeparator:
    """Dual values of the linear program, which stays warm from one query to the next."""

    def __init__(self, view: View) -> None:
        self.programs = 0
        self._view = view
        rows = view.rows
        self._owners = np.repeat(np.arange(len(rows.lower)), np.diff(rows.starts))
        terms = (rows.starts, rows.cells.astype(np.int32), rows.signs)
        self._points = Points(len(view.places))
        self._program = LinearProgram(terms, (rows.lower, rows.upper), (view.lower, view.upper), strategy=PRIMAL_SIMPLEX)

    def answer(self, pattern: Numbers, queries: Sequence[Query], *, first: bool = False) -> list[Answer]:
        lower, upper = self._view.bounds(pattern)
        self._program.set_all_bounds(lower, upper)
        reach = self._points.reach(lower, upper)
        answers: list[Answer] = []
        for query in queries:
            answers.append(self._answer(query, reach))
            if first and answers[-1].cut and query.wanted < INFINITY:
                break
        return answers

    def _answer(self, query: Query, reach: Numbers) -> Answer:
        """``reach``: the lowest and the highest of each column in any known point, 2 x columns; a new point is added."""
        column, side = int(self._view.column[query.place]), int(query.is_up)
        if query.is_met(amount := abs(float(reach[side, column]))):
            return Answer(amount, None)
        point, cut = self._solve(column, -1.0 if query.is_up else 1.0)
        self._points.add(point)
        np.minimum(reach[0], point, out=reach[0])
        np.maximum(reach[1], point, out=reach[1])
        amount = abs(float(point[column]))
        return Answer(amount, None if query.is_met(amount) else cut)

    def _solve(self, column: int, cost: float) -> tuple[Numbers, Cut]:
        self._program.set_cost(column, cost)
        point, duals = self._program.solve_with_duals()
        self._program.set_cost(column, 0.0)
        self.programs += 1
        return point, self._cut(column, cost, duals)

    def _cut(self, column: int, cost: float, duals: Numbers) -> Cut:
        """Weak duality holds for any dual values, so rounding them costs at most strength."""
        view = self._view
        duals = np.where(np.abs(duals) < NONE, 0.0, duals)
        ends = np.where(duals > 0, view.rows.lower, view.rows.upper)
        duals = np.where(np.isfinite(ends), duals, 0.0)
        constant = -float(duals @ np.where(duals == 0.0, 0.0, ends))
        reduced = -np.bincount(view.rows.cells, weights=view.rows.signs * duals[self._owners], minlength=len(view.places))
        reduced[column] += cost
        moves = np.where(reduced > NONE, -reduced * view.lower, np.where(reduced < -NONE, -reduced * view.upper, 0.0))
        movable = view.is_movable > 0
        constant += float(moves[~movable].sum())
        columns = np.flatnonzero(movable & (moves > NONE))
        return Cut(view.places[columns], moves[columns], constant)
