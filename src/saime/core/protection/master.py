"""The protector's choice: the cheapest pattern that meets all inequalities found so far, as fractions or as whole cells.

Both programs are HiGHS. Work is bounded by branch-and-bound nodes, never by time, so that an answer can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from saime.core.errors import SaimeError
from saime.core.protection.constraints import Columns, Flags, Numbers, Places
from saime.core.protection.solver import DUAL_SIMPLEX, SOLVER, LinearProgram, check_step, new_solver

EPSILON = 1e-9


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
    """A pattern over all cells, its cost, a proven lower bound on the cost of any, and whether the pattern is the cheapest there is."""

    pattern: Numbers
    bound: float
    is_optimal: bool


class Master:
    """Shape: patterns have one entry a cell of the task; only candidates vary, forced cells are 1 and others 0."""

    def __init__(self, costs: Numbers, candidates: Flags, forced: Flags) -> None:
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
        return Choice(pattern, float(self._costs @ point), is_optimal=False)

    def fix_by_reduced_costs(self, bound: float, cost: float, step: float) -> None:
        """Settle candidates whose other choice would cost at least ``cost`` even in fractions; ``step``: smallest difference in cost."""
        duals, room = self._program.reduced_costs(), cost - step + EPSILON * max(1.0, cost) - bound
        self._upper[duals > room + EPSILON] = 0.0
        self._lower[-duals > room + EPSILON] = 1.0
        self._lower = np.minimum(self._lower, self._upper)
        self._program.set_all_bounds(self._lower, self._upper)

    def solve(self, nodes: int, cost: float) -> Choice | None:
        """The cheapest pattern of whole cells below ``cost``; None if there is none. ``nodes``: of branch and bound."""
        solver = new_solver(mip_max_nodes=nodes, mip_rel_gap=0.0, mip_abs_gap=1e-6, presolve="choose", objective_bound=cost)
        check_step(solver.passModel(self._model()), "model")
        check_step(solver.run(), "run")
        status, information = solver.getModelStatus(), solver.getInfo()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kObjectiveBound):
            return None
        is_optimal = status == highspy.HighsModelStatus.kOptimal
        if not is_optimal and status != highspy.HighsModelStatus.kSolutionLimit:
            raise SaimeError(f"the integer program ended with '{status.name}'", where=SOLVER, fix="report this with the table's name")
        pattern = self._base.copy()
        if information.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            pattern[self._places] = np.round(solver.getSolution().col_value)
        return Choice(pattern, float(information.mip_dual_bound), is_optimal)

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
