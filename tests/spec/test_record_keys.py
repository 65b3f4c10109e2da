"""What the key of a cell means: the record keys of its distinct persons, added up modulo 2**32. Every engine passes every rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput
from saime.core.tabulation.engines import NO_SETTINGS, EngineSettings
from saime.core.tabulation.tabulator import add_record_keys
from saime.core.warehouse.record_keys import KEY_RANGE, RecordKeyTable
from support.engines import ENGINES_TO_TEST
from support.tabulation import FEED, Fact, fact, plan, tree, write_facts

TREES = {"BENEFIT": tree({"_T": None, "CHILD": "_T", "HOUSING": "_T"}), "SEX": tree({"_T": None, "F": "_T", "M": "_T"})}
BY = {"BENEFIT": {"column": "benefit"}, "SEX": {"column": "sex"}}
ROWS = st.tuples(st.integers(0, 12), st.sampled_from(["CHILD", "HOUSING", "PENSION"]), st.sampled_from("FM"), st.integers(1, 4))


def keys_of(facts: list[Fact], partitions: int = 2) -> dict[str, int]:
    """A key for each person, large, so that sums go round."""
    return {person: KEY_RANGE - 1 - place * 977 for place, person in enumerate(sorted({row.person for row in facts}))}


def table(facts: list[Fact], keys: dict[str, int], partitions: int = 2) -> RecordKeyTable:
    """Numbers are given as ``write_facts`` gives them."""
    persons = {row.key: row.person for row in facts}
    numbered = sorted((key.int % partitions << 16 | place, keys[persons[key]]) for place, key in enumerate(sorted(persons)))
    numbers, record_keys = zip(*numbered, strict=True)
    return RecordKeyTable(np.array(numbers, np.uint32), np.array(record_keys, np.uint32))


def added(engine: str, settings: EngineSettings, folder: Path, facts: list[Fact], periods: list[str]) -> list[int]:
    wanted = plan(BY, periods, population=FEED.feed)
    keys = table(facts, keys_of(facts))
    return add_record_keys(wanted, TREES, write_facts(folder, facts), keys, engine, settings=settings).tolist()


@pytest.mark.parametrize("engine", ENGINES_TO_TEST)
def test_a_person_gives_each_cell_its_key_once(engine: str, engine_settings: EngineSettings, tmp_path: Path) -> None:
    facts = [
        fact("p1", "2022-01-01", "2022-01-31", benefit="CHILD", sex="F"),
        fact("p1", "2022-01-05", "2022-02-10", benefit="HOUSING", sex="F"),
        fact("p2", "2022-02-01", None, benefit="CHILD", sex="M"),
        fact("p3", "2022-02-01", None, benefit="PENSION", sex="M"),
    ]
    one, two = (keys_of(facts)[person] for person in ("p1", "p2"))
    cells = np.array(added(engine, engine_settings, tmp_path, facts, ["2022-01", "2022-02"])).reshape(3, 3, 2)
    total = [[one, (one + two) % KEY_RANGE], [one, one], [0, two]]
    assert cells.tolist() == [total, [[one, two], [one, 0], [0, two]], [[one, one], [one, one], [0, 0]]]


@pytest.mark.parametrize("engine", [one for one in ENGINES_TO_TEST if one.values != ("reference",)])
@given(rows=st.lists(ROWS, min_size=1, max_size=25))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_engines_add_up_as_the_reference_does(
    tmp_path_factory: pytest.TempPathFactory, engine: str, engine_settings: EngineSettings, rows: list[tuple[int, str, str, int]]
) -> None:
    facts = [fact(f"p{person}", f"2022-0{month}-01", f"2022-0{month}-20", benefit=benefit, sex=sex) for person, benefit, sex, month in rows]
    folder, periods = tmp_path_factory.mktemp("facts"), ["2022", "2022-01", "2022-02"]
    right = added("reference", NO_SETTINGS, folder / "reference", facts, periods)
    assert added(engine, engine_settings, folder / engine, facts, periods) == right


@pytest.mark.parametrize("engine", ENGINES_TO_TEST)
def test_a_person_without_a_record_key_is_told(engine: str, engine_settings: EngineSettings, tmp_path: Path) -> None:
    facts = [fact(f"p{number}", benefit="CHILD", sex="F") for number in range(4)]
    known = table(facts, keys_of(facts)).between(0, int(table(facts, keys_of(facts)).numbers[-2]))
    with pytest.raises(BadInput, match="facts name a person who is in no person table"):
        add_record_keys(plan(BY), TREES, write_facts(tmp_path, facts), known, engine, settings=engine_settings)
