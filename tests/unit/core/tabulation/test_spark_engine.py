"""The spark engine: what a task hands back adds up, and each thing that can be wrong is told with its remedy."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from saime import __version__
from saime.core.errors import BadInput, TryLater
from saime.core.tabulation import spark_worker
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.contributions import Contributions
from saime.core.tabulation.engines import get_engine
from saime.core.tabulation.kernel import KernelEngine, best_loops
from saime.core.tabulation.kernel_cubes import Cubes, persons_by_cell
from saime.core.tabulation.kernel_layout import lay_out
from saime.core.tabulation.spark_engine import SparkEngine
from saime.core.tabulation.spark_session import connect, cores
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from support.engines import ON_SPARK
from support.spark_servers import SparkServer, embedded_server
from support.tabulation import PAYMENTS, fact, payment, plan, tree, write_facts

BENEFIT = tree({"_T": None, "CHILD": "_T", "HOUSING": "_T", "PENSION": "_T"})
BENEFITS = ["CHILD", "HOUSING", "PENSION"]
PARTITIONS = 4


@pytest.fixture
def facts(tmp_path: Path) -> FactTable:
    """Some persons have few spells, and one so many that they are counted the other way."""
    many = [
        fact("p0", f"2022-{month:02}-{day:02}", f"2022-{month:02}-{day + 1:02}", benefit=BENEFITS[day % 3], sex="F")
        for month in range(1, 13)
        for day in range(1, 28, 2)
    ]
    return write_facts(tmp_path, many + [fact(f"p{number}", benefit=BENEFITS[number % 3], sex="M") for number in range(1, 40)], PARTITIONS)


@pytest.fixture
def specification(facts: FactTable) -> Specification:
    by = {"BENEFIT": BENEFIT, "SEX": tree({"F": None, "M": None})}
    columns = {"BENEFIT": {"column": "benefit"}, "SEX": {"column": "sex"}}
    return compile_plan(plan(columns, ["2022", *(f"2022-{month:02}" for month in range(1, 13))]), by, facts)


@pytest.mark.parametrize(
    ("task_bytes", "cores", "tasks"), [(400, 2, 4), (400, 3, 3), (1 << 10, 2, 2), (1 << 20, 2, 1), (16 * 400, 9, 2), (1, 9, 10)]
)
def test_every_core_gets_as_many_tasks_and_none_too_little(tmp_path: Path, task_bytes: int, cores: int, tasks: int) -> None:
    partitions = [(tmp_path / str(number),) for number in range(10)]
    for (path,) in partitions:
        path.write_bytes(bytes(100))
    assert SparkEngine("sc://spark", task_bytes).tasks_for(partitions, cores) == tasks


@pytest.mark.parametrize("tasks", [[[0, 1, 2, 3]], [[3], [], [1, 0], [2]], [[0], [1], [2], [3]]])
@pytest.mark.parametrize("numbers", [1, 7, 1 << 20])
def test_tasks_hand_back_pieces_that_add_up(
    facts: FactTable, specification: Specification, tasks: list[list[int]], numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_worker, "NUMBERS_AT_ONCE", numbers)
    layout = lay_out(specification, facts)
    totals = [Cubes(layout.trees, slots) for slots in layout.slots]
    rows = [row for task in tasks for row in _answers(specification, facts, task)]
    for row in rows:
        if row["part"]:
            spark_worker.add_to_cubes(totals, row)
    assert sorted(row["done"] for row in rows if row["done"] is not None) == [0, 1, 2, 3]
    assert (persons_by_cell(layout, totals, best_loops()) == KernelEngine().count(specification, facts)).all()


@pytest.mark.parametrize("numbers", [1, 20, 1 << 20])
def test_amounts_that_tasks_add_up_come_in_pieces_of_whole_rows(tmp_path: Path, numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_worker, "NUMBERS_AT_ONCE", numbers)
    paid = [payment(f"p{n % 9}", "2022-01", f"{n}.50", benefit=BENEFITS[n % 3]) for n in range(40)]
    facts = write_facts(tmp_path, paid, PARTITIONS, feed=PAYMENTS)
    measure = {"m": {"amount": "paid", "statistic": "median"}}
    asked = compile_plan(plan({"BENEFIT": {"column": "benefit"}}, population=PAYMENTS.feed, measures=measure), {"BENEFIT": BENEFIT}, facts)
    total = Contributions(asked.structure.size, ordered=True)
    for row in (row for task in ([2, 0], [], [1], [3]) for row in _answers(asked, facts, task)):
        if row["part"]:
            spark_worker.add_to_contributions(total, row)
    right = KernelEngine().add_up(asked, facts, ordered=True)
    assert {name: rows.tolist() for name, rows in total.parts.items()} == {name: rows.tolist() for name, rows in right.parts.items()}
    assert total.parts["cells"][0].tolist() == [0, 80000, 9, 10750, 10250, 9750]


def test_a_worker_with_another_version_of_saime_counts_nothing(facts: FactTable, specification: Specification) -> None:
    (row,) = _answers(specification, facts, [0, 1], version="0.0.0")
    assert "0.0.0" in row["fault"]
    assert __version__ in row["fault"]


def _answers(specification: Specification, facts: FactTable, task: list[int], version: str = __version__) -> Iterator[dict[str, object]]:
    numbers = pa.RecordBatch.from_pydict({"id": pa.array(task, pa.int64())})
    for batch in spark_worker.count_partitions(spark_worker.Task(specification, facts, version, ordered=True), [numbers]):
        yield from batch.to_pylist()


class TestOnSpark:
    pytestmark = ON_SPARK

    def test_one_task_or_one_for_each_partition(self, spark: SparkServer, facts: FactTable, specification: Specification) -> None:
        right = KernelEngine().tabulate(specification, facts)
        engines = [SparkEngine(spark.remote, task_bytes=size) for size in (1 << 30, 1)]
        assert [engine.tasks_for(facts.partitions, cores(spark.remote)) for engine in engines] == [1, PARTITIONS]
        for engine in engines:
            assert engine.tabulate(specification, facts) == right

    def test_a_fault_that_a_worker_finds_is_told_as_the_kernel_tells_it(
        self, spark: SparkServer, facts: FactTable, specification: Specification
    ) -> None:
        path, _ = facts.partitions[1]
        pq.write_table(pq.read_table(path)[::-1], path)
        facts = replace(facts, partitions=(facts.partitions[0], (path,)))
        with pytest.raises(BadInput) as theirs:
            KernelEngine().tabulate(specification, facts)
        with pytest.raises(BadInput) as ours:
            SparkEngine(spark.remote).tabulate(specification, facts)
        assert str(ours.value) == str(theirs.value)

    def test_what_a_worker_cannot_do_is_told_by_its_kind(self, spark: SparkServer, facts: FactTable, specification: Specification) -> None:
        facts.partitions[2][0].write_bytes(b"PAR1, but no more of it than this. PAR1")
        with pytest.raises(TryLater, match="ArrowInvalid") as caught:
            SparkEngine(spark.remote).tabulate(specification, facts)
        assert "same path" in caught.value.fix
        assert str(facts.partitions[2][0]) not in str(caught.value)


def test_a_server_that_has_ended_is_told_and_not_waited_for(facts: FactTable, specification: Specification, tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        assert connect(server.remote).version
    with pytest.raises(TryLater, match="no Spark Connect server answers at 127"):
        SparkEngine(server.remote).tabulate(specification, facts)


def test_without_its_extra_the_engine_says_what_to_install(
    facts: FactTable, specification: Specification, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.session", None)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(BadInput, match=r"pip install 'saime\[spark\]'"):
        SparkEngine(f"sc://127.0.0.1:{server.getsockname()[1]}").tabulate(specification, facts)


def test_without_an_address_the_engine_names_the_setting(facts: FactTable, specification: Specification) -> None:
    with pytest.raises(BadInput, match="SAIME_SPARK_REMOTE=sc://"):
        get_engine("spark").tabulate(specification, facts)


@pytest.mark.parametrize("remote", ["spark://host:7077", "host:15002", "sc://", "sc://host:port/;token=secret"])
def test_an_address_that_is_none_is_told(remote: str, facts: FactTable, specification: Specification) -> None:
    with pytest.raises(BadInput, match="sc://host:port") as caught:
        SparkEngine(remote).tabulate(specification, facts)
    assert "secret" not in str(caught.value)


def test_a_token_in_the_address_is_not_told(facts: FactTable, specification: Specification) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        engine = SparkEngine(f"sc://127.0.0.1:{free.getsockname()[1]}/;token=secret")
        with pytest.raises(TryLater, match="no Spark Connect server answers") as caught:
            engine.tabulate(specification, facts)
    assert "secret" not in f"{caught.value} {engine}"
