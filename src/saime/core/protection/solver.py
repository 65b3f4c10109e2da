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


def _new_solver() -> Any:
    return highspy.Highs()  # type: ignore[no-untyped-call]


SOLVER = f"HiGHS {_new_solver().version()}"


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
    ) -> None:
        """``rows``: starts, columns and factors, row by row. ``whole``: whole numbers only, to within a hundredth of the optimum."""
        starts, columns, factors = rows
        self.size = len(bounds[0])
        self._all = np.arange(self.size, dtype=np.int32)
        self._highs = _new_solver()
        for name, value in (OPTIONS | {"simplex_strategy": strategy} | (WHOLE if whole else {})).items():
            self._check(self._highs.setOptionValue(name, value), f"option {name}")
        model: Any = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.size, len(row_bounds[0])
        model.col_cost_ = np.zeros(self.size)
        model.col_lower_, model.col_upper_ = bounds
        model.row_lower_, model.row_upper_ = row_bounds
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = starts, columns, factors
        if whole:
            model.integrality_ = np.full(self.size, highspy.HighsVarType.kInteger)
        self._check(self._highs.passModel(model), "model")

    def set_cost(self, column: int, cost: float) -> None:
        self._check(self._highs.changeColCost(column, cost), "cost")

    def set_costs(self, costs: Numbers) -> None:
        self._check(self._highs.changeColsCost(self.size, self._all, costs), "costs")

    def set_bounds(self, column: int, lower: float, upper: float) -> None:
        self._check(self._highs.changeColBounds(column, lower, upper), "bounds")

    def solve(self, *, maximise: bool = False) -> Numbers | None:
        """The optimal point, or None if no point meets all rows and bounds. Raises: SaimeError for any other end."""
        sense = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        self._check(self._highs.changeObjectiveSense(sense), "sense")
        status = self._run()
        if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible):
            self._check(self._highs.clearSolver(), "restart")  # a basis gone astray: once more from the start
            status = self._run()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise SaimeError(f"the linear program ended with '{status.name}'", where=SOLVER, fix="report this with the plan's name")
        return np.asarray(self._highs.getSolution().col_value, dtype=np.float64)

    def _run(self) -> Any:
        self._check(self._highs.run(), "run")
        return self._highs.getModelStatus()

    def _check(self, status: Any, step: str) -> None:
        if status == highspy.HighsStatus.kError:
            raise SaimeError(f"the solver refused the step '{step}'", where=SOLVER, fix="report this with the plan's name")
