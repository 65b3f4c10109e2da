"""Record keys on their way to Spark's workers: to each task its own, closed to whoever has not the job's secret."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.exceptions import InvalidTag

from saime import __version__
from saime.core.tabulation import spark_worker
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.kernel import KernelEngine
from saime.core.tabulation.spark_engine import SparkEngine
from saime.core.tabulation.spark_keys import Seal, closed_by_partition, opened
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import PERSON, FactTable
from saime.core.warehouse.record_keys import RecordKeyTable
from support.engines import ON_SPARK
from support.spark_servers import SparkServer
from support.tabulation import fact, plan, tree, write_facts

PARTITIONS = 4
BENEFIT = tree({"_T": None, "CHILD": "_T", "HOUSING": "_T", "PENSION": "_T"})


@pytest.fixture
def facts(tmp_path: Path) -> FactTable:
    rows = [fact(f"p{number}", benefit=("CHILD", "HOUSING", "PENSION")[number % 3], sex="M") for number in range(40)]
    return write_facts(tmp_path, rows, PARTITIONS)


@pytest.fixture
def keys(facts: FactTable) -> RecordKeyTable:
    """Of the persons of the facts, and of others before, between and after them."""
    known = np.unique(np.concatenate([_persons(facts, number) for number in range(PARTITIONS)]))
    numbers = np.unique(np.concatenate([known, known + np.uint32(1), np.array([2**32 - 1], np.uint32)]))
    return RecordKeyTable(numbers, np.random.default_rng(7).integers(2**31, 2**32, len(numbers), np.uint32))


@pytest.fixture
def specification(facts: FactTable) -> Specification:
    return compile_plan(plan({"BENEFIT": {"column": "benefit"}}, ["2022", "2022-01"]), {"BENEFIT": BENEFIT}, facts)


def _persons(facts: FactTable, partition: int) -> np.ndarray:
    return np.concatenate([pq.read_table(path).column(PERSON).to_numpy() for path in facts.partitions[partition]])


def test_a_partition_is_given_the_keys_of_its_persons(facts: FactTable, keys: RecordKeyTable) -> None:
    seal = Seal()
    rows = closed_by_partition(seal, facts, keys).to_pylist()
    assert [row["id"] for row in rows] == [0, 1, 2, 3]
    for row in rows:
        given, persons = opened(seal, [(row["id"], row["closed"])]), _persons(facts, row["id"])
        assert given.of(persons).tolist() == keys.of(persons).tolist()
        assert (given.numbers.min(), given.numbers.max()) == (persons.min(), persons.max())


def test_a_partition_without_rows_is_given_none(tmp_path: Path, keys: RecordKeyTable) -> None:
    nobody = write_facts(tmp_path / "nobody", [], 2)
    assert [len(opened(seal, [row]).numbers) for seal in [Seal()] for row in _rows(closed_by_partition(seal, nobody, keys))] == [0, 0]


def test_what_travels_shows_no_key_and_opens_for_its_job_and_its_partition_only(facts: FactTable, keys: RecordKeyTable) -> None:
    seal = Seal()
    rows = _rows(closed_by_partition(seal, facts, keys))
    sent = b"".join(closed for _, closed in rows)
    assert not any(int(key).to_bytes(4, order) in sent for key in keys.keys[:8] for order in ("little", "big"))
    with pytest.raises(InvalidTag):
        opened(Seal(), rows)
    with pytest.raises(InvalidTag):
        opened(seal, [(1, rows[0][1])])
    assert repr(seal.secret) not in repr(seal)


@pytest.mark.parametrize("numbers", [1, 3, 1 << 20])
def test_sums_that_tasks_hand_back_add_up(
    facts: FactTable, keys: RecordKeyTable, specification: Specification, numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_worker, "NUMBERS_AT_ONCE", numbers)
    seal = Seal()
    closed, total = closed_by_partition(seal, facts, keys), np.zeros(specification.structure.size, np.uint32)
    task = spark_worker.Task(specification, facts, __version__, seal=seal)
    for given in ([2, 0], [], [1], [3]):
        batches = [closed.take(pa.array([number], pa.int64())).to_batches()[0] for number in given]
        for row in (row for batch in spark_worker.count_partitions(task, batches) for row in batch.to_pylist()):
            assert row["fault"] is None
            if row["part"]:
                spark_worker.add_to_keys(total, row)
    assert total.tolist() == KernelEngine().add_record_keys(specification, facts, keys).tolist()


class TestOnSpark:
    pytestmark = ON_SPARK

    def test_every_partition_in_a_task_of_its_own_and_no_key_in_the_log(
        self, spark: SparkServer, facts: FactTable, keys: RecordKeyTable, specification: Specification
    ) -> None:
        done: list[tuple[int, int]] = []
        sums = SparkEngine(spark.remote, task_bytes=1).add_record_keys(specification, facts, keys, progress=lambda *told: done.append(told))
        assert sums.tolist() == KernelEngine().add_record_keys(specification, facts, keys).tolist()
        assert done == [(number, PARTITIONS) for number in range(1, PARTITIONS + 1)]
        assert not any(str(key) in spark.log.read_text() for key in keys.keys)

    def test_more_keys_than_a_plan_of_spark_holds(self, spark: SparkServer, facts: FactTable, specification: Specification) -> None:
        """Beyond a MiB the client sends them in pieces of their own, which the server puts together."""
        paths = facts.partitions[0]
        for path in paths:
            rows = pq.read_table(path)
            apart = pa.array(rows[PERSON].to_numpy() * np.uint32(20_000), pa.uint32())
            pq.write_table(rows.set_column(rows.column_names.index(PERSON), PERSON, apart), path)
        facts = replace(facts, partitions=(paths,))
        numbers = np.arange(40 * 20_000, dtype=np.uint32)
        keys = RecordKeyTable(numbers, numbers * np.uint32(2_654_435_761))
        assert closed_by_partition(Seal(), facts, keys).nbytes > 2**22
        sums = SparkEngine(spark.remote).add_record_keys(specification, facts, keys)
        assert sums.tolist() == KernelEngine().add_record_keys(specification, facts, keys).tolist()


def _rows(closed: pa.Table) -> list[tuple[int, bytes]]:
    return [(row["id"], row["closed"]) for row in closed.to_pylist()]
