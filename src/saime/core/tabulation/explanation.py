"""What a tabulation will read and count, told before it does."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.parquet as pq

from saime.core.tabulation.kernel import best_loops, compiled_loops
from saime.core.tabulation.specification import CountedDimension
from saime.core.tabulation.tabulation import Tabulation
from saime.core.warehouse.facts import VALID_FROM, VALID_TO, FactTable

Line = tuple[str, str]


def explain(tabulation: Tabulation, facts: FactTable, engine: str) -> list[Line]:
    """Pairs of a name and what is said of it; file sizes and rows are those of the files' footers, no fact is read."""
    return [*_read(tabulation, facts), *_counted(tabulation), ("engine", f"{engine}: {_path(tabulation, engine)}")]


def _read(tabulation: Tabulation, facts: FactTable) -> Iterator[Line]:
    files = [path for partition in facts.partitions for path in partition]
    counted = tabulation.counted
    columns = [counted.counts, VALID_FROM, VALID_TO, *counted.columns, *([counted.amount] if counted.amount else [])]
    yield "feed", f"{facts.feed.feed} {facts.feed.version}"
    yield "loads", f"{len(facts.loads)}: {', '.join(load.period for load in facts.loads)}"
    yield "partitions", f"{len(facts.partitions)}, in {len(files)} files of {sum(path.stat().st_size for path in files):,} bytes"
    yield "rows", f"{sum(pq.read_metadata(path).num_rows for path in files):,}"
    yield "columns", ", ".join(columns)
    yield "counted", "distinct persons" if counted.counts_persons else f"distinct households, by {counted.counts}, over all partitions"
    yield "filter", ", ".join(dict.fromkeys(test.column for test in counted.filter)) or "none: every row counts"


def _counted(tabulation: Tabulation) -> Iterator[Line]:
    counted = tabulation.counted
    for dimension in counted.dimensions:
        yield f"dimension {dimension.dimension.id}", _described(dimension, tabulation)
    yield "periods", ", ".join(period.code for period in tabulation.periods)
    yield "measure", tabulation.concept.name if counted.amount is None else f"{tabulation.concept.name} of {counted.amount}"
    if tabulation.concept.combinations:
        yield "windows", f"{len(counted.periods)} spans of days are counted, and the measure is made of them"
    made = "" if tabulation.structure == counted.structure else f", made of {counted.structure.size:,} that are counted"
    yield "cells", f"{tabulation.structure.size:,}{made}"


def _described(dimension: CountedDimension, tabulation: Tabulation) -> str:
    recast = tabulation.recasts.get(dimension.dimension.id)
    parts = [f"{len(recast.dimension.codes if recast else dimension.dimension.codes)} codes", f"{len(dimension.leaves)} leaves"]
    parts += [f"{dimension.depths} levels", f"by {', '.join(dimension.columns) or 'every row'}"]
    parts += ["overlaps"] * dimension.dimension.overlaps + ["per person"] * dimension.per_person
    if recast:
        parts.append(f"recast, {len(recast.splits)} codes divided")
    return ", ".join(parts)


def _path(tabulation: Tabulation, engine: str) -> str:
    """How the engine goes about it."""
    if engine == "reference":
        return "row by row in Python, with the persons of every cell in memory"
    if engine == "duckdb":
        return "SQL over groups of partitions; --show-sql prints it"
    if engine == "spark":
        pieces = "the partitions" if tabulation.counted.counts_persons else "shares of the households"
        return f"Spark gives out {pieces}, and its workers count each like the kernel: {_path(tabulation, 'kernel')}"
    if tabulation.counted.amount is not None:
        return "rows are expanded to every cell above them and added up by person"
    if any(dimension.per_person for dimension in tabulation.counted.dimensions):
        return "signed terms on whole arrays, after each row is joined to the other rows of its person"
    loops = "compiled loops" if _is_compiled() else "whole arrays, as numba is not installed"
    return f"signed terms, and expand-and-stamp for persons with many cells; {loops}"


def _is_compiled() -> bool:
    try:
        return best_loops() is compiled_loops()
    except ImportError:
        return False
