"""Flows against linear programs: tables of two dimensions, with levels in one of them, and any pattern."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from saime.core.protection.attainment import Asked, attained
from saime.core.protection.audit import audit
from saime.core.protection.constraints import Knowledge
from saime.core.protection.implied import independent_rows
from saime.core.protection.network import find_network
from saime.core.protection.suppression import suppress
from support.suppression import Counts, Equation, equations_of, problem, rows_of, small_counts, with_levels, with_margins

leaves = st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=4, max_size=7)
THRESHOLD = 3


@st.composite
def tables(draw: st.DrawFn) -> tuple[Counts, list[Equation]]:
    """With levels, flat, or of three dimensions."""
    kind = draw(st.sampled_from(["levels", "turned", "flat", "cube"]))
    counts = np.array(draw(leaves))
    if kind in ("levels", "turned"):
        cut = draw(st.integers(1, len(counts) - 1))
        return with_levels(counts, [cut, len(counts) - cut], rows_first=kind == "levels")
    full = with_margins(counts if kind == "flat" else counts[:4].reshape(2, 2, 3))
    return full, equations_of(full)


@given(tables(), st.data())
@settings(max_examples=50, deadline=None)
def test_what_is_attained_lies_within_the_exact_intervals(table: tuple[Counts, list[Equation]], data: st.DataObject) -> None:
    full, equations = table
    size = full.size
    withheld = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    asked = np.array(data.draw(st.lists(st.integers(0, 9), min_size=2 * size, max_size=2 * size)), dtype=np.float64).reshape(2, size)
    assume(withheld.any())
    posed, places = problem(full, equations, []), np.flatnonzero(withheld)
    bounds = (posed.lower, np.where(np.arange(size) % 3 == 0, posed.values + 2, np.inf))
    shown = np.where(withheld, np.nan, posed.values)
    by_flow, by_program = (audit(posed.rows, shown, bounds, places, flows=flows) for flows in (True, False))
    np.testing.assert_allclose(by_flow, by_program, atol=1e-6)
    found = attained(posed.rows, posed.values, bounds, withheld, Asked(places, asked[0, places], asked[1, places]))
    room = np.stack([posed.values[places] - by_program[:, 0], by_program[:, 1] - posed.values[places]], axis=1)
    np.testing.assert_allclose(found, np.minimum(room, asked[:, places].T), atol=1e-5)


@given(leaves, st.booleans(), st.data())
@settings(max_examples=20, deadline=None)
def test_a_table_with_levels_in_one_dimension_is_a_network(counts: list[list[int]], rows_first: bool, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(counts) - 1))
    full, equations = with_levels(np.array(counts), [cut, len(counts) - cut], rows_first=rows_first)
    rows = rows_of(equations)
    kept = independent_rows(rows, full.size)
    assert find_network(rows, full.size) is None
    assert find_network(kept, full.size) is not None
    assert _rank(kept, full.size) == _rank(rows, full.size)
    posed = small_counts(full, THRESHOLD, rows=rows)
    pattern = suppress(posed)
    shown = np.where(pattern.withheld, np.nan, posed.values)
    safe = ~np.isin(posed.primary, pattern.unsafe)
    low, high = audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary, flows=False).T
    assert (low <= posed.values[posed.primary] - 1 + 1e-5)[safe].all()
    assert (high >= THRESHOLD - 1e-5)[safe].all()


def test_rows_of_three_dimensions_are_left_as_they_are() -> None:
    full = with_margins(np.arange(12).reshape(2, 2, 3))
    rows = rows_of(equations_of(full))
    assert independent_rows(rows, full.size) is rows


def _rank(rows: Knowledge, size: int) -> int:
    matrix = np.zeros((len(rows.lower), size))
    matrix[np.repeat(np.arange(len(rows.lower)), np.diff(rows.starts)), rows.cells] = rows.signs
    return int(np.linalg.matrix_rank(matrix))
