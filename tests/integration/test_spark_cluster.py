"""A real Spark with two executors as processes of their own: one is killed while it counts, and the counts are exact."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.reference import ReferenceEngine
from saime.core.tabulation.spark_engine import SparkEngine
from support.spark_servers import EXECUTORS, SparkServer
from support.tabulation import CODE_LISTS, fact, plan, tree, write_facts

PARTITIONS = 48  # a task for each: some seconds of work
BENEFITS = CODE_LISTS["benefit"]
pytestmark = [pytest.mark.spark, pytest.mark.cluster]


def test_an_executor_that_is_killed_while_it_counts_changes_nothing(spark: SparkServer, tmp_path: Path) -> None:
    rows = [fact(f"p{number % 900}", benefit=BENEFITS[number % 7 % 4], age=number % 90) for number in range(2000)]
    facts = write_facts(tmp_path, rows, PARTITIONS)
    by = {"BENEFIT": tree({"_T": None, **dict.fromkeys(BENEFITS, "_T")})}
    specification = compile_plan(plan({"BENEFIT": {"column": "benefit"}}, filter={"age": {"below": 80}}), by, facts)
    killed: list[tuple[int, int]] = []

    def kill_one(done: int, _of: int) -> None:
        if not killed:
            first, *others = spark.executors()
            assert len(others) == EXECUTORS - 1
            os.kill(first, signal.SIGKILL)
            killed.append((first, done))

    before = spark.log.stat().st_size
    counted = SparkEngine(spark.remote, task_bytes=1).tabulate(specification, facts, progress=kill_one)
    assert killed[0][1] < PARTITIONS
    assert counted == ReferenceEngine().tabulate(specification, facts)
    told = spark.log.read_text()[before:]
    assert re.search(r"Lost executor \d+ on 127\.0\.0\.1: Command exited with code 137.*Starting task", told, re.DOTALL)
    assert killed[0][0] not in spark.executors()
