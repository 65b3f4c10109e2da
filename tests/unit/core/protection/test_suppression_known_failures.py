"""Where other tools are known to fail: linked tables, singletons side by side, margins of one part, zero rows, only children."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.suppression import is_protected, suppress
from support.suppression import Equation, problem, skewed_table, small_counts, with_margins


def sums(wholes: dict[int, Sequence[int]]) -> list[Equation]:
    return [[*((part, 1.0) for part in parts), (whole, -1.0)] for whole, parts in wholes.items()]


def safe_pattern(posed: SuppressionProblem) -> SuppressionPattern:
    pattern = suppress(posed)
    assert len(pattern.unsafe) == 0
    assert is_protected(posed, pattern.intervals).all()
    return pattern


# cells of the linked tables in tests/data/sdc: regions A, B, I to N, then the totals of county 1, county 2, small and BIG
LINKED = [2, 2, 8, 8, 3, 3, 3, 7, 20, 16, 30, 6]
COUNTIES = {8: (0, 1, 2, 3), 9: (4, 5, 6, 7)}
GROUPS = {10: (0, 1, 2, 3, 4, 7), 11: (5, 6)}
SMALL = [0, 1, 4, 5, 6]
SHOWN = np.arange(12) >= 8


def linked(*tables: dict[int, Sequence[int]]) -> SuppressionProblem:
    equations = [equation for table in tables for equation in sums(table)]
    none = np.zeros(len(SMALL))
    levels = {"lower_protection": none, "upper_protection": none, "sliding_protection": none + 1.0}
    return problem(LINKED, equations, SMALL, published=SHOWN, **levels)


@pytest.mark.parametrize("tables", [[COUNTIES], [GROUPS]])
def test_each_of_two_linked_tables_is_safe_alone(tables: list[dict[int, Sequence[int]]]) -> None:
    assert safe_pattern(linked(*tables)).cost == 0


def test_together_they_need_one_more_cell_in_both() -> None:
    pattern = safe_pattern(linked(COUNTIES, GROUPS))
    assert np.flatnonzero(pattern.withheld).tolist() == [*SMALL, 7]
    assert pattern.is_optimal


def test_singletons_next_to_each_other_do_not_protect_each_other() -> None:
    full = with_margins([[1, 1, 20], [30, 40, 50], [10, 10, 10]])
    pattern = safe_pattern(small_counts(full, 5))
    assert pattern.cost >= 2


def test_a_margin_that_equals_its_only_part_is_withheld_with_it() -> None:
    full = with_margins([[3, 0, 0], [20, 30, 40], [25, 35, 45]])
    pattern = safe_pattern(small_counts(full, 5))
    margin = full.shape[1] - 1
    assert full.ravel()[margin] == 3
    assert pattern.withheld[margin]


def test_rows_of_zeros_are_published_and_help_nobody() -> None:
    full = with_margins([[0, 0, 0], [2, 30, 40], [25, 35, 45]])
    pattern = safe_pattern(small_counts(full, 5))
    assert not pattern.withheld[full.ravel() == 0].any()


def test_a_primary_cell_with_nothing_beside_it_that_may_be_withheld_is_called_unsafe() -> None:
    posed = problem([43, 3, 40], sums({0: (1, 2)}), [1], published=np.array([True, False, True]))
    pattern = suppress(posed)
    assert pattern.unsafe.tolist() == [1]
    assert not is_protected(posed, pattern.intervals).any()


def test_an_only_child_is_its_parent() -> None:
    """Whole = a + b, and a has one child c: c is a."""
    posed = problem([60, 4, 56, 4, 20, 36], sums({0: (1, 2), 1: (3,), 2: (4, 5)}), [1, 3])
    pattern = safe_pattern(posed)
    assert pattern.withheld[[1, 3]].all()
    assert pattern.intervals[0].tolist() == pattern.intervals[1].tolist()


def test_a_cell_that_is_its_own_parent_says_nothing() -> None:
    posed = problem([50, 4, 46], [*sums({0: (1, 2)}), [(1, 1.0), (1, -1.0)]], [1])
    assert safe_pattern(posed).cost == 46


def test_a_cell_that_is_not_available_hides_its_row() -> None:
    posed = problem([np.nan, 4, 46, 30, 16], sums({0: (1, 2), 2: (3, 4)}), [1])
    pattern = safe_pattern(posed)
    assert pattern.cost == 0
    assert pattern.intervals.tolist() == [[0.0, np.inf]]


def test_a_time_too_short_gives_a_safe_pattern_and_an_honest_bound() -> None:
    posed = small_counts(skewed_table((8, 6, 3), 3, 20.0), 5)
    pattern, best = suppress(posed, seconds=0.0), suppress(posed)
    assert is_protected(posed, pattern.intervals).all()
    assert pattern.bound <= best.bound <= best.cost <= pattern.cost


PROCESS = """
import sys
from saime.core.protection.suppression import suppress
from support.suppression import skewed_table, small_counts
for shape in [(12, 7), (5, 4, 3)]:
    pattern = suppress(small_counts(skewed_table(shape, 1, 12.0), 5))
    sys.stdout.buffer.write(pattern.withheld.tobytes() + pattern.intervals.tobytes() + repr((pattern.cost, pattern.bound)).encode())
"""


def test_two_processes_with_other_threads_choose_the_same_to_the_byte() -> None:
    digests = set()
    for threads in ("1", "2"):
        environment = {
            "PYTHONPATH": ":".join(sys.path),
            "OMP_NUM_THREADS": threads,
            "NUMBA_NUM_THREADS": threads,
            "PYTHONHASHSEED": threads,
        }
        done = subprocess.run([sys.executable, "-c", PROCESS], env=environment, capture_output=True, check=True)
        digests.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(digests) == 1
