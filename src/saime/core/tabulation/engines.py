"""The engines by name. Each passes the same specification suite (tests/spec); ``reference`` defines what is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from saime.core.errors import BadInput
from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.contributions import Contributions
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.record_keys import RecordKeyTable

CellKeys = npt.NDArray[np.uint32]  # one a cell; fractions of 2**32


@dataclass(frozen=True)
class EngineSettings:
    """What the place of work says to engines. ``spark_remote``: address of a Spark Connect server; it may hold a token."""

    spark_remote: str = field(default="", repr=False)


NO_SETTINGS = EngineSettings()  # enough for every engine that works on this machine
Progress = Callable[[int, int], None]  # partitions done, partitions in all


class Engine(Protocol):
    """Counts the distinct persons of every cell of the specification, margins too; nothing is summed over codes."""

    def tabulate(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> FrequencyTable: ...


@runtime_checkable
class AddsAmounts(Protocol):
    """An engine that also adds up the amounts of each person in every cell; partial results of partitions add."""

    def add_up(
        self, specification: Specification, facts: FactTable, *, ordered: bool, progress: Progress | None = None
    ) -> Contributions: ...


@runtime_checkable
class AddsRecordKeys(Protocol):
    """An engine that also adds up the record keys of the distinct persons of every cell, modulo 2**32."""

    def add_record_keys(
        self, specification: Specification, facts: FactTable, keys: RecordKeyTable, *, progress: Progress | None = None
    ) -> CellKeys: ...


def _reference(settings: EngineSettings) -> Engine:
    from saime.core.tabulation.reference import ReferenceEngine

    return ReferenceEngine()


def _duckdb(settings: EngineSettings) -> Engine:
    from saime.core.tabulation.duckdb_engine import DuckDBEngine

    return DuckDBEngine()


def _kernel(settings: EngineSettings) -> Engine:
    from saime.core.tabulation.kernel import KernelEngine

    return KernelEngine()


def _spark(settings: EngineSettings) -> Engine:
    from saime.core.tabulation.spark_engine import SparkEngine

    return SparkEngine(settings.spark_remote)


# Imports stay inside, so that what an engine needs is needed only when it is used.
ENGINES: dict[str, Callable[[EngineSettings], Engine]] = {"reference": _reference, "duckdb": _duckdb, "kernel": _kernel, "spark": _spark}
DEFAULT_ENGINE = "kernel"


def get_engine(name: str, settings: EngineSettings = NO_SETTINGS) -> Engine:
    """Raises: BadInput that lists the engines there are."""
    if name not in ENGINES:
        raise BadInput(f"there is no tabulation engine '{name}'", fix=f"use one of: {', '.join(ENGINES)}")
    return ENGINES[name](settings)
