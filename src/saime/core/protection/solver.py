"""A thin cover over HiGHS: one linear program that is solved again and again with other bounds and costs.

The thread count is always 1: it may not change within a process, and the answer must not depend on the machine.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from saime.core.errors import SaimeError
from saime.core.protection.constraints import Columns, Numbers, Places

PRIMAL_SIMPLEX, DUAL_SIMPLEX = 4, 1
Options = dict[str, bool | int | float | str]
OPTIONS: Options = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "presolve": "off",
    "solver": "simplex",
}
WHOLE: Options = {"presolve": "choose", "solver": "choose", "mip_rel_gap": 1e-2, "random_seed": 0}


def new_solver(**options: bool | int | float | str) -> Any:
    """HiGHS with our options and these. Raises: SaimeError where it knows one of them not."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (OPTIONS | options).items():
        check_step(solver.setOptionValue(name, value), f"option {name}")
    return solver


def check_step(status: Any, step: str) -> None:
    """Raises: SaimeError; an error that is not looked at would read as "no solution"."""
    if status == highspy.HighsStatus.kError:
        raise SaimeError(f"the solver refused the step '{step}'", where=SOLVER, fix="report this with the plan's name")


SOLVER = f"HiGHS {highspy.Highs().version()}"  # type: ignore[no-untyped-call]


ENDS = {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible}
INTERIOR: Options = {"presolve": "on", "solver": "ipm", "run_crossover": "off"}


class LinearProgram:
    """Minimise or maximise ``costs @ x`` over ``row_lower <= A x <= row_upper``, ``lower <= x <= upper``."""

    def __init__(
        self,
        rows: tuple[Places, Columns, Numbers],
        row_bounds: tuple[Numbers, Numbers],
        bounds: tuple[Numbers, Numbers],
        *,
        strategy: int,
        whole: bool = False,
        presolve: bool = False,
        interior: bool = False,
        solver: Any = None,
    ) -> None:
        """``rows``: starts, columns and factors, row by row. ``whole``: whole numbers only, to within a hundredth of the optimum.

        ``presolve``: make the program smaller first, which pays where it is large and solved from the start (``restart``).
        ``interior``: by an interior method, which stays away from bounds where costs do not matter. It may end with a point that is
        not the best, or that misses rows; see ``is_optimal``, and check.
        ``solver``: one that another program has done with; a new one takes longer to make than a small program to solve.
        """
        starts, columns, factors = rows
        self.size = len(bounds[0])
        self._all = np.arange(self.size, dtype=np.int32)
        self._ends = ENDS | ({highspy.HighsModelStatus.kUnknown} if interior else set())
        options = WHOLE if whole else INTERIOR if interior else {"presolve": "on"} if presolve else {}
        self._highs = solver or new_solver(simplex_strategy=strategy, **options)
        model: Any = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.size, len(row_bounds[0])
        model.col_cost_ = np.zeros(self.size)
        model.col_lower_, model.col_upper_ = bounds
        model.row_lower_, model.row_upper_ = row_bounds
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = starts, columns, factors
        if whole:
            model.integrality_ = np.full(self.size, highspy.HighsVarType.kInteger)
        check_step(self._highs.passModel(model), "model")

    def set_cost(self, column: int, cost: float) -> None:
        check_step(self._highs.changeColCost(column, cost), "cost")

    def set_costs(self, costs: Numbers) -> None:
        check_step(self._highs.changeColsCost(self.size, self._all, costs), "costs")

    def set_bounds(self, column: int, lower: float, upper: float) -> None:
        check_step(self._highs.changeColBounds(column, lower, upper), "bounds")

    def set_all_bounds(self, lower: Numbers, upper: Numbers) -> None:
        check_step(self._highs.changeColsBounds(self.size, self._all, lower, upper), "bounds")

    def restart(self) -> None:
        """Forget the last solution: the next is sought from the start."""
        check_step(self._highs.clearSolver(), "restart")

    def add_rows(self, rows: tuple[Places, Columns, Numbers], lower: Numbers, upper: Numbers) -> None:
        starts, columns, factors = rows
        step = self._highs.addRows(len(lower), lower, upper, len(columns), starts[:-1].astype(np.int32), columns, factors)
        check_step(step, "rows")

    def solve_with_duals(self) -> tuple[Numbers, Numbers]:
        """The cheapest point and the dual value of each row: what its bound costs. Raises: SaimeError if there is no point."""
        point = self.solve()
        if point is None:
            raise SaimeError("the linear program has no point", where=SOLVER, fix="report this with the plan's name")
        return point, np.asarray(self._highs.getSolution().row_dual, dtype=np.float64)

    def reduced_costs(self) -> Numbers:
        return np.asarray(self._highs.getSolution().col_dual, dtype=np.float64)

    def solve(self, *, maximise: bool = False) -> Numbers | None:
        """The optimal point, or None if no point meets all rows and bounds. Raises: SaimeError for any other end."""
        sense = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        check_step(self._highs.changeObjectiveSense(sense), "sense")
        if (status := self._run()) not in self._ends:
            self.restart()  # a basis gone astray: once more from the start
            status = self._run()
        if status == highspy.HighsModelStatus.kSolveError:
            check_step(highspy.HighsStatus.kError, "run")
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status not in self._ends:
            raise SaimeError(f"the linear program ended with '{status.name}'", where=SOLVER, fix="report this with the plan's name")
        return np.asarray(self._highs.getSolution().col_value, dtype=np.float64)

    @property
    def is_optimal(self) -> bool:
        """Whether the last point is the best one."""
        return bool(self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def _run(self) -> Any:
        is_broken = self._highs.run() == highspy.HighsStatus.kError
        return highspy.HighsModelStatus.kSolveError if is_broken else self._highs.getModelStatus()
