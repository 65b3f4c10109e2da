"""Plans of stocks, entrants and leavers over the same deliveries are tied; what they count is read from plan and deliveries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from saime.core.protection.linked import Described, connected, link, number_cells
from saime.core.tabulation.compilation import compile_tabulation
from saime.core.warehouse.facts import FactTable, LoadRecord
from saime.production.populations import population_of
from support.tabulation import fact, plan, tree, write_facts

TREES = {"BENEFIT": tree({"_T": None, "CHILD": "_T", "HOUSING": "_T"})}
MONTHS = ("2022-01", "2022-02", "2022-03")


def described(count: str, periods: tuple[str, ...], facts: FactTable, concept: str = "ever") -> Described:
    wanted = plan({"BENEFIT": {"column": "benefit"}}, periods, measures={"m": {"count": count, "concept": concept}})
    return compile_tabulation(wanted, TREES, facts).structure, population_of(wanted, TREES, facts, ())


def load(month: str, received_at: str = "2022-05-01T00:00:00") -> LoadRecord:
    return LoadRecord(
        id=month,
        feed="recipients",
        feed_version="1.0",
        period=month,
        delivery_name=f"{month}.csv",
        delivery_digest="",
        rows=1,
        persons=1,
        received_at=received_at,
        synthetic=True,
    )


def test_stocks_entrants_and_leavers_of_the_same_deliveries_are_tied(tmp_path: Path) -> None:
    facts = replace(write_facts(tmp_path, [fact("p1", benefit="CHILD")]), loads=tuple(map(load, MONTHS)))
    tables = [described("distinct", MONTHS, facts), described("entrants", MONTHS[1:], facts), described("leavers", MONTHS[:-1], facts)]
    assert connected(tables) == ((0, 1, 2),)
    assert len(link(tables).changes) == 2 * 2 * 3  # two measures in two months of three codes


def test_a_corrected_delivery_unties_what_it_was_counted_in(tmp_path: Path) -> None:
    facts = replace(write_facts(tmp_path, [fact("p1", benefit="CHILD")]), loads=tuple(map(load, MONTHS)))
    corrected = replace(facts, loads=(*facts.loads[:2], load("2022-03", "2022-06-01T00:00:00")))
    tables = [described("distinct", MONTHS, facts), described("entrants", MONTHS[1:], corrected)]
    assert [cells.tolist() for cells in link(tables).changes[:, 0].reshape(-1, 3)] == [[9, 11, 13]], "those of February"


def test_the_stock_at_the_end_of_a_quarter_is_that_of_its_last_month_and_of_that_day(tmp_path: Path) -> None:
    facts = replace(write_facts(tmp_path, [fact("p1", benefit="CHILD")]), loads=tuple(map(load, MONTHS)))
    quarter, month, start = (
        described("distinct", (period,), facts, concept)
        for period, concept in (("2022-Q1", "at_end"), ("2022-03", "at_end"), ("2022-03", "at_start"))
    )
    day = described("distinct", ("2022-03-31",), facts)
    first, *others = number_cells([quarter, month, day, start])
    assert [places.tolist() for places in others] == [first.tolist(), first.tolist(), [3, 4, 5]]


def test_who_is_there_on_a_day_was_there_in_the_month(tmp_path: Path) -> None:
    facts = replace(write_facts(tmp_path, [fact("p1", benefit="CHILD")]), loads=tuple(map(load, MONTHS)))
    stocks, month, quarter = (
        described("distinct", ("2022-03",), facts, "at_end"),
        described("distinct", ("2022-03",), facts),
        described("distinct", ("2022-Q1",), facts),
    )
    assert connected([stocks, month]) == ((0, 1),)
    alone = sum(len(link([one]).rows.lower) for one in (stocks, month))
    assert len(link([stocks, month]).rows.lower) == alone + 3
    assert connected([stocks, quarter]) == ((0,), (1,)), "from other deliveries"
