"""What each cell of a table from outside holds: value, contributors, the largest contributions, and what withholding it costs.

Cells come either as they are (``cells``), where margins may be left out and are then added up, or as single ``records``
(``table_records.py``), which are added up into every cell that they belong to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.constraints import SHOWN, Flags, Numbers, Places
from saime.core.protection.table_cells import ABSENT, Cells, Grid
from saime.core.protection.table_file import TableFile
from saime.core.protection.table_spec import CostColumn, TableSpec

Combine = Callable[[Numbers, int], Numbers]  # parts along an axis into their whole


@dataclass(frozen=True)
class Contents:
    """Shape: one entry a cell; ``largest`` is cells x contributions.

    ``frequencies`` are contributors (the value itself in a count), nan where the file does not tell. ``alone`` numbers the contributor
    who is the only one in a cell; ABSENT in other cells. ``unit`` is the last decimal that the values are given with.
    """

    values: Numbers
    frequencies: Numbers
    largest: Numbers
    costs: Numbers
    alone: Places
    unit: float


def contents_of_cells(spec: TableSpec, cells: Cells, file: TableFile) -> Contents:
    """Raises: BadInput for duplicate and missing cells, and margins that are not the sum of their parts."""
    assert spec.value is not None  # noqa: S101 - the spec has checked it
    places = _places(cells, file)
    unit = 10.0 ** -decimals_of(file.columns[spec.value], spec.decimal)
    absent = _absent_leaves(cells, places, spec)

    def column(name: str) -> Numbers:
        filled = np.full(cells.size, np.nan)
        filled[places] = file.numbers(name, spec.decimal)
        filled[absent] = 0.0
        return filled

    given = column(spec.value)
    if unit < 1 and spec.is_count and (spec.rule.needs_frequency or spec.method != "suppress"):
        raise _no_counts(spec.value, file)
    values = _completed(cells, given, _added)
    _check_margins(cells, values, ~np.isnan(given), unit)
    tops = [column(name) for name in spec.largest_contributions]
    largest = _completed(cells, -np.sort(-np.stack(tops, axis=1), axis=1), _largest) if tops else np.zeros((cells.size, 0))
    _check_contributions(cells, values, largest, unit)
    frequencies = _completed(cells, column(spec.frequency), _added) if spec.frequency else np.full(cells.size, np.nan)
    frequencies = values if spec.is_count else frequencies
    costs = _completed(cells, column(spec.costs.column), _added) if isinstance(spec.costs, CostColumn) else np.zeros(cells.size)
    return Contents(values, frequencies, largest, costs, np.where(frequencies == 1, np.arange(cells.size), ABSENT), unit)


def _places(cells: Cells, file: TableFile) -> Places:
    places = cells.of_rows(file)
    rows = np.arange(file.size)
    if (places == ABSENT).any():
        raise BadInput(
            "a row is a cell of none of the tables: its codes lie in dimensions that no table has together",
            where=file.at("all", places == ABSENT),
            fix="give the total in the dimensions that the row's table does not have, or read the file with rows: records",
        )
    first = np.full(cells.size, file.size)
    np.minimum.at(first, places, rows)
    repeated = first[places] != rows
    if repeated.any():
        raise BadInput(
            f"the file has more than one row for the cells {cells.name(dict.fromkeys(places[repeated].tolist()))}",
            where=file.at("all", repeated),
            fix="keep one row a cell, or read the file with rows: records",
        )
    return places


def _no_counts(column: str, file: TableFile) -> BadInput:
    return BadInput(
        "rule or method is for counts, and the values are no whole numbers",
        where=f"{file.name}, column {column}",
        fix="give counts; or, for a rule, name the column of the number of contributors as frequency in the spec",
    )


def _absent_leaves(cells: Cells, places: Places, spec: TableSpec) -> Places:
    """Cells that cannot be added up from others and that the file does not have. Raises: BadInput unless they are to be zeros."""
    is_leaf = np.ones(cells.size, dtype=np.bool_)
    for grid in cells.grids:
        is_leaf[grid.places[~_leaves(grid)]] = False
    is_leaf[places] = False
    absent = np.flatnonzero(is_leaf)
    if len(absent) and spec.missing == "refuse":
        raise BadInput(
            f"the file has no row for {len(absent)} cells that are no margins: {cells.name(absent)}",
            where="the file's rows",
            fix='add these rows; or say "missing": "zero" in the spec if nobody is counted there',
        )
    return absent


def _leaves(grid: Grid) -> Flags:
    """Cells whose codes have no codes below, row-major."""
    flags = np.ones(grid.structure.shape, dtype=np.bool_)
    for axis, dimension in enumerate(grid.structure.dimensions):
        at = np.array([code.id not in dimension.families for code in dimension.codes])
        flags &= at.reshape([-1 if other == axis else 1 for other in range(flags.ndim)])
    return flags.ravel()


def decimals_of(texts: list[str], decimal: str) -> int:
    return max((len(text.partition(decimal)[2]) for text in texts if text[-1:].isdigit()), default=0)


def _completed(cells: Cells, given: Numbers, combine: Combine) -> Numbers:
    """Given numbers as they are, and the missing ones (nan) combined from the cells below, as often as tables lean on each other."""
    known = given.copy()
    for grid in cells.grids * len(cells.grids):
        own = known[grid.places]
        table = own.reshape(*grid.structure.shape, *own.shape[1:])
        for axis, dimension in enumerate(grid.structure.dimensions):
            below = {dimension.positions[parent]: children for parent, children in dimension.families.items()}
            for parent in sorted(below, reverse=True):  # codes stand after their parents
                parts = np.take(table, [dimension.positions[child] for child in below[parent]], axis=axis)
                lines = np.moveaxis(table, axis, 0)
                lines[parent] = np.where(np.isnan(lines[parent]), combine(parts, axis), lines[parent])
        known[grid.places] = table.reshape(own.shape)
    return known


def _added(parts: Numbers, axis: int) -> Numbers:
    return np.asarray(parts.sum(axis=axis))


def _largest(parts: Numbers, axis: int) -> Numbers:
    """The largest contributions of all parts; the last axis holds those of each part."""
    together = np.moveaxis(parts, axis, -2)
    count = together.shape[-1]
    ordered = -np.sort(-together.reshape(*together.shape[:-2], -1), axis=-1)
    return np.where(np.isnan(ordered).any(axis=-1, keepdims=True), np.nan, ordered[..., :count])


def _check_margins(cells: Cells, values: Numbers, is_given: Flags, unit: float) -> None:
    """Raises: BadInput naming margins of the file that are not the sum of their parts, with the residual."""
    rows = cells.rows()
    residuals = -rows.activity(values)
    parents = rows.cells[rows.signs < 0]  # one a row
    wrong = np.abs(residuals) > unit / 2
    wrong &= is_given[parents] | ~(wrong & is_given[parents]).any()
    if wrong.any():
        named = [f"{'|'.join(cells.codes[parents[row]])} by {residuals[row]:+.10g}" for row in np.flatnonzero(wrong)]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        raise BadInput(
            f"margins are not the sum of their parts: {', '.join(named[:SHOWN])}{more}",
            where="the file's margins; each residual is the margin less its parts",
            fix="correct the margins or the hierarchy; or leave the margins out of the file, and they are added up",
        )


def _check_contributions(cells: Cells, values: Numbers, largest: Numbers, unit: float) -> None:
    wrong = largest.sum(axis=1) > values + unit
    if wrong.any():
        raise BadInput(
            f"the largest contributions are more than the value in the cells {cells.name(np.flatnonzero(wrong))}",
            where="the file's columns of the largest contributions",
            fix="give contributions in the unit of the value",
        )
