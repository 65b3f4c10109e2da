"""Plans whose measure, periods or versions do not fit are refused with place and remedy; a fitting one is explained."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.model.recast import Recast, divide
from saime.core.pack.recasts import read_recast
from saime.core.pack.yaml_file import read_model
from saime.core.tabulation.compilation import compile_tabulation
from saime.core.tabulation.engines import ENGINES
from saime.core.tabulation.explanation import explain
from saime.core.tabulation.plan import Measure, TabulationPlan
from saime.core.tabulation.tabulator import add_record_keys, tabulate_plan
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.record_keys import RecordKeyTable
from support.tabulation import ASSISTANCE, CODE_LISTS, FEED, PAYMENTS, fact, payment, plan, tree, write_facts

ALL = {"ALL": tree({"ALL": None}, {"ALL": {}})}
SUM = {"amount": "paid", "statistic": "sum"}


def refusal(measure: dict[str, Any], periods: list[str], feed: Any = PAYMENTS, **dimension: Any) -> BadInput:
    wanted = plan({"ALL": dimension}, periods, measures={"m": measure}, population=feed.feed)
    with pytest.raises(BadInput) as caught:
        compile_tabulation(wanted, ALL, FactTable(feed, (), CODE_LISTS, ()))
    return caught.value


def test_a_measure_over_a_column_that_is_no_amount_is_refused() -> None:
    error = refusal({"amount": "age", "statistic": "mean"}, ["2022"])
    assert error.what == "column 'age' of feed 'payments' is no amount"
    assert (error.where, error.fix) == ("plans/test.yaml, measures", "use one of: paid")


def test_a_feed_without_amounts_says_so() -> None:
    assert "no column of type amount" in refusal(SUM, ["2022"], FEED).fix


def test_amounts_are_not_taken_from_facts_with_spells() -> None:
    spell = {"start": "start", "end": "end"}
    columns = [*PAYMENTS.columns, *(column for column in FEED.columns if column.type == "date")]
    feed = type(FEED).model_validate({**PAYMENTS.model_dump(), "columns": [c.model_dump() for c in columns], "spell": spell})
    assert "may stand in several deliveries" in refusal(SUM, ["2022"], feed).what


@pytest.mark.parametrize(
    ("measure", "periods", "what"),
    [
        (SUM, ["2022-01-15"], "2022-01-15 is shorter than the deliveries' periods"),
        ({"count": "person_months"}, ["2022-01-15"], "not made of whole months"),
        ({"count": "distinct", "concept": "average_of_months"}, ["2022", "2022-01-15"], "2022-01-15 is not made of whole months"),
        ({"count": "distinct", "concept": "at_end"}, ["2022", "2022-12"], "two reference periods have the same day"),
    ],
)
def test_a_period_that_does_not_suit_the_measure_is_named(measure: dict[str, Any], periods: list[str], what: str) -> None:
    error = refusal(measure, periods)
    assert what in error.what
    assert error.where == "plans/test.yaml, reference_period"


def test_an_amount_is_not_added_up_per_person() -> None:
    assert "belongs to its own row" in refusal(SUM, ["2022"], membership="per_person").what


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"count": "distinct", **SUM},
        {"amount": "paid"},
        {"count": "distinct", "statistic": "sum"},
        {"amount": "paid", "statistic": "quantile"},
        {"amount": "paid", "statistic": "quantile", "quantile": "1"},
        {**SUM, "quantile": "0.5"},
        {"count": "entrants", "concept": "at_end"},
    ],
)
def test_a_measure_says_one_thing(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Measure.model_validate(fields)


def test_an_engine_without_amounts_or_record_keys_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class OnlyCounts:
        def tabulate(self, *given: Any, **named: Any) -> Any: ...

    monkeypatch.setitem(ENGINES, "abacus", lambda *settings: OnlyCounts())
    wanted = plan({"ALL": {}}, measures={"m": SUM}, population=PAYMENTS.feed)
    with pytest.raises(BadInput, match="engine abacus does not add up amounts"):
        tabulate_plan(wanted, ALL, write_facts(tmp_path, [payment("p1", "2022-01", "1.00")], feed=PAYMENTS), engine="abacus")
    nobody = RecordKeyTable(np.empty(0, np.uint32), np.empty(0, np.uint32))
    with pytest.raises(BadInput, match="engine abacus does not add up record keys"):
        add_record_keys(plan({"ALL": {}}), ALL, write_facts(tmp_path, []), nobody, engine="abacus")


def versioned(**validity: str) -> Classification:
    codes = [{"id": c, "label": {"lv": c, "en": c}, **(validity if c == "OGRE" else {})} for c in CODE_LISTS["municipality"]]
    title = {"lv": "x", "en": "x"}
    return Classification.model_validate({"id": "area", "version": "1", "title": title, "source": "test", "codes": codes})


@pytest.mark.parametrize(("validity", "month"), [({"valid_to": "2022-01-31"}, "2022-02"), ({"valid_from": "2022-02-01"}, "2022-01")])
def test_a_code_that_is_not_valid_at_the_date_of_its_facts_is_named(tmp_path: Path, validity: dict[str, str], month: str) -> None:
    facts = write_facts(tmp_path, [fact("p1", "2022-01-01", "2022-02-28", municipality="OGRE")])
    wanted = plan({"AREA": {"hierarchy": "area", "column": "municipality"}}, ["2022-01", "2022-02"])
    with pytest.raises(BadInput) as caught:
        tabulate_plan(wanted, {"area": versioned(**validity)}, facts)
    assert caught.value.what == f"facts of {month} have code 'OGRE', which is not valid then"
    assert "dimension AREA" in caught.value.where


OTHER = tree({"CITIES": None, "LIMBAZI": None, "TOWN": None, "PARISH": None}, name="other")


def recast(*parts: tuple[str, str, int]) -> Recast:
    return Recast.model_validate({"id": "to-other", "parts": [{"source": s, "target": t, "weight": w} for s, t, w in parts]})


WHOLE = (("RIGA", "CITIES", 1), ("JELGAVA", "CITIES", 1), ("OGRE", "TOWN", 1))


@pytest.mark.parametrize(
    ("parts", "measure", "what"),
    [
        (WHOLE[:2], None, "does not say what became of code 'OGRE'"),
        ((*WHOLE[:2], ("OGRE", "VILLAGE", 1)), None, "leads from 'OGRE' to 'VILLAGE'"),
        ((*WHOLE, ("OGRE", "PARISH", 1)), SUM, "nobody knows whose amounts"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(parts: Any, measure: Any, what: str) -> None:
    dimension = {"hierarchy": "other", "column": "municipality", "recast": "to-other"}
    fields = {"measures": {"m": measure}} if measure else {}
    wanted = plan({"AREA": dimension}, population=PAYMENTS.feed, **fields)
    by = {"other": OTHER, "municipality": versioned()}
    with pytest.raises(BadInput, match=what):
        compile_tabulation(wanted, by, FactTable(PAYMENTS, (), CODE_LISTS, ()), {"to-other": recast(*parts)})


def test_amounts_follow_a_mapping_without_splits(tmp_path: Path) -> None:
    paid = [payment("p1", "2022-01", "1.50", municipality="RIGA"), payment("p1", "2022-01", "2.00", municipality="JELGAVA")]
    dimension = {"hierarchy": "other", "column": "municipality", "recast": "to-other"}
    wanted = plan({"AREA": dimension}, population=PAYMENTS.feed, measures={"m": SUM})
    by = {"other": OTHER, "municipality": versioned()}
    table = tabulate_plan(wanted, by, write_facts(tmp_path, paid, feed=PAYMENTS), recasts={"to-other": recast(*WHOLE)})
    assert [float(value or 0) for value in table.values] == [3.5, 0, 0, 0]


def test_a_faulty_file_of_a_mapping_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "faulty.csv"
    path.write_text("source,target,weight\nA,B,1\nC,D,half\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"line 3, weight.*\n.*faulty\.csv"):
        read_recast(path)


@pytest.mark.parametrize("parts", [[("A", "B", 1), ("A", "B", 2)], [("A", "B", 0)]])
def test_a_mapping_is_a_division(parts: list[tuple[str, str, int]]) -> None:
    with pytest.raises(ValidationError):
        recast(*parts)


@pytest.mark.parametrize("weights", [(1,), (3, 1), (1, 1, 1), (10, 1, 1, 1), (99, 1)])
def test_a_division_adds_up_and_never_gives_fewer_of_more(weights: tuple[int, ...]) -> None:
    divisions = [divide(count, weights) for count in range(60)]
    assert [sum(parts) for parts in divisions] == list(range(60))
    assert all(one <= more for less, larger in pairwise(divisions) for one, more in zip(less, larger, strict=True))


def test_a_division_rounds_halves_to_the_first() -> None:
    assert [divide(count, (1, 1)) for count in (1, 2, 3)] == [(1, 0), (1, 1), (2, 1)]


@pytest.mark.parametrize("place", [{"layout": {"rows": ["REGION"]}}, {"not_available": [{"REGION": ["A"]}]}])
def test_a_plan_that_names_an_unknown_dimension_is_refused_with_its_file(tmp_path: Path, place: dict[str, Any]) -> None:
    path = tmp_path / "areas.yaml"
    content = plan({"AREA": {}}).model_dump(mode="json", exclude_unset=True) | place
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(BadInput, match="unknown dimensions: REGION") as caught:
        read_model(path, TabulationPlan)
    assert str(path) in caught.value.where


def test_an_explanation_names_what_is_read_and_counted(tmp_path: Path) -> None:
    facts = write_facts(tmp_path, [payment(f"p{n}", "2022-01", "1.00", benefit="CHILD") for n in range(10)], feed=PAYMENTS)
    by = {"BENEFIT": tree({"_T": None, "CHILD": "_T", "HOUSING": "_T"})}
    wanted = plan({"BENEFIT": {"column": "benefit"}}, ["2022-Q1"], measures={"m": {"count": "person_months"}}, population=PAYMENTS.feed)
    told = dict(explain(compile_tabulation(wanted, by, facts), facts, "kernel"))
    assert told["rows"] == "10"
    assert told["partitions"].startswith("2, in 4 files of ")
    assert told["dimension BENEFIT"] == "3 codes, 2 leaves, 2 levels, by benefit, overlaps"
    assert told["cells"] == "3, made of 12 that are counted"
    assert told["measure"] == "person_months"
    assert "signed terms" in told["engine"]


@pytest.mark.parametrize(
    ("engine", "words"),
    [("reference", "row by row"), ("duckdb", "--show-sql"), ("kernel", "added up by person"), ("spark", "Spark gives out the partitions")],
)
def test_an_explanation_says_how_each_engine_goes_about_it(tmp_path: Path, engine: str, words: str) -> None:
    facts = write_facts(tmp_path, [payment("p1", "2022-01", "1.00")], feed=PAYMENTS)
    by, wanted = {"ALL": tree({"ALL": None}, {"ALL": {}})}, plan({"ALL": {}}, ["2022-Q1"], measures={"m": SUM}, population=PAYMENTS.feed)
    told = dict(explain(compile_tabulation(wanted, by, facts), facts, engine))
    assert told["engine"].startswith(f"{engine}: ")
    assert words in told["engine"]


def test_an_explanation_says_what_spark_gives_out_for_households(tmp_path: Path) -> None:
    facts = write_facts(tmp_path, [fact("p1", household=1)], feed=ASSISTANCE)
    by, households = {"ALL": tree({"ALL": None}, {"ALL": {}})}, {"lv": "mājsaimniecības", "en": "households"}
    wanted = plan({"ALL": {}}, population=ASSISTANCE.feed, unit="household", unit_measure=households)
    told = dict(explain(compile_tabulation(wanted, by, facts), facts, "spark"))
    assert "Spark gives out shares of the households" in told["engine"]
