"""What the key of a cell means: the record keys of its distinct persons, added up modulo 2**32. Every engine passes every rule, but for
spark, which says that it does not add them up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput
from saime.core.tabulation.tabulator import add_record_keys
from saime.core.warehouse.record_keys import KEY_RANGE, RecordKeyTable
from support.tabulation import FEED, Fact, fact, plan, tree, write_facts

ENGINES = ["reference", "duckdb", "kernel"]
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


def added(engine: str, folder: Path, facts: list[Fact], periods: list[str], **fields: Any) -> list[int]:
    wanted = plan(BY, periods, population=FEED.feed, **fields)
    return add_record_keys(wanted, TREES, write_facts(folder, facts), table(facts, keys_of(facts)), engine).tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_person_gives_each_cell_its_key_once(engine: str, tmp_path: Path) -> None:
    facts = [
        fact("p1", "2022-01-01", "2022-01-31", benefit="CHILD", sex="F"),
        fact("p1", "2022-01-05", "2022-02-10", benefit="HOUSING", sex="F"),
        fact("p2", "2022-02-01", None, benefit="CHILD", sex="M"),
        fact("p3", "2022-02-01", None, benefit="PENSION", sex="M"),
    ]
    one, two = (keys_of(facts)[person] for person in ("p1", "p2"))
    cells = np.array(added(engine, tmp_path, facts, ["2022-01", "2022-02"])).reshape(3, 3, 2)
    total = [[one, (one + two) % KEY_RANGE], [one, one], [0, two]]
    assert cells.tolist() == [total, [[one, two], [one, 0], [0, two]], [[one, one], [one, one], [0, 0]]]


@given(rows=st.lists(ROWS, min_size=1, max_size=25))
@settings(max_examples=15, deadline=None)
def test_engines_add_up_the_same(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, str, int]]) -> None:
    facts = [fact(f"p{person}", f"2022-0{month}-01", f"2022-0{month}-20", benefit=benefit, sex=sex) for person, benefit, sex, month in rows]
    folder = tmp_path_factory.mktemp("facts")
    first, *others = (added(engine, folder / engine, facts, ["2022", "2022-01", "2022-02"]) for engine in ENGINES)
    assert others == [first, first]


def test_spark_says_that_it_does_not(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="engine spark does not add up record keys"):
        added("spark", tmp_path, [fact("p1", benefit="CHILD", sex="F")], ["2022"])
