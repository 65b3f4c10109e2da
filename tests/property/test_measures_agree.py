"""Every engine gives every measure the same value in every cell, with dimensions joint and per person."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_tabulation_properties import conditions, facts_of_some_persons, filters, hierarchies, hierarchies_by_dimension

from saime.core.model.classification import Classification
from saime.core.tabulation import contributions, kernel_amounts
from saime.core.tabulation.engines import ENGINES
from saime.core.tabulation.kernel import KernelEngine, array_loops
from saime.core.tabulation.tabulator import tabulate_plan
from support.tabulation import CODE_LISTS, FEED, PAYMENTS, Fact, payment, plan, write_facts

MONTHS = [f"2022-{month:02}" for month in range(1, 7)]
PERIODS = ["2022", "2022-Q1", "2022-Q2", *MONTHS]
careful = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

counts = st.sampled_from(
    [
        {"count": "distinct"},
        {"count": "distinct", "concept": "average_of_months"},
        {"count": "person_months"},
        {"count": "entrants"},
        {"count": "leavers"},
    ]
)
shares = st.sampled_from(["0.1", "0.25", "0.5", "0.9"])
quantiles = st.builds(
    lambda q, d: {"statistic": "quantile", "quantile": q, "definition": d}, shares, st.sampled_from(["linear", "inverse_ecdf"])
)
statistics = st.sampled_from([{"statistic": name} for name in ("sum", "mean", "median")]) | quantiles
few_hierarchies = st.dictionaries(st.sampled_from("AB"), hierarchies(), max_size=2)
some_periods = st.lists(st.sampled_from(PERIODS), min_size=1, max_size=5, unique=True)


@st.composite
def payments(draw: st.DrawFn) -> Fact:
    values: dict[str, object] = {name: draw(st.none() | st.sampled_from(codes)) for name, codes in CODE_LISTS.items()}
    values |= {"age": draw(st.none() | st.integers(0, 95)), "working": draw(st.none() | st.booleans())}
    cents = draw(st.none() | st.integers(-300, 3000) | st.integers(-(2**31) + 1, 2**31 - 1))
    paid = None if cents is None else f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
    return payment(draw(st.sampled_from("abcdefg")), draw(st.sampled_from(MONTHS)), paid, **values)


@pytest.fixture(autouse=True, scope="module")
def _small_limits() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_amounts, "ROWS_EXPANDED_AT_ONCE", 3)
        patch.setattr(contributions, "SORTED_AT_ONCE", 4)
        patch.setitem(ENGINES, "arrays", lambda settings: KernelEngine(loops=array_loops()))
        yield


def assert_all_agree(facts: list[Fact], by: Mapping[str, Classification], asked: dict[str, Any], feed: Any = FEED) -> None:
    wanted = plan(asked.pop("dimensions"), population=feed.feed, **asked)
    with tempfile.TemporaryDirectory() as folder:
        stored = write_facts(Path(folder), facts, feed=feed)
        right = tabulate_plan(wanted, by, stored, engine="reference")
        for engine in ("duckdb", "kernel", "arrays"):
            assert tabulate_plan(wanted, by, stored, engine=engine) == right


@careful
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods, filters, counts, st.sets(st.sampled_from("ABC")))
def test_counts_agree(
    facts: list[Fact], by: dict[str, Classification], periods: list[str], wanted: dict[str, Any], measure: dict[str, Any], apart: set[str]
) -> None:
    dimensions = {name: {"membership": "per_person" if name in apart else "joint"} for name in by}
    assert_all_agree(facts, by, {"dimensions": dimensions, "periods": periods, "filter": wanted, "measures": {"m": measure}})


@careful
@given(st.lists(payments(), max_size=25), few_hierarchies, some_periods, conditions(), statistics)
def test_amounts_agree(
    facts: list[Fact], by: dict[str, Classification], periods: list[str], wanted: dict[str, Any], measure: dict[str, Any]
) -> None:
    asked = {
        "dimensions": {name: {} for name in by},
        "periods": periods,
        "filter": wanted,
        "measures": {"m": {"amount": "paid", **measure}},
    }
    assert_all_agree(facts, by, asked, PAYMENTS)
