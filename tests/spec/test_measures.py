"""What each measure of a plan means, on figures that a reader can check. Every engine passes every rule."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from saime.core.model.dataset import FrequencyTable, MagnitudeTable
from saime.core.tabulation.engines import ENGINES, EngineSettings
from saime.core.tabulation.kernel import KernelEngine, array_loops
from support.engines import ENGINES_TO_TEST
from support.tabulation import PAYMENTS, Counter, fact, payment, plan, tree

BENEFIT = {"BENEFIT": tree({"_T": None, "CHILD": "_T", "HOUSING": "_T"})}
BY_BENEFIT = {"BENEFIT": "benefit"}
ALL = {"ALL": tree({"ALL": None}, {"ALL": {}})}
QUARTER = ["2022-Q1", "2022-01", "2022-02", "2022-03"]
# who        January   February   March      received
# p1         CHILD     CHILD      -          10 + 20
# p2         -         CHILD      HOUSING    30 + 5
# p3         HOUSING   HOUSING    HOUSING    7 each month
MONTHS = {
    "p1": {"2022-01": ("CHILD", "10.00"), "2022-02": ("CHILD", "20.00")},
    "p2": {"2022-02": ("CHILD", "30.00"), "2022-03": ("HOUSING", "5.00")},
    "p3": {"2022-01": ("HOUSING", "7.00"), "2022-02": ("HOUSING", "7.00"), "2022-03": ("HOUSING", "7.00")},
}
FACTS = [payment(person, month, paid, benefit=benefit) for person, months in MONTHS.items() for month, (benefit, paid) in months.items()]


@pytest.fixture(params=[*ENGINES_TO_TEST, "kernel without numba"])
def count(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine_settings: EngineSettings) -> Counter:
    monkeypatch.setitem(ENGINES, "kernel without numba", lambda settings: KernelEngine(loops=array_loops()))
    return Counter(request.param, tmp_path, engine_settings, feed=PAYMENTS)


def measured(counter: Counter, periods: list[str], **measure: Any) -> dict[Any, Any]:
    return counter(FACTS, BENEFIT, BY_BENEFIT, periods=periods, measures={"m": measure})


def table(counter: Counter, periods: list[str], **measure: Any) -> Any:
    wanted = plan({"BENEFIT": {"column": "benefit"}}, periods, measures={"m": measure}, population=PAYMENTS.feed)
    return counter.table(FACTS, BENEFIT, wanted)


def test_person_months_count_a_person_in_each_month(count: Counter) -> None:
    assert measured(count, ["2022-Q1"], count="person_months") == {"_T": 7, "CHILD": 3, "HOUSING": 4}


def test_the_person_months_of_a_year_are_those_of_its_quarters(count: Counter) -> None:
    cells = measured(count, ["2022", *[f"2022-Q{n}" for n in (1, 2, 3, 4)]], count="person_months")
    assert [cells["_T", period] for period in ("2022", "2022-Q1", "2022-Q2")] == [7, 7, 0]


def test_person_months_stand_with_the_distinct_persons_behind_them(count: Counter) -> None:
    counted = table(count, ["2022-Q1"], count="person_months")
    assert isinstance(counted, MagnitudeTable)
    assert counted.contributors == (3, 2, 2)


def test_the_average_of_months_is_a_decimal(count: Counter) -> None:
    cells = measured(count, ["2022-Q1"], count="distinct", concept="average_of_months")
    assert cells == {"_T": Decimal("2.333333"), "CHILD": 1, "HOUSING": Decimal("1.333333")}


@pytest.mark.parametrize(("concept", "cells"), [("at_start", (2, 1, 1)), ("at_end", (2, 0, 2)), ("ever", (3, 2, 2))])
def test_a_stock_is_of_a_day_and_a_flow_of_the_period(count: Counter, concept: str, cells: tuple[int, ...]) -> None:
    counted = table(count, ["2022-Q1"], count="distinct", concept=concept)
    assert isinstance(counted, FrequencyTable)
    assert counted.values == cells
    assert [code.id for code in counted.structure.dimensions[-1].codes] == ["2022-Q1"]


def test_a_stock_at_a_date_is_a_plan_for_that_day(count: Counter) -> None:
    assert measured(count, ["2022-02-15"], count="distinct") == {"_T": 3, "CHILD": 2, "HOUSING": 1}


def test_entrants_are_in_the_period_and_not_in_the_one_before(count: Counter) -> None:
    cells = measured(count, ["2022-02", "2022-03"], count="entrants")
    assert [cells[code, "2022-02"] for code in ("_T", "CHILD", "HOUSING")] == [1, 1, 0]
    assert [cells[code, "2022-03"] for code in ("_T", "CHILD", "HOUSING")] == [0, 0, 1]


def test_leavers_are_in_the_period_and_not_in_the_one_after(count: Counter) -> None:
    cells = measured(count, ["2022-02", "2022-03"], count="leavers")
    assert [cells[code, "2022-02"] for code in ("_T", "CHILD", "HOUSING")] == [1, 2, 0]
    assert [cells[code, "2022-03"] for code in ("_T", "CHILD", "HOUSING")] == [2, 0, 2]


def test_who_comes_back_after_a_month_enters_again_and_in_the_quarter_once(count: Counter) -> None:
    facts = [payment("p1", month, "1.00") for month in ("2022-01", "2022-03")]
    cells = count(facts, ALL, periods=["2022-Q1", "2022-01", "2022-02", "2022-03"], measures={"m": {"count": "entrants"}})
    assert [cells["ALL", period] for period in ("2022-Q1", "2022-01", "2022-02", "2022-03")] == [1, 1, 0, 1]


def test_amounts_of_a_person_are_added_up_exactly(count: Counter) -> None:
    facts = [payment(f"p{number}", "2022-01", "0.10") for number in range(1000)]
    assert count(facts, ALL, measures={"m": {"amount": "paid", "statistic": "sum"}}, periods=["2022-01"]) == {"ALL": Decimal("100.00")}


def test_sums_come_with_contributors_and_their_largest_contributions(count: Counter) -> None:
    counted = table(count, ["2022-Q1"], amount="paid", statistic="sum")
    assert counted.values == (Decimal("86.00"), Decimal("60.00"), Decimal("26.00"))
    assert counted.contributors == (3, 2, 2)
    assert counted.largest == ((Decimal(35), Decimal(30), Decimal(21)), (Decimal(30), Decimal(30)), (Decimal(21), Decimal(5)))


def test_sums_of_months_make_the_sum_of_the_quarter(count: Counter) -> None:
    cells = measured(count, QUARTER, amount="paid", statistic="sum")
    assert [cells["_T", period] for period in QUARTER] == [86, 17, 57, 12]


def test_a_mean_is_of_persons_and_not_of_payments(count: Counter) -> None:
    assert measured(count, ["2022-Q1"], amount="paid", statistic="mean") == {"_T": Decimal("28.67"), "CHILD": 30, "HOUSING": 13}


def test_a_median_of_two_persons_lies_between_them(count: Counter) -> None:
    assert measured(count, ["2022-Q1"], amount="paid", statistic="median") == {"_T": 30, "CHILD": 30, "HOUSING": 13}


@pytest.mark.parametrize(
    ("share", "definition", "value"),
    [
        ("0.5", "inverse_ecdf", "2.00"),
        ("0.5", "linear", "2.50"),
        ("0.9", "inverse_ecdf", "10.00"),
        ("0.9", "linear", "7.90"),
        ("0.25", "inverse_ecdf", "1.00"),
        ("0.25", "linear", "1.75"),
    ],
)
def test_a_quantile_is_read_off_as_its_definition_says(count: Counter, share: str, definition: str, value: str) -> None:
    facts = [payment(f"p{paid}", "2022-01", paid) for paid in ("1.00", "2.00", "3.00", "10.00")]
    measure = {"amount": "paid", "statistic": "quantile", "quantile": share, "definition": definition}
    assert count(facts, ALL, measures={"m": measure}, periods=["2022-01"]) == {"ALL": Decimal(value)}


def test_an_empty_amount_contributes_nothing_and_nobody_has_no_mean(count: Counter) -> None:
    facts = [payment("p1", "2022-01", None, benefit="CHILD"), payment("p2", "2022-01", "0.00", benefit="HOUSING")]
    assert count(facts, BENEFIT, BY_BENEFIT, measures={"m": {"amount": "paid", "statistic": "sum"}}) == {"_T": 0, "CHILD": 0, "HOUSING": 0}
    means = count(facts, BENEFIT, BY_BENEFIT, measures={"m": {"amount": "paid", "statistic": "mean"}})
    assert means == {"_T": 0, "CHILD": None, "HOUSING": 0}


def test_a_row_in_two_leaves_gives_its_amount_once_to_their_total(count: Counter) -> None:
    either = {"X": tree({"_T": None, "YOUNG": "_T", "F": "_T"}, {"YOUNG": {"age": {"below": 30}}, "F": {"sex": ["F"]}})}
    facts = [payment("p1", "2022-01", "10.00", sex="F", age=20), payment("p1", "2022-01", "1.00", sex="M", age=20)]
    assert count(facts, either, measures={"m": {"amount": "paid", "statistic": "sum"}}) == {"_T": 11, "YOUNG": 11, "F": 10}


def test_negative_amounts_take_away_and_are_large_by_their_size(count: Counter) -> None:
    facts = [payment("p1", "2022-01", "-9.50"), payment("p2", "2022-01", "4.00"), payment("p3", "2022-01", "4.00")]
    wanted = plan({"ALL": {}}, ["2022-01"], measures={"m": {"amount": "paid", "statistic": "sum"}}, population=PAYMENTS.feed)
    counted = count.table(facts, ALL, wanted)
    assert isinstance(counted, MagnitudeTable)
    assert (counted.values, counted.largest) == ((Decimal("-1.50"),), ((Decimal("-9.50"), Decimal(4), Decimal(4)),))


GROUPS = tree({"all": None, "g1": "all", "g2": "all"}, {"g1": {"group": ["group1"]}, "g2": {"group": ["group2"]}})
IMPAIRMENTS = tree({"total": None, "sight": "total", "hearing": "total"}, {c: {"impairment": [c]} for c in ("sight", "hearing")})
TWO_ROWS = [
    fact("p1", "2022-01-01", "2022-01-31", impairment="sight", group="group1"),
    fact("p1", "2022-01-01", "2022-02-28", impairment="hearing", group="group2"),
]


def per_person(count: Counter, dimension: str, periods: list[str]) -> dict[Any, Any]:
    counter = Counter(count.engine, count.folder, count.settings)
    by = {"GROUP": GROUPS, "IMPAIRMENT": IMPAIRMENTS}
    return counter(TWO_ROWS, by, per_dimension={dimension: {"membership": "per_person"}}, periods=periods)


def test_a_characteristic_per_person_may_stand_in_another_row(count: Counter) -> None:
    cells = per_person(count, "IMPAIRMENT", ["2022-01"])
    assert cells == {(g, i): 1 for g in ("all", "g1", "g2") for i in ("total", "sight", "hearing")}


@pytest.mark.parametrize("dimension", ["GROUP", "IMPAIRMENT"])
def test_a_characteristic_per_person_must_stand_in_a_row_of_the_same_period(count: Counter, dimension: str) -> None:
    cells = per_person(count, dimension, ["2022-Q1", "2022-02"])
    assert (cells["g1", "hearing", "2022-Q1"], cells["g1", "hearing", "2022-02"]) == (1, 0)
    assert (cells["g2", "hearing", "2022-02"], cells["g2", "sight", "2022-02"]) == (1, 0)


def test_the_filter_holds_for_every_row_of_a_person(count: Counter) -> None:
    counter = Counter(count.engine, count.folder, count.settings)
    by = {"GROUP": GROUPS, "IMPAIRMENT": IMPAIRMENTS}
    wanted = {"IMPAIRMENT": {"membership": "per_person"}}
    cells = counter(TWO_ROWS, by, per_dimension=wanted, periods=["2022"], filter={"impairment": ["hearing"]})
    assert (cells["g2", "hearing"], cells["all", "sight"], cells["g1", "total"]) == (1, 0, 0)


def test_entrants_of_a_year_or_of_january_are_told_from_the_year_before(count: Counter) -> None:
    facts = [payment("stays", month, "1.00") for month in ("2021-12", "2022-01")] + [payment("new", "2022-01", "1.00")]
    facts += [payment("back", month, "1.00") for month in ("2021-11", "2022-01")]
    cells = count(facts, ALL, periods=["2022", "2022-01"], measures={"m": {"count": "entrants"}})
    assert (cells["ALL", "2022"], cells["ALL", "2022-01"]) == (1, 2)
