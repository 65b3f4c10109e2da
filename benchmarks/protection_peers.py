"""What secondary suppression is compared with: τ-ARGUS (pytauargus, where it is installed) and the plain integer program."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highspy
import numpy as np

from saime.core.protection.constraints import Flags
from saime.core.protection.problem import SuppressionProblem
from saime.core.protection.solver import check_step, new_solver

PLAIN_SECONDS = 5.0  # a table, for each million rows asked for
TAU_SECONDS = 30  # on its own clock, at which it may look late
FAR = 10  # both are told that no cell holds more than this many times the largest

# In a process of its own: it brings a HiGHS of its own. Only its solver is timed, not the start of Python.
TAU_PROCESS = """
import json, sys, time
from pytauargus._tauargus import HiTaSCtrl
started = time.process_time()
code = HiTaSCtrl().full_jj(in_file_jj=sys.argv[1], out_file=sys.argv[2], max_time=int(sys.argv[3]))
seconds = time.process_time() - started
print(json.dumps({"code": code, "seconds": seconds}))
"""


@dataclass(frozen=True)
class Answer:
    """``withheld`` is None where the peer found nothing; ``bound``: the cost is proven to be no less."""

    withheld: Flags | None
    seconds: float
    bound: float = 0.0


def has_tau_argus() -> bool:
    return importlib.util.find_spec("pytauargus") is not None


def tau_argus(problem: SuppressionProblem, folder: Path, most: int) -> Answer:
    """Its optimal method on exactly this problem, in the format of its own solver. ``most``: seconds."""
    posed, answer = folder / "problem.jj", folder / "answer.txt"
    posed.write_text(_in_its_format(problem), "utf-8")
    command = [sys.executable, "-c", TAU_PROCESS, str(posed), str(answer), str(most)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=2 * most)  # noqa: S603
    except subprocess.TimeoutExpired:
        return Answer(None, float(most))
    if done.returncode:
        return Answer(None, float(most))
    result = json.loads(done.stdout.splitlines()[-1])
    if result["code"] > 1:
        return Answer(None, result["seconds"])
    withheld = np.zeros(len(problem.values), dtype=np.bool_)
    withheld[problem.primary] = True
    chosen = np.array(answer.read_text("utf-8").split(), dtype=np.int64)
    withheld[chosen[chosen < len(withheld)]] = True  # the others are slacks
    return Answer(withheld, result["seconds"])


def _in_its_format(problem: SuppressionProblem) -> str:
    """It knows sums only: a row with one end, as of dimensions that overlap, gets a cell more, which costs nothing to withhold."""
    rows, size = problem.rows, len(problem.values)
    activity, loose = rows.activity(problem.values), np.flatnonzero(rows.lower != rows.upper)
    ends = np.where(np.isfinite(rows.lower), rows.lower, rows.upper)
    slack = dict(zip(loose.tolist(), range(size, size + len(loose)), strict=True))
    levels = dict(zip(problem.primary.tolist(), zip(problem.lower_protection, problem.upper_protection, strict=True), strict=True))
    most = int(FAR * problem.values.max())
    lines = ["0", str(size + len(slack))]
    for cell, value in enumerate(problem.values):
        lower, upper = levels.get(cell, (0.0, 0.0))
        status = "u" if cell in levels else "z" if problem.published[cell] else "s"
        lines.append(f"{cell} {int(value)} {int(problem.costs[cell])} {status} 0 {most} {lower:.3f} {upper:.3f} 0")
    lines += [f"{cell} {int(abs(activity[row] - ends[row]))} 0 s 0 {most} 0.000 0.000 0" for row, cell in slack.items()]
    lines.append(str(len(rows.lower)))
    for row, (first, last) in enumerate(zip(rows.starts[:-1], rows.starts[1:], strict=True)):
        terms = [f"{rows.cells[term]} ({int(rows.signs[term])})" for term in reversed(range(first, last))]
        if row in slack:
            terms.append(f"{slack[row]} ({-1 if np.isfinite(rows.lower[row]) else 1})")
        lines.append(f"{ends[row]:.0f} {len(terms)} : {' '.join(terms)} ")
    return "\n".join(lines) + "\n"


def plain_program(problem: SuppressionProblem, most: float) -> Answer:
    """The textbook's one integer program: for each primary cell and each direction a whole other table. ``most``: seconds."""
    solver = new_solver(presolve="choose", time_limit=most, mip_rel_gap=0.0)
    started = time.process_time()
    check_step(solver.passModel(_plain_model(problem)), "model")
    check_step(solver.run(), "run")
    information, seconds = solver.getInfo(), time.process_time() - started
    if information.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Answer(None, seconds)
    chosen = np.array(solver.getSolution().col_value[: len(problem.values)]) > 0.5
    return Answer(chosen, seconds, float(information.mip_dual_bound) - float(problem.costs[problem.primary].sum()))


def _plain_model(problem: SuppressionProblem) -> Any:
    """Columns: the pattern, then for each demand the changes of all cells. Rows: the table's, then two a cell that allow a change."""
    rows, size = problem.rows, len(problem.values)
    most = FAR * problem.values.max()
    ups, downs = problem.upper_protection, problem.lower_protection
    demands = [(int(k), up) for k, up in zip(problem.primary, ups, strict=True)]
    demands += [(int(k), -down) for k, down in zip(problem.primary, downs, strict=True)]
    lengths, columns, factors = [], [], []
    lower_change, upper_change = [], []
    for block, (place, change) in enumerate(demands, start=1):
        lengths += [np.diff(rows.starts), np.full(2 * size, 2)]
        cells = np.arange(size)
        pairs = np.stack([cells + block * size, cells], axis=1).ravel()
        columns += [rows.cells + block * size, pairs, pairs]
        room = most - problem.values
        factors += [
            rows.signs,
            np.stack([np.ones(size), -room], axis=1).ravel(),
            np.stack([-np.ones(size), -problem.values], axis=1).ravel(),
        ]
        low, high = -problem.values, room.copy()
        low[place], high[place] = max(low[place], change) if change > 0 else low[place], change if change < 0 else high[place]
        lower_change.append(low)
        upper_change.append(high)
    model: Any = highspy.HighsLp()
    model.num_col_ = size * (len(demands) + 1)
    model.num_row_ = (len(rows.lower) + 2 * size) * len(demands)
    forced = np.zeros(size)
    forced[problem.primary] = 1.0
    model.col_cost_ = np.concatenate([problem.costs, np.zeros(size * len(demands))])
    model.col_lower_ = np.concatenate([forced, *lower_change])
    model.col_upper_ = np.concatenate([np.where(problem.published, 0.0, 1.0), *upper_change])
    now = rows.activity(problem.values)
    model.row_lower_ = np.tile(np.concatenate([rows.lower - now, np.full(2 * size, -np.inf)]), len(demands))
    model.row_upper_ = np.tile(np.concatenate([rows.upper - now, np.zeros(2 * size)]), len(demands))
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    model.a_matrix_.index_, model.a_matrix_.value_ = np.concatenate(columns), np.concatenate(factors)
    kinds = [highspy.HighsVarType.kInteger] * size + [highspy.HighsVarType.kContinuous] * (size * len(demands))
    model.integrality_ = kinds
    return model
