"""Suppression problems: additive tables of any number of dimensions, all margins last in their dimension."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saime.core.protection.constraints import Knowledge
from saime.core.protection.problem import SuppressionProblem

Counts = npt.NDArray[np.int64]
Equation = Sequence[tuple[int, float]]  # cell, factor


def with_margins(inner: Any) -> Counts:
    full = np.asarray(inner, dtype=np.int64)
    for axis in range(full.ndim):
        full = np.concatenate([full, full.sum(axis=axis, keepdims=True)], axis=axis)
    return full


def equations_of(full: Counts) -> list[Equation]:
    grid = np.arange(full.size).reshape(full.shape)
    lines = [line for axis in range(full.ndim) for line in np.moveaxis(grid, axis, -1).reshape(-1, full.shape[axis]).tolist()]
    return [[*((cell, 1.0) for cell in line[:-1]), (line[-1], -1.0)] for line in lines]


def rows_of(equations: Iterable[Equation], slack: float = 0.0) -> Knowledge:
    """Each sums to 0, or to anything up to ``slack``."""
    listed = list(equations)
    terms = [term for equation in listed for term in equation]
    return Knowledge(
        starts=np.cumsum([0, *(len(equation) for equation in listed)]).astype(np.int64),
        cells=np.array([cell for cell, _ in terms], dtype=np.int64),
        signs=np.array([factor for _, factor in terms], dtype=np.float64),
        lower=np.zeros(len(listed)),
        upper=np.full(len(listed), slack),
    )


def problem(values: Any, equations: Iterable[Equation], primary: Sequence[int], **changes: Any) -> SuppressionProblem:
    """Counts without upper bound, one unit of protection either way, cost the count; zeros are published."""
    numbers = np.asarray(values, dtype=np.float64).ravel()
    size, goals = len(numbers), len(primary)
    fields: dict[str, Any] = {
        "rows": rows_of(equations),
        "values": numbers,
        "lower": np.zeros(size),
        "upper": np.full(size, np.inf),
        "costs": np.nan_to_num(numbers),
        "published": numbers == 0,
        "primary": np.asarray(primary, dtype=np.int64),
        "lower_protection": np.ones(goals),
        "upper_protection": np.ones(goals),
        "sliding_protection": np.zeros(goals),
    }
    return SuppressionProblem(**fields | changes)


def small_counts(full: Counts, threshold: int, **changes: Any) -> SuppressionProblem:
    """A table whose counts below the threshold must be able to hold one less, and the threshold; all cells cost the same."""
    values = full.ravel()
    primary = np.flatnonzero((values > 0) & (values < threshold))
    fields = {"upper_protection": (threshold - values[primary]).astype(np.float64), "costs": np.ones(len(values))}
    return problem(values, equations_of(full), primary.tolist(), **fields | changes)


def skewed_table(shape: Sequence[int], seed: int, mean: float) -> Counts:
    """Counts as statistics have them: few large cells, many small ones and zeros."""
    random = np.random.default_rng(seed)
    expected = np.ones(())
    for length in shape:
        expected = np.multiply.outer(expected, random.lognormal(0.0, 1.0, length))
    expected = expected / expected.mean() * mean
    return with_margins(random.poisson(random.gamma(0.8, expected / 0.8)))


def with_levels(inner: Counts, groups: Sequence[int], *, rows_first: bool = True) -> tuple[Counts, list[Equation]]:
    """A table whose rows are summed in ``groups`` of so many, the groups to a total; columns to a total. Also its equations."""
    ends = np.cumsum(groups)
    middle = np.array([inner[end - length : end].sum(axis=0) for end, length in zip(ends, groups, strict=True)])
    full = np.concatenate([inner, middle, middle.sum(axis=0, keepdims=True)])
    full = np.concatenate([full, full.sum(axis=1, keepdims=True)], axis=1)
    grid, first = np.arange(full.size).reshape(full.shape), len(inner)
    families = [(list(range(end - length, end)), first + group) for group, (end, length) in enumerate(zip(ends, groups, strict=True))]
    families.append((list(range(first, first + len(groups))), first + len(groups)))
    sums = [
        [*((int(grid[part, column]), 1.0) for part in parts), (int(grid[whole, column]), -1.0)]
        for parts, whole in families
        for column in range(full.shape[1])
    ]
    lines = [[*((int(cell), 1.0) for cell in line[:-1]), (int(line[-1]), -1.0)] for line in grid]
    return full, sums + lines if rows_first else lines + sums
