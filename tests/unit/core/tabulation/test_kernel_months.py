"""The layer of months: derived once, told from a damaged or foreign one, and left aside where it cannot hold the facts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from saime.core.tabulation import kernel, kernel_months
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.kernel import KernelEngine
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from support.tabulation import fact, plan, tree, write_facts

SEX = tree({"_T": None, "F": "_T", "M": "_T"})
AGE = tree({"YOUNG": None, "OLD": None}, {"YOUNG": {"age": {"below": 40}}, "OLD": {"age": {"from": 40}}})
MONTHS = ("2022", "2022-01", "2022-02", "2022-Q2")


@pytest.fixture
def facts(tmp_path: Path) -> FactTable:
    rows = [fact(f"p{number}", f"2022-0{number % 6 + 1}-15", f"2022-0{number % 6 + 3}-01", sex="FM"[number % 2]) for number in range(40)]
    return write_facts(tmp_path, rows, partitions=2)


def asked(facts: FactTable, periods: tuple[str, ...] = MONTHS) -> Specification:
    return compile_plan(plan({"SEX": {"column": "sex"}}, periods), {"SEX": SEX}, facts)


def count(facts: FactTable, periods: tuple[str, ...] = MONTHS, *, layers: bool = True) -> list[int]:
    return [int(persons) for persons in KernelEngine(layers=layers).count(asked(facts, periods), facts).reshape(-1)]


def layers_of(facts: FactTable) -> list[Path]:
    assert facts.layers
    return sorted(facts.layers.glob("*/*.months"))


def test_a_layer_is_derived_once_for_each_file_and_year(facts: FactTable, monkeypatch: pytest.MonkeyPatch) -> None:
    right = count(facts, layers=False)
    assert layers_of(facts) == []
    assert count(facts) == right
    assert len(layers_of(facts)) == 4
    monkeypatch.setattr(kernel_months, "derive", None)  # not called again
    monkeypatch.setattr(kernel, "read_blocks", None)
    assert count(facts) == right
    assert count(facts, ("2022-Q1", "2022-06")) == count(facts, ("2022-Q1", "2022-06"))


def test_the_layer_holds_no_more_than_it_must(facts: FactTable) -> None:
    count(facts)
    with pa.ipc.open_file(pa.py_buffer(layers_of(facts)[0].read_bytes()[32:])) as file:
        table = file.read_all()
    assert table.schema.names == ["person_number", "facts", "months"]
    assert table.num_rows <= 20


def test_days_are_counted_from_the_rows(facts: FactTable) -> None:
    assert count(facts, ("2022-03-01", "2022-03-14")) == count(facts, ("2022-03-01", "2022-03-14"), layers=False)
    assert layers_of(facts) == []


def test_a_damaged_layer_is_derived_anew(facts: FactTable) -> None:
    right = count(facts)
    for damage in (lambda content: content[:-9], lambda content: content[:40] + b"x" + content[41:], lambda content: b""):
        path = layers_of(facts)[1]
        whole = path.read_bytes()
        path.write_bytes(damage(whole))
        assert count(facts) == right
        assert path.read_bytes() == whole


def test_a_year_apart_is_a_layer_of_its_own(tmp_path: Path) -> None:
    stored = write_facts(tmp_path, [fact("a", "2020-12-31", "2021-01-01", sex="F"), fact("a", "2022-05-01", sex="M")], partitions=1)
    periods = ("2020", "2021-01", "2021-02", "2022")
    assert count(stored, periods) == count(stored, periods, layers=False)
    assert len(layers_of(stored)) == 6


def test_a_value_outside_the_contract_is_counted_from_the_rows(tmp_path: Path) -> None:
    stored = write_facts(tmp_path, [fact("a", age=5), fact("b", age=500), fact("c")])
    wanted = compile_plan(plan({"AGE": {}}), {"AGE": AGE}, stored)
    assert KernelEngine().count(wanted, stored).reshape(-1).tolist() == [1, 1]
    empty = write_facts(tmp_path / "fits", [fact("a", age=0), fact("b", age=120), fact("c")])
    assert KernelEngine().count(wanted, empty).reshape(-1).tolist() == [1, 1]
    assert layers_of(empty)


def test_a_folder_that_cannot_be_written_stops_nothing(facts: FactTable) -> None:
    assert facts.layers
    facts.layers.write_text("a file where the folder should be")
    assert count(facts) == count(facts, layers=False)
