"""Secondary suppression of any problem: the cheapest safe pattern that the budget finds, proven safe by the attacker in the end.

Cells that no row ties together are solved apart. The same problem gives the same pattern, in every process and on every machine, unless
``seconds`` cuts the work short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from saime.core.errors import BadInput, SaimeError
from saime.core.protection.attainment import Asked, attained
from saime.core.protection.audit import ROUNDING, audit
from saime.core.protection.budget import Budget
from saime.core.protection.constraints import Flags, Numbers, Places
from saime.core.protection.demands import Task, task_of
from saime.core.protection.exact import CuttingPlanes
from saime.core.protection.goals import Goals
from saime.core.protection.implied import independent_rows
from saime.core.protection.local import LocalAnswer, solve_locally
from saime.core.protection.network import find_network
from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.reduction import merge_terms, reduce_rows, tied_parts
from saime.core.protection.witnesses import Witness, proven_reach

Progress = Callable[[int, int], None]  # done, of how many


LARGE = 1500  # cells that hang together; more are solved by local programs
LARGE_NETWORK = 6000  # the same where flows answer for the attackers; with levels, the last proofs take too many rounds


@dataclass(frozen=True)
class Solved:
    """Part of a problem, its cells at ``places``. ``local``: how it was solved, where it was too large for one program."""

    places: Places
    withheld: Flags
    bound: float
    unsafe: Places
    local: LocalAnswer | None = None


def suppress(problem: SuppressionProblem, *, seconds: float | None = None, progress: Progress | None = None) -> SuppressionPattern:
    """Withhold what protects the primary cells at the least cost.

    Shape and unit: the problem's. ``seconds``: a last resort; the answer is safe all the same, and its bound says what it may lack.
    Raises: BadInput where values contradict rows, bounds or each other.
    """
    _check(problem)
    task = task_of(problem)
    whole = merge_terms(task.rows)
    rows = independent_rows(whole, len(problem.values))
    most = LARGE_NETWORK if rows is whole else LARGE
    parts = list(_parts(replace(task, rows=rows)))
    solved = []
    for done, (places, part) in enumerate(parts):
        if progress:
            progress(done, len(parts))
        solved.append(_solve(places, part, Budget(seconds=seconds), most))
    return _proven(problem, solved)


def _parts(task: Task) -> Iterator[tuple[Places, Task]]:
    """What is tied together and has something to protect."""
    unknown = task.movable | task.free
    rows = reduce_rows(task.rows, unknown, np.nan_to_num(task.values))
    for places, own in tied_parts(rows, np.flatnonzero(unknown), len(task.values)):
        if task.forced[places].any():
            yield places, task.part(places, own)


def _solve(places: Places, part: Task, budget: Budget, most: int) -> Solved:
    """``most``: cells of a network that are solved together."""
    size = int(part.movable.sum())
    if size > LARGE and (size > most or part.free.any() or find_network(part.rows, len(places)) is None):
        local = solve_locally(part, budget)
        return Solved(places, local.withheld, local.bound, places[local.unsafe], local)
    goals = Goals(part)
    unsafe = places[np.array([demand.place for demand in goals.give_up()], dtype=np.int64)]
    if not part.candidates.any():
        return Solved(places, part.forced, 0.0, unsafe)
    found = CuttingPlanes(part, goals, budget).run()
    return Solved(places, found.pattern > 0.5, found.bound, unsafe)


def _proven(problem: SuppressionProblem, solved: list[Solved]) -> SuppressionPattern:
    """The pattern, attacked. Raises: SaimeError if the attacker finds a primary cell that should be safe."""
    withheld = np.zeros(len(problem.values), dtype=np.bool_)
    withheld[problem.primary] = True
    for part in solved:
        withheld[part.places[part.withheld]] = True
    unsafe = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(part.unsafe for part in solved)]))
    proofs = _Proofs.of(problem, solved)
    exposed = np.setdiff1d(problem.primary[~_is_safe(problem, withheld, proofs)], unsafe)
    if len(exposed):
        raise SaimeError(f"{len(exposed)} cells came out unsafe", where=f"cell {exposed[0]}", fix="report this with the table's name")
    secondary = withheld.copy()
    secondary[problem.primary] = False
    cost, bound = float(problem.costs[secondary].sum()), sum(part.bound for part in solved)
    return SuppressionPattern(withheld, cost, bound, unsafe, lambda: _intervals(problem, withheld, proofs))


@dataclass(frozen=True)
class _Proofs:
    """What was solved locally: its cells, a table that agrees with everything, and movements from there."""

    local: Flags
    table: Numbers
    witnesses: list[Witness]

    @staticmethod
    def of(problem: SuppressionProblem, solved: list[Solved]) -> _Proofs:
        proofs = _Proofs(np.zeros(len(problem.values), dtype=np.bool_), problem.values.copy(), [])
        for part in solved:
            if part.local:
                proofs.local[part.places] = True
                proofs.table[part.places] = part.local.table
                proofs.witnesses.extend(Witness(part.places[one.cells], one.amounts) for one in part.local.witnesses)
        return proofs

    def reach(self, problem: SuppressionProblem, withheld: Flags) -> tuple[Numbers, Numbers]:
        unknown = withheld | np.isnan(problem.values)
        return proven_reach(problem.rows, self.table, (problem.lower, problem.upper), unknown, self.witnesses)


def _is_safe(problem: SuppressionProblem, withheld: Flags, proofs: _Proofs) -> Flags:
    among = proofs.local[problem.primary]
    safe = are_protected(_taken(problem, ~among), withheld) if not among.all() else np.zeros(0, dtype=np.bool_)
    if not among.any():
        return safe
    down, up = (room[problem.primary] for room in proofs.reach(problem, withheld))
    found = are_reached(problem, down, up)
    found[~among] = safe
    return found


def _taken(problem: SuppressionProblem, chosen: Flags) -> SuppressionProblem:
    """The problem of some of the primary cells."""
    return replace(
        problem,
        primary=problem.primary[chosen],
        lower_protection=problem.lower_protection[chosen],
        upper_protection=problem.upper_protection[chosen],
        sliding_protection=problem.sliding_protection[chosen],
    )


def _intervals(problem: SuppressionProblem, withheld: Flags, proofs: _Proofs) -> Numbers:
    """Exact, but for parts that were solved locally: there, what the witnesses prove at least."""
    among = proofs.local[problem.primary]
    down, up = proofs.reach(problem, withheld)
    found = np.stack([proofs.table - down, proofs.table + up], axis=1)[problem.primary]
    shown = np.where(withheld, np.nan, problem.values)
    found[~among] = audit(problem.rows, shown, (problem.lower, problem.upper), problem.primary[~among])
    return found


def are_protected(problem: SuppressionProblem, withheld: Flags) -> Flags:
    """Whether an attacker who sees all but what is ``withheld`` leaves each primary cell what its protection asks."""
    asked = (np.maximum(least, problem.sliding_protection) for least in (problem.lower_protection, problem.upper_protection))
    unknown = withheld | np.isnan(problem.values)
    reached = attained(problem.rows, problem.values, (problem.lower, problem.upper), unknown, Asked(problem.primary, *asked))
    return are_reached(problem, *reached.T)


def are_reached(problem: SuppressionProblem, down: Numbers, up: Numbers) -> Flags:
    """Whether it is enough for each primary cell to go that far down and up from its value."""
    slack = ROUNDING * np.maximum(1.0, np.abs(problem.values[problem.primary]))
    reaches = (down >= problem.lower_protection - slack) & (up >= problem.upper_protection - slack)
    return np.asarray(reaches & (down + up >= problem.sliding_protection - slack))


def is_protected(problem: SuppressionProblem, intervals: Numbers) -> Flags:
    """Whether the interval of each primary cell is as wide as its protection asks."""
    values = problem.values[problem.primary]
    return are_reached(problem, values - intervals[:, 0], intervals[:, 1] - values)


def _check(problem: SuppressionProblem) -> None:
    """Raises: BadInput naming the first cell or row that cannot be."""
    values = problem.values
    if np.isnan(values[problem.primary]).any():
        raise _wrong("a primary cell has no value", int(problem.primary[np.isnan(values[problem.primary])][0]))
    if len(outside := np.flatnonzero((values < problem.lower) | (values > problem.upper))):
        raise _wrong("a value is outside what an attacker knows of it beforehand", int(outside[0]))
    if len(shown := problem.primary[problem.published[problem.primary]]):
        raise _wrong("a primary cell is also to stay published", int(shown[0]))
    if (problem.costs < 0).any():
        raise _wrong("a cost is below 0", int(np.argmin(problem.costs)))
    activity = problem.rows.activity(values)
    slack = ROUNDING * np.maximum(1.0, np.abs(np.nan_to_num(activity)))
    if len(rows := np.flatnonzero((activity < problem.rows.lower - slack) | (activity > problem.rows.upper + slack))):
        cells = problem.rows.cells[problem.rows.starts[rows[0]] : problem.rows.starts[rows[0] + 1]]
        raise BadInput(
            f"{len(rows)} rows contradict the values", where=f"the row over cells {cells[:8].tolist()}", fix="correct the margins"
        )


def _wrong(what: str, place: int) -> BadInput:
    return BadInput(what, where=f"cell {place}", fix="correct the value, the bounds or the marks of the cell")
