"""One call from plan to table: progress is told, wrong declarations are caught, the SQL can be read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from saime.core.errors import BadInput, TryLater
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.duckdb_engine import DuckDBEngine, show_sql
from saime.core.tabulation.engines import EngineSettings
from saime.core.tabulation.tabulator import tabulate_plan
from support.engines import ENGINES_TO_TEST
from support.tabulation import Fact, by_code, fact, plan, tree, write_facts

BENEFIT = {"BENEFIT": tree({"_T": None, "CHILD": "_T", "HOUSING": "_T"})}
TWO_BENEFITS = [fact("p1", benefit="CHILD"), fact("p1", benefit="HOUSING")]


@pytest.mark.parametrize("engine", ENGINES_TO_TEST)
def test_progress_ends_with_all_partitions(engine: str, engine_settings: EngineSettings, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    facts = write_facts(tmp_path, TWO_BENEFITS, partitions=3)
    asked = plan({"BENEFIT": {"column": "benefit"}})
    tabulate_plan(asked, BENEFIT, facts, engine, lambda done, total: told.append((done, total)), settings=engine_settings)
    assert told == sorted(told)
    assert told[-1] == (3, 3)


@pytest.mark.parametrize("engine", ENGINES_TO_TEST)
def test_persons_in_several_children_are_refused_where_the_plan_says_that_there_are_none(
    engine: str, engine_settings: EngineSettings, tmp_path: Path
) -> None:
    asked = plan({"SEX": {"hierarchy": "SEX", "column": "sex"}, "BENEFIT": {"column": "benefit", "overlaps": False}})
    by = BENEFIT | {"SEX": tree({"F": None})}
    facts = [Fact(row.person, {**row.values, "sex": "F"}) for row in TWO_BENEFITS]
    with pytest.raises(BadInput, match="overlaps: true") as caught:
        tabulate_plan(asked, by, write_facts(tmp_path, facts), engine, settings=engine_settings)
    assert "dimension BENEFIT" in caught.value.where


def test_a_dimension_that_does_not_overlap_adds_up(tmp_path: Path) -> None:
    facts = write_facts(tmp_path, [fact("p1", benefit="CHILD"), fact("p2", benefit="HOUSING")])
    table = tabulate_plan(plan({"BENEFIT": {"column": "benefit", "overlaps": False}}), BENEFIT, facts)
    assert by_code(table) == {"_T": 2, "CHILD": 1, "HOUSING": 1}


def test_the_sql_that_is_shown_is_the_sql_that_counts(tmp_path: Path) -> None:
    facts = write_facts(tmp_path, TWO_BENEFITS, partitions=1)
    (sql,) = show_sql(compile_plan(plan({"BENEFIT": {"column": "benefit"}}), BENEFIT, facts))
    with duckdb.connect() as connection:
        rows = connection.execute(sql, {"files": [str(path) for path in facts.partitions[0]]}).fetchall()
    assert rows == [(0, 1), (1, 1), (2, 1)]


def test_too_little_memory_is_told_and_nothing_is_spilled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = write_facts(tmp_path / "facts", [fact(f"p{number}", benefit="CHILD") for number in range(3000)], partitions=1)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    specification = compile_plan(plan({"BENEFIT": {"column": "benefit"}}), BENEFIT, facts)
    with pytest.raises(TryLater, match="1MiB"):
        DuckDBEngine(memory_limit="1MiB").tabulate(specification, facts)
    assert list((tmp_path / "elsewhere").iterdir()) == []
