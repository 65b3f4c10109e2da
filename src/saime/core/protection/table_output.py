"""A protected table as a CSV file: the cells of the file in their order, then the margins that were added up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np

from saime.core.model.dataset import CONFIDENTIAL, FREE, NORMAL, SECONDARY, WITHHELD
from saime.core.protection.table_methods import ProtectedTable
from saime.core.protection.table_perturbation import PerturbedTable
from saime.core.protection.table_protection import SuppressedTable
from saime.core.protection.table_rounding import RoundedTable

COUNT = "OBS_VALUE"  # the value's column where records are counted


def write_protected(table: ProtectedTable) -> str:
    """Columns: the dimensions, the value (empty where withheld), OBS_STATUS, CONF_STATUS and, where cells are withheld, SUPPRESSION.

    Other columns of the file are left out: frequencies and contributions would tell what is withheld, and keys what was added. With
    ``reasons: false`` nothing tells primary cells from secondary ones.
    """
    rows = _suppressed(table) if isinstance(table, SuppressedTable) else _changed(table)
    reasons = ["SUPPRESSION"] * (isinstance(table, SuppressedTable) and table.spec.reasons)
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([*table.dimension_names, table.spec.value or COUNT, "OBS_STATUS", "CONF_STATUS", *reasons])
    writer.writerows(rows)
    return target.getvalue()


def _changed(table: PerturbedTable | RoundedTable) -> Iterator[list[str]]:
    for place in table.order:
        yield [*table.cells.codes[place], str(table.published[place]), NORMAL, FREE]


def _suppressed(table: SuppressedTable) -> Iterator[list[str]]:
    reasons = table.spec.reasons
    decimals = round(-np.log10(table.contents.unit))
    for place in table.order:
        cell, value = table.cells.codes[place], table.contents.values[place]
        if not table.pattern.withheld[place]:
            yield [*cell, f"{value:.{decimals}f}", NORMAL, FREE, *[""] * reasons]
        elif not reasons:
            yield [*cell, "", WITHHELD, CONFIDENTIAL]
        elif reason := table.primary.reasons[place]:
            yield [*cell, "", WITHHELD, reason, "primary"]
        else:
            yield [*cell, "", WITHHELD, SECONDARY, "secondary"]
