"""Spark counts what the reference counts, and however partitions are shared out over its tasks, the parts add up."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_tabulation_properties import facts_of_some_persons, filters, hierarchies_by_dimension, some_periods, tabulate

from saime.core.model.classification import Classification
from saime.core.tabulation.reference import ReferenceEngine
from saime.core.tabulation.spark_engine import SparkEngine
from support.engines import ON_SPARK
from support.spark_servers import SparkServer
from support.tabulation import Fact, plan

pytestmark = ON_SPARK


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts_of_some_persons, hierarchies_by_dimension, some_periods, filters, st.integers(1, 4), st.sampled_from([1, 1 << 20]))
def test_spark_counts_what_the_reference_counts(
    spark: SparkServer,
    facts: list[Fact],
    by: dict[str, Classification],
    periods: list[str],
    wanted: dict[str, Any],
    partitions: int,
    task_bytes: int,
) -> None:
    asked = plan({name: {} for name in by}, periods, filter=wanted)
    counted = tabulate(SparkEngine(spark.remote, task_bytes), facts, asked, by, partitions)
    assert counted == tabulate(ReferenceEngine(), facts, asked, by, partitions=1)
