"""Polars and embedded ClickHouse on the same files, as well as we can write them. Neither belongs to Saime's requirements.

Both do what was quickest for each: persons to sets of leaves with months, equal sets counted once, each set expanded once.
"""

# ruff: noqa: S608 - names and numbers come from this folder

from __future__ import annotations

import importlib
from itertools import product
from typing import Any

import numpy as np

from benchmarks.competitors import Cube, radices
from benchmarks.data import FAMILIES, Table

MASK_BITS = 13  # the year and twelve months
INSTALL = "uv pip install polars chdb"


def polars_patterns(table: Table) -> Cube:
    """Raises: ImportError without polars."""
    pl = importlib.import_module("polars")
    leaf = sum((pl.col(name).cast(pl.Int64) * radix for name, radix in zip(FAMILIES, radices(), strict=True)), pl.lit(0, pl.Int64))
    mask = pl.lit(1, pl.Int64) | (2 ** pl.col("valid_from").dt.month().cast(pl.Int64)).cast(pl.Int64)
    sets = (
        pl.scan_parquet(table.files)
        .select("person_number", leaf=leaf, mask=mask)
        .group_by("person_number", "leaf")
        .agg(pl.col("mask").bitwise_or())
        .group_by("person_number")
        .agg(leaves=((pl.col("leaf") * (1 << MASK_BITS)) | pl.col("mask")).sort())
        .group_by("leaves")
        .agg(persons=pl.len())
        .with_row_index("kind")
        .explode("leaves")
        .select("kind", "persons", leaf=pl.col("leaves") // (1 << MASK_BITS), mask=pl.col("leaves") % (1 << MASK_BITS))
        .collect(engine="streaming")
    )
    leaves = np.unique(sets["leaf"].to_numpy())
    above = pl.LazyFrame({"leaf": leaves, "cell": _cells_above(table, leaves)}).explode("cell")
    masks = (
        sets.lazy()
        .join(above, on="leaf")
        .group_by("kind", "cell")
        .agg(pl.col("mask").bitwise_or(), pl.col("persons").first())
        .group_by("cell", "mask")
        .agg(pl.col("persons").sum())
        .collect(engine="streaming")
    )
    return _by_period(table, masks["cell"].to_numpy(), masks["mask"].to_numpy(), masks["persons"].to_numpy())


def clickhouse_patterns(table: Table) -> Cube:
    """Raises: ImportError without chdb."""
    chdb = importlib.import_module("chdb")
    leaf = " + ".join(f"toInt32({name}) * {radix}" for name, radix in _quoted(radices()))
    folder = table.facts.partitions[0][0].parent
    query = f"""
        with sets as (
            select arraySort(groupArray((leaf, mask))) as leaves
            from (
                select person_number, {leaf} as leaf, bitOr(groupBitOr(bitShiftLeft(toUInt16(1), toMonth(valid_from))), 1) as mask
                from file('{folder}/part-*.parquet', Parquet) group by person_number, leaf
            )
            group by person_number
        ), kinds as (
            select rowNumberInAllBlocks() as kind, leaves, persons
            from (select leaves, count() as persons from sets group by leaves)
        ), expanded as (
            select kind, any(persons) as persons, cell, groupBitOr(mask) as mask
            from (
                select kind, persons, member.1 as leaf, member.2 as mask, arrayJoin({_lists_of_cells(table)}) as cell
                from (select kind, persons, arrayJoin(leaves) as member from kinds)
            )
            group by kind, cell
        )
        select cell, mask, sum(persons) as persons from expanded group by cell, mask"""
    found = chdb.query(query, "ArrowTable")
    return _by_period(table, *(np.asarray(found.column(name)) for name in ("cell", "mask", "persons")))


def _quoted(numbers: list[int]) -> list[tuple[str, int]]:
    return [(f"`{name}`", number) for name, number in zip(FAMILIES, numbers, strict=True)]


def _parts(table: Table) -> list[list[list[int]]]:
    """For each dimension and each leaf, what each code of its lineage adds to the number of a cell."""
    strides = table.specification.structure.strides
    return [
        [[code * stride for code in leaf.lineage] for leaf in dimension.leaves]
        for dimension, stride in zip(table.specification.dimensions, strides, strict=False)
    ]


def _cells_above(table: Table, leaves: Any) -> list[list[int]]:
    parts = _parts(table)
    codes = [[parts[place][leaf // radix % len(parts[place])] for place, radix in enumerate(radices())] for leaf in leaves.tolist()]
    return [[sum(chosen) for chosen in product(*lineages)] for lineages in codes]


def _lists_of_cells(table: Table) -> str:
    """The cells above a leaf as one expression: each dimension's list for the leaf, and the sums of all combinations."""
    parts = _parts(table)
    names = [f"arrayElement({parts[place]}, intDiv(leaf, {radix}) % {len(parts[place])} + 1)" for place, radix in enumerate(radices())]
    combined = names[0]
    for name in names[1:]:
        combined = f"arrayFlatten(arrayMap(a -> arrayMap(b -> a + b, {name}), {combined}))"
    return combined


def _by_period(table: Table, cell: Any, mask: Any, persons: Any) -> Cube:
    cube = np.zeros(table.specification.structure.size, np.int64)
    for period in range(MASK_BITS):
        here = mask.astype(np.int64) >> period & 1 == 1
        np.add.at(cube, cell[here].astype(np.int64) + period, persons[here].astype(np.int64))
    return cube
