"""The engines by name. Each passes the same specification suite (tests/spec); ``reference`` defines what is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from saime.core.errors import BadInput
from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable

Progress = Callable[[int, int], None]  # partitions done, partitions in all


class Engine(Protocol):
    """Counts the distinct persons of every cell of the specification, margins too; nothing is summed over codes."""

    def tabulate(self, specification: Specification, facts: FactTable, *, progress: Progress | None = None) -> FrequencyTable: ...


def _reference() -> Engine:
    from saime.core.tabulation.reference import ReferenceEngine

    return ReferenceEngine()


def _duckdb() -> Engine:
    from saime.core.tabulation.duckdb_engine import DuckDBEngine

    return DuckDBEngine()


def _kernel() -> Engine:
    from saime.core.tabulation.kernel import KernelEngine

    return KernelEngine()


# A further engine (spark) is one entry here; its imports stay inside, so that its extra is needed only when it is used.
ENGINES: dict[str, Callable[[], Engine]] = {"reference": _reference, "duckdb": _duckdb, "kernel": _kernel}
DEFAULT_ENGINE = "kernel"


def get_engine(name: str) -> Engine:
    """Raises: BadInput that lists the engines there are."""
    if name not in ENGINES:
        raise BadInput(f"there is no tabulation engine '{name}'", fix=f"use one of: {', '.join(ENGINES)}")
    return ENGINES[name]()
