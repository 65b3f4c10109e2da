"""What the kernel needs of files and plans, and how it says so."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from saime.core.errors import BadInput
from saime.core.tabulation import kernel, kernel_membership, kernel_months, kernel_rows
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.kernel import KernelEngine, array_loops, best_loops, compiled_loops
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from support.tabulation import fact, plan, tree, write_facts

SEX = {"SEX": tree({"_T": None, "F": "_T", "M": "_T"})}


def _specification(facts: FactTable) -> Specification:
    return compile_plan(plan({"SEX": {"column": "sex"}}), SEX, facts)


@pytest.fixture
def facts(tmp_path: Path) -> FactTable:
    return write_facts(tmp_path, [fact(f"p{number}", sex="FM"[number % 2]) for number in range(40)], partitions=4)


@pytest.mark.parametrize(("files", "rows_at_once"), [(1, 1000), (1, 3), (2, 9)])
def test_a_file_out_of_order_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, rows_at_once: int) -> None:
    facts = write_facts(tmp_path, [fact(f"p{number}", sex="F") for number in range(20)], partitions=1, files=files)
    path = facts.partitions[0][0]
    stored = pq.read_table(path)
    pq.write_table(stored.take(list(reversed(range(len(stored))))), path)
    monkeypatch.setattr(kernel_rows, "ROWS_AT_ONCE", rows_at_once)
    with pytest.raises(BadInput, match="not in the order of their persons"):
        KernelEngine().tabulate(_specification(facts), facts)


def test_two_threads_count_what_one_counts(facts: FactTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "WORTH_A_THREAD", 0)
    counts = [KernelEngine(threads=threads).count(_specification(facts), facts) for threads in (1, 2)]
    assert np.array_equal(*counts)
    assert counts[0].reshape(-1).tolist() == [40, 20, 20]


def test_progress_is_told_for_each_partition(facts: FactTable) -> None:
    told: list[tuple[int, int]] = []
    KernelEngine().tabulate(_specification(facts), facts, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_without_numba_the_kernel_counts_with_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    found = kernel.importlib.import_module

    def without_numba(name: str) -> ModuleType:
        if name.endswith("kernel_loops"):
            raise ImportError("numba")
        return found(name)

    assert best_loops() is compiled_loops()
    monkeypatch.setattr(kernel.importlib, "import_module", without_numba)
    assert best_loops() is array_loops()


def test_a_dimension_over_too_many_columns_is_refused(facts: FactTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_membership, "MOST_COMBINATIONS", 2)
    with pytest.raises(BadInput, match=r"combines 1 columns.*\n.*\n.*--engine duckdb"):
        KernelEngine().tabulate(_specification(facts), facts)


def test_dimensions_with_too_many_codes_are_refused(facts: FactTable) -> None:
    names = [f"D{number}" for number in range(32)]
    asked = compile_plan(plan({name: {"column": "sex"} for name in names}), dict.fromkeys(names, SEX["SEX"]), facts)
    with pytest.raises(BadInput, match="too many codes together"):
        KernelEngine().tabulate(asked, facts)


@pytest.mark.parametrize("loops", [compiled_loops(), array_loops()])
def test_a_number_far_from_every_bound_is_in_its_range(tmp_path: Path, loops: Any) -> None:
    ranges = {"LOW": {"age": {"below": -1_000_000}}, "HIGH": {"age": {"from": 1_000_000}}, "MID": {"age": {"from": -5, "below": 5}}}
    ages = {"a": -2_000_000_000, "b": 2_000_000_000, "c": 0, "d": 999_999, "e": None}
    stored = write_facts(tmp_path, [fact(person, age=age) for person, age in ages.items()])
    asked = compile_plan(plan({"AGE": {}}), {"AGE": tree(dict.fromkeys(ranges), ranges)}, stored)
    assert KernelEngine(loops=loops).count(asked, stored).reshape(-1).tolist() == [1, 1, 1]


def _block(person: int, rows: int, *, of_layer: bool) -> kernel_rows.Rows:
    persons, days = np.full(rows, person, np.uint32), np.zeros(rows, np.int32)
    return kernel_rows.Rows(persons, (days,) if of_layer else (days, days), {"sex": np.zeros(rows, np.uint16)})


def test_small_blocks_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_rows, "ENOUGH_ROWS", 10)
    blocks = [_block(person, rows, of_layer=False) for person, rows in enumerate((4, 6, 1, 30, 2))]
    together = [rows.persons.tolist() for rows in kernel_rows.larger(blocks)]
    assert together == [[0] * 4 + [1] * 6, [2] + [3] * 30, [4] * 2]


def test_rows_and_layers_are_not_put_together() -> None:
    blocks = [_block(person, 2, of_layer=person % 4 < 2) for person in range(6)]
    assert [rows.persons.tolist() for rows in kernel_rows.larger(blocks)] == [[0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5]]


def test_a_partition_without_layers_is_counted_beside_those_with(facts: FactTable, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = KernelEngine(layers=False).count(_specification(facts), facts)
    KernelEngine().count(_specification(facts), facts)
    first = kernel_months._read
    damaged = str(facts.digests[facts.partitions[1][0]])
    monkeypatch.setattr(kernel_months, "_read", lambda place: None if damaged in place else first(place))
    monkeypatch.setattr(kernel_months, "derive", _no_value_fits)
    assert np.array_equal(KernelEngine().count(_specification(facts), facts), expected)


def _no_value_fits(*_: object) -> None:
    raise ValueError
