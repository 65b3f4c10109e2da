"""The attacker's problem seen from the protector: how far a cell can move under a pattern, and why not farther.

The answer to "why" is a cut: for whatever pattern, the cell moves at most ``constant + factors @ pattern[cells]``. It comes from the dual
of the attacker's linear program (Fischetti and Salazar, 2001), or from a minimal cut where the rows are a network. Patterns may be
fractional: a cell withheld by half moves half as far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places, add_by_row
from saime.core.protection.demands import FAR, Limits, Task
from saime.core.protection.flow import build_flow_network
from saime.core.protection.network import Network, find_network
from saime.core.protection.reduction import reduce_rows
from saime.core.protection.solver import PRIMAL_SIMPLEX, LinearProgram, new_solver

NONE = 1e-9  # a dual value or factor below is the solver's rounding
KEPT = 400  # points
STRETCHED = 100.0  # times a point; more would stretch the solver's rounding, too
SHADOW = 1e-5  # of its room; a cell that stays may move by that when its factor is sought
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
    """Solutions found before. What is left of them inside the bounds of a pattern proves what its cells can hold, without a program."""

    def __init__(self, view: View) -> None:
        self._kept: deque[tuple[Places, Numbers]] = deque(maxlen=KEPT)  # columns that move, and by how much
        self._is_whole = not view.is_movable.all()  # free cells count from 0, not from the truth: nothing can be scaled
        self._most = STRETCHED if not self._is_whole and (view.rows.lower == view.rows.upper).all() else 1.0

    def add(self, point: Numbers) -> None:
        if len(columns := np.flatnonzero(np.abs(point) > NONE)):
            self._kept.append((columns, point[columns]))

    def reach(self, lower: Numbers, upper: Numbers) -> Numbers:
        """The lowest and the highest of each column in a point inside the bounds; 0 is always one of them. Shape: 2 x columns."""
        found = np.zeros((2, len(lower)))
        if self._kept:
            columns, amounts = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
            lengths = np.array([len(moved) for moved, _ in self._kept])
            scales = np.repeat(self._scales(amounts, np.where(amounts > 0, upper[columns], lower[columns]), lengths), lengths)
            inside = scales > NONE
            columns, amounts = columns[inside], amounts[inside] * scales[inside]
            np.minimum.at(found[0], columns, amounts)
            np.maximum.at(found[1], columns, amounts)
        return found

    def _scales(self, amounts: Numbers, ends: Numbers, lengths: Places) -> Numbers:
        """By how much each point can be multiplied and stay inside; rows that hold at a point and at 0 hold in between, too."""
        scales = np.minimum(np.minimum.reduceat(ends / amounts, np.cumsum(lengths) - lengths), self._most)
        return np.floor(scales + ENOUGH) if self._is_whole else scales


class Moving:
    """The attacker's program over those cells alone that a pattern lets move: far smaller than that of all."""

    def __init__(self, view: View, bounds: tuple[Numbers, Numbers], solver: Any) -> None:
        self._view = view
        moves = (bounds[0] != 0) | (bounds[1] != 0)
        self._columns, self._column = np.flatnonzero(moves), np.cumsum(moves) - 1
        self._rows = np.flatnonzero(add_by_row(moves[view.rows.cells].astype(np.float64), view.rows.starts))
        rows = reduce_rows(view.rows, moves, np.zeros(len(moves)))
        terms = (rows.starts, self._column[rows.cells].astype(np.int32), rows.signs)
        inside = bounds[0][moves], bounds[1][moves]
        self._program = LinearProgram(terms, (rows.lower, rows.upper), inside, strategy=PRIMAL_SIMPLEX, solver=solver)

    def solve(self, column: int, cost: float) -> tuple[Numbers, Numbers]:
        """A point, and a dual value for each row of the view."""
        own = int(self._column[column])
        self._program.set_cost(own, cost)
        values, dual_values = self._program.solve_with_duals()
        self._program.set_cost(own, 0.0)
        point, duals = np.zeros(len(self._view.places)), np.zeros(len(self._view.rows.lower))
        point[self._columns], duals[self._rows] = values, dual_values
        return point, duals


class ProgramSeparator:
    """Dual values of the linear program over the cells that move; of all that say the same, those that say it of the fewest cells.

    Which these are tells a second program, of all cells, in which those that stay may move by next to nothing
    (as in Magnanti and Wong, 1981): it stays warm from one query to the next.
    """

    def __init__(self, view: View) -> None:
        self.programs = 0
        self._view = view
        rows = view.rows
        self._owners = np.repeat(np.arange(len(rows.lower)), np.diff(rows.starts))
        terms = (rows.starts, rows.cells.astype(np.int32), rows.signs)
        self._points, self._solver = Points(view), new_solver(simplex_strategy=PRIMAL_SIMPLEX)
        self._pattern: Numbers = np.zeros(0)
        self._moving: Moving | None = None  # under that pattern; made when a known point does not do
        self._program = LinearProgram(terms, (rows.lower, rows.upper), (view.lower, view.upper), strategy=PRIMAL_SIMPLEX)

    def answer(self, pattern: Numbers, queries: Sequence[Query], *, first: bool = False) -> list[Answer]:
        bounds = self._view.bounds(pattern)
        self._pattern, self._moving = pattern, None
        reach = self._points.reach(*bounds)
        answers: list[Answer] = []
        for query in queries:
            answers.append(self._answer(query, bounds, reach))
            if first and answers[-1].cut and query.wanted < INFINITY:
                break
        return answers

    def _answer(self, query: Query, bounds: tuple[Numbers, Numbers], reach: Numbers) -> Answer:
        """``reach``: the lowest and the highest of each column in any known point, 2 x columns; a new point is added."""
        column, side = int(self._view.column[query.place]), int(query.is_up)
        if query.is_met(amount := abs(float(reach[side, column]))):
            return Answer(amount, None)
        cost = -1.0 if query.is_up else 1.0
        point, duals = self._moved(bounds).solve(column, cost)
        self._learn(point, reach)
        amount = abs(float(point[column]))
        return Answer(amount, None if query.is_met(amount) else self._strongest(column, cost, amount, duals))

    def _moved(self, bounds: tuple[Numbers, Numbers]) -> Moving:
        if self._moving is None:
            self._moving = Moving(self._view, bounds, self._solver)
            self._program.set_all_bounds(*self._view.bounds(np.maximum(self._pattern, SHADOW)))
        return self._moving

    def _learn(self, point: Numbers, reach: Numbers) -> None:
        self.programs += 1
        self._points.add(point)
        np.minimum(reach[0], point, out=reach[0])
        np.maximum(reach[1], point, out=reach[1])

    def _strongest(self, column: int, cost: float, amount: float, duals: Numbers) -> Cut:
        self._program.set_cost(column, cost)
        _, others = self._program.solve_with_duals()
        self._program.set_cost(column, 0.0)
        self.programs += 1
        cut = self._cut(column, cost, others)
        says = cut.constant + float(cut.factors @ self._pattern[cut.cells])
        return cut if says <= amount + ENOUGH * max(1.0, amount) else self._cut(column, cost, duals)

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
