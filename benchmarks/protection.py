"""Lines about secondary suppression and its audit: generated tables of the sizes that statistics have, with margins, and the demo's.

Times are processor seconds, so that other work on the machine does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.demo_tables import demo_problems
from benchmarks.measure import Line
from benchmarks.protection_peers import PLAIN_SECONDS, TAU_SECONDS, Answer, has_tau_argus, plain_program, tau_argus
from saime.core.protection.audit import audit, parts, within_sight
from saime.core.protection.constraints import Flags, Knowledge
from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.suppression import are_protected, is_protected, suppress

SHAPES = ((10, 6), (20, 10), (43, 6), (43, 18), (6, 2, 5), (10, 5, 3), (20, 6, 3), (43, 6, 2))
LARGE = (100, 50)  # of the audit
RUNS = 21  # of what takes milliseconds
DEMO_SCALE = 0.02  # of its population, so that many counts are small
MEAN, THRESHOLD = 40.0, 5  # persons in an inner cell; the smallest count that is published


def lines(folder: Path, rows: int) -> Iterator[Line]:
    """``rows``: the peers get their seconds once for each million."""
    posed = [problem(table(shape, seed), by_count=bool(seed % 2)) for seed, shape in enumerate(SHAPES)]
    times = max(1, rows // 1_000_000)
    yield from _suppression(folder, times, posed, "tables")
    yield from _suppression(folder, times, demo_problems(folder, DEMO_SCALE), "problems from tables of the demo")
    yield from _audit()


@dataclass(frozen=True)
class Run:
    problem: SuppressionProblem
    ours: SuppressionPattern
    seconds: float
    peers: dict[str, Answer]

    def cost(self, peer: str) -> float:
        """Infinite where the peer's pattern is unsafe, or missing."""
        withheld = self.peers[peer].withheld
        if withheld is None or _unsafe(self.problem, withheld):
            return np.inf
        return float(self.problem.costs[withheld].sum() - self.problem.costs[self.problem.primary].sum())


def _suppression(folder: Path, times: int, posed: list[SuppressionProblem], what: str) -> Iterator[Line]:
    suppress(posed[0])  # compiles
    runs = [_run(one, folder, times) for one in posed]
    sizes = [len(run.problem.values) for run in runs]
    at = f"{len(runs)} {what} of {min(sizes)} to {max(sizes)} cells"
    yield Line("primary cells left unsafe", "none", at, 0, sum(_unsafe(run.problem, run.ours.withheld) for run in runs), True, "cells")
    no_dearer = np.mean([run.ours.cost <= min(run.cost(peer) for peer in run.peers) + 1e-6 for run in runs])
    yield Line("information loss no worse", " and ".join(runs[0].peers), at, 90, 100 * float(no_dearer), False, "% of tables")
    above = max((run.ours.cost - run.ours.bound) / max(run.ours.bound, 1.0) for run in runs)
    yield Line("information loss above the proven bound", "the bound", at, 3, 100 * above, True, "%")
    ours = sum(run.seconds for run in runs)
    for peer in runs[0].peers:
        theirs = sum(run.peers[peer].seconds for run in runs)
        unsafe = sum(run.cost(peer) == np.inf for run in runs)
        compared = f"{peer}, which left {unsafe} of {len(runs)} unsafe or unsolved"
        yield Line("secondary suppression, all tables", compared, at, 10, theirs / ours, False)


def _run(posed: SuppressionProblem, folder: Path, times: int) -> Run:
    started = time.process_time()
    ours = suppress(posed)
    seconds = time.process_time() - started
    peers = {"the plain integer program": plain_program(posed, PLAIN_SECONDS * times)}
    if has_tau_argus():
        peers["τ-ARGUS"] = tau_argus(posed, folder, TAU_SECONDS * times)
    return Run(posed, ours, seconds, peers)


def _unsafe(posed: SuppressionProblem, withheld: Flags) -> int:
    shown = np.where(withheld, np.nan, posed.values)
    return int((~is_protected(posed, audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary))).sum())


def _audit() -> Iterator[Line]:
    """All primary cells under the pattern found: exact intervals both ways, compared, and whether the cells are safe."""
    posed = problem(table(LARGE, 0), False)
    withheld = suppress(posed).withheld
    shown, bounds = np.where(withheld, np.nan, posed.values), (posed.lower, posed.upper)
    by_flows, intervals = _timed(lambda: audit(posed.rows, shown, bounds, posed.primary), RUNS)
    by_programs, others = _timed(lambda: audit(posed.rows, shown, bounds, posed.primary, flows=False), 1)
    np.testing.assert_allclose(intervals, others, atol=1e-4)
    to_decide, safe = _timed(lambda: are_protected(posed, withheld), RUNS)
    np.testing.assert_array_equal(safe, is_protected(posed, others))
    one_each, _ = _timed(lambda: _upper_ends(posed, shown, bounds), 1)
    at = f"{len(posed.primary)} primary cells of a {LARGE[0]} x {LARGE[1]} table"
    yield Line("safe or not, by flows", "one linear program a cell, for its upper end", at, 200, one_each / to_decide, False)
    yield Line("exact intervals by flows", "two linear programs a cell", at, 200, by_programs / by_flows, False)


def _timed(work: Callable[[], np.ndarray], runs: int) -> tuple[float, np.ndarray]:
    """The median of processor seconds; the first run warms up and does not count where there are several."""
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        result = work()
        seconds.append(time.process_time() - started)
    return float(np.median(seconds[1:] or seconds)), result


def _upper_ends(posed: SuppressionProblem, shown: np.ndarray, bounds: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """One program for each primary cell, all in one that stays warm."""
    found = posed.values.copy()
    _, inside = within_sight(posed.values, bounds, np.isnan(shown))
    for part in parts(posed.rows, shown, inside):
        program = part.program()
        for column in np.flatnonzero(np.isin(part.places, posed.primary)).tolist():
            program.set_cost(column, 1.0)
            found[part.places[column]] = part.solve(program, maximise=True)[column]
            program.set_cost(column, 0.0)
    return found[posed.primary]


def table(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Few large cells, many small ones and zeros, with all margins."""
    random = np.random.default_rng(seed)
    expected = np.ones(())
    for length in shape:
        expected = np.multiply.outer(expected, random.lognormal(0.0, 1.0, length))
    full = random.poisson(random.gamma(0.8, expected / expected.mean() * MEAN / 0.8))
    for axis in range(full.ndim):
        full = np.concatenate([full, full.sum(axis=axis, keepdims=True)], axis=axis)
    return full


def problem(full: np.ndarray, by_count: bool) -> SuppressionProblem:
    """Small counts must be able to hold one less and the threshold. Cost: the cells, or the persons in them."""
    values, grid = full.ravel().astype(np.float64), np.arange(full.size).reshape(full.shape)
    equations = [line for axis in range(full.ndim) for line in np.moveaxis(grid, axis, -1).reshape(-1, full.shape[axis])]
    primary = np.flatnonzero((values > 0) & (values < THRESHOLD))
    rows = Knowledge(
        starts=np.concatenate([[0], np.cumsum([len(line) for line in equations])]),
        cells=np.concatenate(equations),
        signs=np.concatenate([np.append(np.ones(len(line) - 1), -1.0) for line in equations]),
        lower=np.zeros(len(equations)),
        upper=np.zeros(len(equations)),
    )
    one = np.ones(len(primary))
    posed = SuppressionProblem(
        rows, values, 0.0 * values, values + np.inf, np.ones(len(values)), values == 0, primary, one, THRESHOLD - values[primary], 0.0 * one
    )
    return replace(posed, costs=values) if by_count else posed
