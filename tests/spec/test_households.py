"""What counting households means. Every engine passes every rule."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput
from saime.core.tabulation import kernel_households
from saime.core.tabulation.engines import ENGINES, EngineSettings
from saime.core.tabulation.kernel import KernelEngine, array_loops
from saime.core.tabulation.plan import TabulationPlan
from saime.core.tabulation.tabulator import tabulate_plan
from support.engines import ENGINES_TO_TEST
from support.tabulation import ASSISTANCE, PAYMENTS, Counter, Fact, fact, plan, tree, write_facts

BENEFIT = tree({"_T": None, "CHILD": "_T", "HOUSING": "_T"}, name="benefit")
BY = {"BENEFIT": BENEFIT}
MEASURED = {"lv": "mājsaimniecības", "en": "households"}
PERIODS = ["2022", "2022-01", "2022-02"]


@pytest.fixture(autouse=True)
def _several_engines_and_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "kernel without numba", lambda settings: KernelEngine(loops=array_loops()))
    monkeypatch.setattr(kernel_households, "ROWS_AT_ONCE", 3)


@pytest.fixture(params=[*ENGINES_TO_TEST, "kernel without numba"])
def count(request: pytest.FixtureRequest, tmp_path: Path, engine_settings: EngineSettings) -> Any:
    counter = Counter(request.param, tmp_path, feed=ASSISTANCE, settings=engine_settings)

    def counted(facts: list[Fact], **more: Any) -> Any:
        return counter(facts, BY, {"BENEFIT": "benefit"}, unit="household", unit_measure=MEASURED, **more)

    return counted


def households(periods: list[str] = PERIODS, **more: Any) -> TabulationPlan:
    fields = {"population": ASSISTANCE.feed, "unit": "household", "unit_measure": MEASURED, **more}
    return plan({"BENEFIT": {"column": "benefit"}}, periods, **fields)


def test_a_household_of_many_persons_is_one_household(count: Any) -> None:
    facts = [fact(f"p{number}", household=7, benefit="CHILD") for number in range(9)]
    assert count(facts) == {"_T": 1, "CHILD": 1, "HOUSING": 0}


def test_a_household_whose_members_have_different_benefits_is_in_both_and_once_in_the_total(count: Any) -> None:
    facts = [fact("p1", household=7, benefit="CHILD"), fact("p2", household=7, benefit="HOUSING"), fact("p3", household=8, benefit="CHILD")]
    assert count(facts) == {"_T": 2, "CHILD": 2, "HOUSING": 1}


def test_a_row_without_a_household_is_in_no_cell(count: Any) -> None:
    assert count([fact("p1", benefit="CHILD"), fact("p2", household=1, benefit="CHILD")]) == {"_T": 1, "CHILD": 1, "HOUSING": 0}


def test_a_person_who_leaves_one_household_for_another_counts_in_both(count: Any) -> None:
    facts = [fact("p1", "2022-01-01", "2022-01-31", household=1, benefit="CHILD"), fact("p1", "2022-02-01", household=2, benefit="CHILD")]
    cells = count(facts, periods=PERIODS)
    assert [cells["CHILD", period] for period in PERIODS] == [2, 1, 1]


def test_households_enter_as_persons_do(count: Any) -> None:
    facts = [fact("p1", "2022-01-01", household=1, benefit="CHILD"), fact("p2", "2022-02-01", household=1, benefit="CHILD")]
    facts.append(fact("p3", "2022-02-15", household=2, benefit="CHILD"))
    assert count(facts, periods=["2022-02"], measures={"m": {"count": "entrants"}})["CHILD"] == 1


rows = st.builds(
    lambda person, household, benefit, start, length: fact(
        person, f"2022-{start:02}-10", f"2022-{start + length:02}-10", household=household, benefit=benefit
    ),
    st.sampled_from("abcdefgh"),
    st.none() | st.integers(0, 4) | st.just(2**62),
    st.sampled_from(["CHILD", "HOUSING", "PENSION"]),
    st.integers(1, 3),
    st.integers(0, 2),
)


@pytest.mark.parametrize("engine", [*ENGINES_TO_TEST[1:], "kernel without numba"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=st.lists(rows, max_size=20), partitions=st.integers(1, 4))
def test_engines_agree_on_households(engine: str, engine_settings: EngineSettings, facts: list[Fact], partitions: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stored = write_facts(Path(folder), facts, partitions, feed=ASSISTANCE)
        right = tabulate_plan(households(), BY, stored, engine="reference")
        assert tabulate_plan(households(), BY, stored, engine=engine, settings=engine_settings) == right


def test_a_feed_without_households_counts_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="feed 'payments' has no column of type household"):
        tabulate_plan(households(population=PAYMENTS.feed), BY, write_facts(tmp_path, [], feed=PAYMENTS))


def test_a_plan_of_households_says_so_in_its_unit() -> None:
    with pytest.raises(ValueError, match="says so in `unit_measure`"):
        plan({"BENEFIT": {"column": "benefit"}}, unit="household")
