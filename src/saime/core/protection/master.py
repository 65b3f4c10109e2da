"""The protector's choice: the cheapest pattern that meets all inequalities found so far, as fractions or as whole cells.

Both programs are HiGHS; a local search may find a pattern of whole cells at a given cost. Work is bounded by branch-and-bound nodes and
steps, never by time, so that an answer can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from saime.core.errors import SaimeError
from saime.core.protection.constraints import Columns, Flags, Numbers, Places
from saime.core.protection.covering_loops import cover
from saime.core.protection.solver import DUAL_SIMPLEX, SOLVER, LinearProgram, check_step, new_solver

EPSILON = 1e-9
COVER_STEPS = 10_000  # of the local search; where it ends at all, it ends mostly after some thousand
MIXED_INTEGER: dict[str, bool | int | float | str] = {  # its own heuristics know nothing of the inequalities still to come
    "presolve": "choose",
    "mip_rel_gap": 0.0,
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_allow_restart": False,
}


@dataclass(frozen=True)
class Inequality:
    """``factors @ pattern[cells] >= least``."""

    cells: Places
    factors: Numbers
    least: float

    def lacks(self, pattern: Numbers) -> float:
        return self.least - float(self.factors @ pattern[self.cells])


@dataclass(frozen=True)
class Choice:
    """The cheapest pattern in fractions over all cells, and its cost, which bounds that of any."""

    pattern: Numbers
    bound: float


@dataclass(frozen=True)
class WholeChoice:
    """A pattern of whole cells, None if none was found yet; a proven bound on the cost of any; and whether the search came to its end."""

    pattern: Numbers | None
    bound: float
    is_optimal: bool


class Master:
    """Shape: patterns have one entry a cell of the task; only candidates vary, forced cells are 1 and others 0."""

    def __init__(self, costs: Numbers, candidates: Flags, forced: Flags) -> None:
        self.iterations = 0  # of the simplex method in integer programs
        self.step = whole_step(costs[candidates])
        self._places: Places = np.flatnonzero(candidates)
        self._base = forced.astype(np.float64)
        self._column = np.full(len(costs), -1, dtype=np.int64)
        self._column[self._places] = np.arange(len(self._places))
        self._costs = costs[self._places]
        self._upper = np.ones(len(self._places))
        self._lower = np.zeros(len(self._places))
        self.inequalities: list[Inequality] = []
        empty = np.zeros(0)
        terms = np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), empty
        self._program = LinearProgram(terms, (empty, empty), (self._lower, self._upper), strategy=DUAL_SIMPLEX)
        self._program.set_costs(self._costs)

    def add(self, inequalities: Sequence[Inequality]) -> None:
        if not inequalities:
            return
        self.inequalities.extend(inequalities)
        terms, lower = self._terms(inequalities)
        self._program.add_rows(terms, lower, np.full(len(lower), np.inf))

    def _terms(self, inequalities: Sequence[Inequality]) -> tuple[tuple[Places, Columns, Numbers], Numbers]:
        lengths = [len(inequality.cells) for inequality in inequalities]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        columns = np.concatenate([self._column[inequality.cells] for inequality in inequalities]).astype(np.int32)
        factors = np.concatenate([inequality.factors for inequality in inequalities])
        return (starts, columns, factors), np.array([inequality.least for inequality in inequalities])

    def relax(self) -> Choice | None:
        """The cheapest fractional pattern; None if no pattern meets the inequalities."""
        point = self._program.solve()
        if point is None:
            return None
        pattern = self._base.copy()
        pattern[self._places] = np.clip(point, 0.0, 1.0)
        return Choice(pattern, float(self._costs @ point))

    def fix_by_reduced_costs(self, bound: float, cost: float) -> None:
        """Settle candidates whose other choice would cost at least ``cost``; ``bound``: cost of the pattern in fractions found last."""
        duals, room = self._program.reduced_costs(), cost - self.step + EPSILON * max(1.0, cost) - bound
        self._upper[duals > room + EPSILON] = 0.0
        self._lower[-duals > room + EPSILON] = 1.0
        self._lower = np.minimum(self._lower, self._upper)
        self._program.set_all_bounds(self._lower, self._upper)

    def cover(self, start: Numbers, cost: float) -> Numbers | None:
        """A pattern of whole cells for at most ``cost``, sought from ``start``; None if none was found, though there may be one."""
        (starts, columns, factors), least = self._terms(self.inequalities)
        order, ends = np.argsort(columns, kind="stable"), np.cumsum(np.bincount(columns, minlength=len(self._places)))
        owners = np.repeat(np.arange(len(least)), np.diff(starts))
        by_row = starts, columns.astype(np.int64), factors
        by_column = np.concatenate([[0], ends]), owners[order], factors[order]
        chosen = np.clip(start[self._places], self._lower, self._upper) > 0.5
        if not cover(
            by_row, least, by_column, self._costs, self._lower < self._upper, chosen, cost + EPSILON * max(1.0, cost), COVER_STEPS
        ):
            return None
        pattern = self._base.copy()
        pattern[self._places] = chosen
        return pattern

    def solve(self, nodes: int, cost: float, enough: float) -> WholeChoice | None:
        """The cheapest pattern of whole cells below ``cost``; None if there is none.

        ``nodes``: of branch and bound, at most. ``enough``: a pattern as cheap as that may be taken without looking for a cheaper one.
        """
        limits = {"mip_max_nodes": nodes, "objective_bound": cost, "objective_target": enough}
        solver = new_solver(**MIXED_INTEGER, **limits, mip_abs_gap=max(1e-6, 0.999 * self.step))
        check_step(solver.passModel(self._model()), "model")
        check_step(solver.run(), "run")
        status, information = solver.getModelStatus(), solver.getInfo()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kObjectiveBound):
            return None
        is_optimal = status == highspy.HighsModelStatus.kOptimal
        if not is_optimal and status not in (highspy.HighsModelStatus.kSolutionLimit, highspy.HighsModelStatus.kObjectiveTarget):
            raise SaimeError(f"the integer program ended with '{status.name}'", where=SOLVER, fix="report this with the table's name")
        self.iterations += max(0, int(information.simplex_iteration_count))
        pattern = None
        if information.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            pattern = self._base.copy()
            pattern[self._places] = np.round(solver.getSolution().col_value)
        return WholeChoice(pattern, float(information.mip_dual_bound), is_optimal)

    def _model(self) -> Any:
        terms, lower = self._terms(self.inequalities)
        model: Any = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self._places), len(lower)
        model.col_cost_, model.col_lower_, model.col_upper_ = self._costs, self._lower, self._upper
        model.row_lower_, model.row_upper_ = lower, np.full(len(lower), np.inf)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = terms
        model.integrality_ = [highspy.HighsVarType.kInteger] * len(self._places)
        return model


def whole_step(costs: Numbers) -> float:
    """The costs' common divisor, so that any two patterns cost the same or differ by it; 0 if they are not whole numbers."""
    whole = np.round(costs)
    return float(np.gcd.reduce(whole.astype(np.int64))) if len(costs) and np.array_equal(whole, costs) else 0.0
