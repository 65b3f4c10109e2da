"""What the kernel is compared with: DuckDB on the same files, written as well as we can. Each answers with the same cube."""

# ruff: noqa: S608 - names and numbers come from this folder

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import duckdb
import numpy as np
import numpy.typing as npt

from benchmarks.data import FAMILIES, Table
from saime.core.tabulation.duckdb_engine import DuckDBEngine
from saime.core.tabulation.duckdb_query import quote
from saime.core.warehouse.facts import PERSON, VALID_FROM

Cube = npt.NDArray[np.int64]  # the structure's cells in order

MEMORY = "12GiB"


def grouping_sets(table: Table) -> Cube:
    """COUNT(DISTINCT) over 144 grouping sets."""
    query = grouping_sets_query(table, "read_parquet($files)", lambda codes, name: f"{codes}[{quote(name)} + 1]")
    return _cube(table, query)


def grouping_sets_query(table: Table, facts: str, look_up: Callable[[list[int], str], str]) -> str:
    """Each depth of each dimension, by month and for the year; a total is no column. DuckDB and Spark take it.

    ``look_up``: how to say which of some codes stands at the position that a column holds.
    """
    counted = dict(zip(FAMILIES, table.specification.dimensions, strict=True))
    names = [[f"{name}_{depth}" for depth in range(1, dimension.depths)] for name, dimension in counted.items()]
    by = [[name for name in chosen if name] for chosen in product(*([None, *levels] for levels in names), [None, "month"])]
    strides = table.specification.structure.strides
    codes = (f"cast(coalesce({', '.join([*reversed(levels), '0'])}) as int) * {step}" for levels, step in zip(names, strides, strict=False))
    ancestors = ", ".join(
        f"cast({look_up([leaf.lineage[-1 - depth] for leaf in dimension.leaves], name)} as tinyint) as {name}_{depth}"
        for name, dimension in counted.items()
        for depth in range(1, dimension.depths)
    )
    return f"""
        select {" + ".join(codes)} + coalesce(month, 0) as cell, persons
        from (
            select {", ".join(name for levels in names for name in levels)}, month, count(distinct {PERSON}) as persons
            from (select {PERSON}, cast(month({VALID_FROM}) as tinyint) as month, {ancestors} from {facts})
            group by grouping sets ({", ".join(f"({', '.join(columns)})" for columns in by)})
        )"""


def patterns(table: Table) -> Cube:
    """Persons to distinct leaf cells with a mask of months, persons of equal lists counted once, each list expanded once.

    Months are bits 1 to 12 and the year is bit 0, as the periods stand in the plan.
    """
    leaf = " + ".join(f"{quote(name)} * {radix}" for name, radix in zip(FAMILIES, radices(), strict=True))
    query = f"""
        with leaves as materialized (
            select person_number, ({leaf})::integer as leaf, bit_or(1 << month(valid_from)::integer) | 1 as mask
            from read_parquet($files) group by all
        ), sets as materialized (
            select list({{'leaf': leaf, 'mask': mask}} order by leaf) as leaves from leaves group by person_number
        ), kinds as materialized (
            select row_number() over () as kind, leaves, persons from (select leaves, count(*) as persons from sets group by all)
        ), members as (
            select kind, persons, unnest(leaves, recursive := true) from kinds
        ), expanded as (
            select kind, persons, cell, bit_or(mask) as mask
            from (select kind, persons, mask, {_lookups_of_leaf(table)} from members),
                lateral (select unnest({_cells(table)}) as cell)
            group by all
        )
        select cell + period as cell, sum(persons)::bigint as persons
        from expanded, range(13) periods(period) where mask & (1 << period) <> 0 group by all"""
    return _cube(table, query)


def radices() -> list[int]:
    """What a step of each dimension's leaves adds to the number of a leaf cell."""
    sizes = [sum(families) for families in FAMILIES.values()]
    return [int(np.prod(sizes[place + 1 :])) for place in range(len(sizes))]


def _lookups_of_leaf(table: Table) -> str:
    lists = []
    for place, (name, dimension) in enumerate(zip(FAMILIES, table.specification.dimensions, strict=True)):
        stride, radix = table.specification.structure.strides[place], radices()[place]
        for depth in range(dimension.depths):
            parts = [leaf.lineage[-1 - depth] * stride for leaf in dimension.leaves]
            lists.append(f"{parts}[leaf // {radix} % {len(parts)} + 1] as {name}_{depth}")
    return ", ".join(lists)


def _cells(table: Table) -> str:
    depths = [range(dimension.depths) for dimension in table.specification.dimensions]
    sums = (" + ".join(f"{name}_{depth}" for name, depth in zip(FAMILIES, chosen, strict=True)) for chosen in product(*depths))
    return f"[{', '.join(sums)}]"


def depth_by_depth(table: Table) -> Cube:
    """The product's own DuckDB engine."""
    return np.array(DuckDBEngine(memory_limit=MEMORY, group_bytes=1 << 40).tabulate(table.specification, table.facts).values)


def _cube(table: Table, query: str) -> Cube:
    with duckdb.connect(config={"threads": "2", "memory_limit": MEMORY, "preserve_insertion_order": "false"}) as connection:
        found = connection.execute(query, {"files": table.files}).fetchnumpy()
    cube = np.zeros(table.specification.structure.size, np.int64)
    cube[found["cell"].astype(np.int64)] = found["persons"]
    return cube
