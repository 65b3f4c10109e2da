"""Lines about secondary suppression and its audit: generated tables of the sizes that statistics have, all margins included.

Times are processor seconds, so that other work on the machine does not count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.measure import Line
from benchmarks.protection_peers import Answer, has_tau_argus, plain_program, tau_argus
from saime.core.protection.audit import audit
from saime.core.protection.constraints import Flags, Knowledge
from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.suppression import is_protected, suppress

SHAPES = ((10, 6), (20, 10), (43, 6), (43, 18), (6, 2, 5), (10, 5, 3), (20, 6, 3), (43, 6, 2))
LARGE = (100, 50)  # of the audit
MEAN, THRESHOLD = 40.0, 5  # persons in an inner cell; the smallest count that is published


def lines(_folder: Path, _rows: int) -> Iterator[Line]:
    yield from _suppression(_folder)
    yield _audit()


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


def _suppression(folder: Path) -> Iterator[Line]:
    posed = [problem(table(shape, seed), by_count=bool(seed % 2)) for seed, shape in enumerate(SHAPES)]
    suppress(posed[0])  # compiles
    runs = [_run(one, folder) for one in posed]
    sizes = [len(run.problem.values) for run in runs]
    at = f"{len(runs)} tables of {min(sizes)} to {max(sizes)} cells"
    yield Line("primary cells left unsafe", "none", at, 0, sum(_unsafe(run.problem, run.ours.withheld) for run in runs), True, "cells")
    no_dearer = np.mean([run.ours.cost <= min(run.cost(peer) for peer in run.peers) + 1e-6 for run in runs])
    yield Line("information loss no worse", " and ".join(runs[0].peers), at, 90, 100 * float(no_dearer), False, "% of tables")
    above = max((run.ours.cost - run.ours.bound) / max(run.ours.bound, 1.0) for run in runs)
    yield Line("information loss above the proven bound", "the bound", at, 3, 100 * above, True, "%")
    ours = sum(run.seconds for run in runs)
    for peer in runs[0].peers:
        theirs = sum(run.peers[peer].seconds for run in runs)
        yield Line("secondary suppression, all tables", peer, at, 10, theirs / ours, False)
        unsafe = sum(run.cost(peer) == np.inf for run in runs)
        yield Line(f"tables that {peer} leaves unsafe or unsolved", "", at, 0, unsafe, True, "tables")


def _run(posed: SuppressionProblem, folder: Path) -> Run:
    started = time.process_time()
    ours = suppress(posed)
    seconds = time.process_time() - started
    peers = {"the plain integer program": plain_program(posed)}
    if has_tau_argus():
        peers["τ-ARGUS"] = tau_argus(posed, folder)
    return Run(posed, ours, seconds, peers)


def _unsafe(posed: SuppressionProblem, withheld: Flags) -> int:
    shown = np.where(withheld, np.nan, posed.values)
    return int((~is_protected(posed, audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary))).sum())


def _audit() -> Line:
    """Both on all primary cells and the pattern found; the intervals are compared."""
    posed = problem(table(LARGE, 0), False)
    shown = np.where(suppress(posed).withheld, np.nan, posed.values)
    seconds, found = [], []
    audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary)  # warms up
    for flows in (True, False):
        started = time.process_time()
        found.append(audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary, flows=flows))
        seconds.append(time.process_time() - started)
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
    at = f"{len(posed.primary)} primary cells of a {LARGE[0]} x {LARGE[1]} table"
    return Line("intervals by flows", "two linear programs a cell", at, 200, seconds[1] / seconds[0], False)


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
