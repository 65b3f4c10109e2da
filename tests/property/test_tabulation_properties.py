"""Random hierarchies, conditions and spells: the engines agree, and distinct counts keep their bounds."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saime.core.model.classification import Classification
from saime.core.model.dataset import Dimension, FrequencyTable
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.duckdb_engine import DuckDBEngine
from saime.core.tabulation.engines import Engine
from saime.core.tabulation.plan import TabulationPlan
from saime.core.tabulation.reference import ReferenceEngine
from support.tabulation import CODE_LISTS, Fact, fact, plan, tree, write_facts

PERIODS = ["2022", "2022-Q1", "2022-Q2", "2022-01", "2022-02", "2022-03", "2022-05", "2022-03-31", "2021-12"]
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    ranges = st.fixed_dictionaries({}, optional={"from": st.integers(0, 60), "below": st.integers(10, 90)})
    listed = {name: st.lists(st.sampled_from([*codes, None]), min_size=1, max_size=3) for name, codes in CODE_LISTS.items()}
    flags = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=2)
    columns = {**listed, "age": ranges, "working": flags}
    chosen = draw(st.lists(st.sampled_from(sorted(columns)), min_size=0, max_size=2, unique=True))
    return {name: draw(columns[name]) for name in chosen}


@st.composite
def hierarchies(draw: st.DrawFn) -> Classification:
    """A forest of uneven depth in any order, whose leaves overlap as they like."""
    codes = [f"C{number}" for number in range(draw(st.integers(1, 7)))]
    parents = {code: draw(st.sampled_from([None, *codes[:place]])) for place, code in enumerate(codes)}
    leaves = [code for code in codes if code not in parents.values()]
    order = draw(st.permutations(codes))
    return tree({code: parents[code] for code in order}, {leaf: draw(conditions()) for leaf in leaves})


@st.composite
def spells(draw: st.DrawFn) -> Fact:
    start = date(2021, 12, 1) + timedelta(days=draw(st.integers(0, 200)))
    length = draw(st.none() | st.integers(0, 120))
    end = None if length is None else (start + timedelta(days=length)).isoformat()
    values = {name: draw(st.none() | st.sampled_from(codes)) for name, codes in CODE_LISTS.items()}
    values |= {"age": draw(st.none() | st.integers(0, 95)), "working": draw(st.none() | st.booleans())}
    return fact(draw(st.sampled_from("abcdefg")), start.isoformat(), end, **values)


facts_of_some_persons = st.lists(spells(), max_size=25)
hierarchies_by_dimension = st.dictionaries(st.sampled_from(["A", "B", "C"]), hierarchies(), max_size=3)
some_periods = st.lists(st.sampled_from(PERIODS), min_size=1, max_size=6, unique=True)
filters = st.just({}) | conditions()


def tabulate(
    engine: Engine, facts: Sequence[Fact], wanted: TabulationPlan, by: Mapping[str, Classification], partitions: int
) -> FrequencyTable:
    with tempfile.TemporaryDirectory() as folder:
        stored = write_facts(Path(folder), facts, partitions)
        return engine.tabulate(compile_plan(wanted, by, stored), stored)


@quick
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods, filters)
def test_duckdb_counts_what_the_reference_counts(
    facts: list[Fact], by: dict[str, Classification], periods: list[str], wanted: dict[str, Any]
) -> None:
    asked = plan({name: {} for name in by}, periods, filter=wanted)
    right = tabulate(ReferenceEngine(), facts, asked, by, partitions=2)
    assert tabulate(DuckDBEngine(), facts, asked, by, partitions=2) == right


@quick
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods, st.integers(2, 4))
def test_persons_split_over_partitions_are_counted_alike(
    facts: list[Fact], by: dict[str, Classification], periods: list[str], partitions: int
) -> None:
    asked = plan({name: {} for name in by}, periods)
    together = tabulate(DuckDBEngine(), facts, asked, by, partitions=1)
    assert tabulate(DuckDBEngine(group_bytes=1), facts, asked, by, partitions) == together


@quick
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods)
def test_a_parent_lies_between_its_largest_child_and_their_sum(
    facts: list[Fact], by: dict[str, Classification], periods: list[str]
) -> None:
    table = tabulate(DuckDBEngine(), facts, plan({name: {} for name in by}, periods), by, partitions=1)
    for place, dimension in enumerate(table.structure.dimensions):
        for cell in table.structure.cells():
            assert_bounds(table, dimension, place, cell)


def assert_bounds(table: FrequencyTable, dimension: Dimension, place: int, cell: tuple[str, ...]) -> None:
    children = dimension.families.get(cell[place], ())
    parts = [table[(*cell[:place], child, *cell[place + 1 :])] or 0 for child in children]
    if children:
        assert max(parts) <= (table[cell] or 0)
    if children and dimension.exhaustive:
        assert (table[cell] or 0) <= sum(parts)
