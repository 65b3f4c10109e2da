"""The kernel counts what the reference and DuckDB count, compiled or not, whatever its limits are set to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_tabulation_properties import (
    PERIODS,
    facts_of_some_persons,
    filters,
    hierarchies_by_dimension,
    some_periods,
    spells,
    tabulate,
)

from saime.core.model.classification import Classification
from saime.core.tabulation import kernel_arrays, kernel_rows
from saime.core.tabulation.duckdb_engine import DuckDBEngine
from saime.core.tabulation.engines import Engine
from saime.core.tabulation.kernel import KernelEngine, array_loops, compiled_loops
from saime.core.tabulation.reference import ReferenceEngine
from support.tabulation import Fact, plan

KERNELS = {
    "compiled": KernelEngine(loops=compiled_loops(), layers=False),
    "arrays": KernelEngine(loops=array_loops(), layers=False),
    "layers": KernelEngine(loops=compiled_loops()),
}
careful = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
many_spells_of_few_persons = st.lists(spells(), min_size=30, max_size=120)


@pytest.fixture(params=sorted(KERNELS))
def kernel(request: pytest.FixtureRequest) -> Engine:
    return KERNELS[request.param]


@careful
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods, filters)
def test_the_kernel_counts_what_the_others_count(
    kernel: Engine, facts: list[Fact], by: dict[str, Classification], periods: list[str], wanted: dict[str, Any]
) -> None:
    asked = plan({name: {} for name in by}, periods, filter=wanted)
    counted = tabulate(kernel, facts, asked, by, partitions=2)
    assert counted == tabulate(ReferenceEngine(), facts, asked, by, partitions=2)
    assert counted == tabulate(DuckDBEngine(), facts, asked, by, partitions=2)


@careful
@given(many_spells_of_few_persons, hierarchies_by_dimension)
def test_persons_with_large_sets_are_counted_alike(kernel: Engine, facts: list[Fact], by: dict[str, Classification]) -> None:
    asked = plan({name: {} for name in by}, PERIODS)
    assert tabulate(kernel, facts, asked, by, partitions=1) == tabulate(ReferenceEngine(), facts, asked, by, partitions=1)


@careful
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods, st.integers(0, 3))
def test_where_expanding_begins_changes_nothing(
    facts: list[Fact], by: dict[str, Classification], periods: list[str], most_cells: int
) -> None:
    asked = plan({name: {} for name in by}, periods)
    right = tabulate(ReferenceEngine(), facts, asked, by, partitions=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_arrays, "MOST_CELLS", most_cells)
        patch.setattr(kernel_arrays, "EXPANDED_AT_ONCE", 2)
        assert tabulate(KernelEngine(loops=array_loops()), facts, asked, by, partitions=1) == right


@careful
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods, st.integers(1, 5))
def test_the_size_of_blocks_changes_nothing(
    kernel: Engine, facts: list[Fact], by: dict[str, Classification], periods: list[str], rows: int
) -> None:
    asked = plan({name: {} for name in by}, periods)
    right = tabulate(ReferenceEngine(), facts, asked, by, partitions=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_rows, "ROWS_AT_ONCE", rows)
        assert tabulate(kernel, facts, asked, by, partitions=1) == right
