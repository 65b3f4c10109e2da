"""Counts of a table from outside perturbed by cell keys: from record keys, or from the cells' own keys.

Every cell is perturbed from its own key, margins too; a margin is never the sum of perturbed parts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.cell_keys import designed
from saime.core.protection.perturbation import Counts, Keys, PerturbationTable, Transition, add_keys, keys_of
from saime.core.protection.table_file import read_table
from saime.core.protection.table_methods_spec import CellKeys
from saime.core.protection.table_reading import ReadTable
from saime.core.protection.table_records import memberships

NOTE = "every cell is perturbed from its own key: the result does not add up, and must not be published beside the exact counts"


@dataclass(frozen=True)
class PerturbedTable(ReadTable):
    """Shape of ``changes``: one entry a cell. Unit: counts. ``seconds``: the time that the perturbation took."""

    table: PerturbationTable
    changes: Counts
    seconds: float

    @property
    def published(self) -> Counts:
        return self.contents.values.astype(np.int64) + self.changes

    def summary(self) -> dict[str, object]:
        """What ``saime protect --json`` prints; docs/reference/table-spec.md lists the fields."""
        return {
            "cells": self.cells.size,
            "changed": int((self.changes != 0).sum()),
            "mean_change": round(float(self.changes.mean()), 6),
            "largest_change": int(np.abs(self.changes).max()),
            "largest_possible_change": self.table.largest_change,
            "method": self.spec.method,
            "parameters": self._parameters(),
            "note": NOTE,
            "seconds": round(self.seconds, 3),
        }

    def _parameters(self) -> object:
        keys = asked(self)
        return {"table": self.table.name} if keys.design is None else keys.design.model_dump(mode="json")

    def check_is_safe(self) -> None:
        """Perturbation leaves no cell that could be unsafe: ``PerturbationTable.checked`` has refused tables that are none."""


def asked(read: ReadTable) -> CellKeys:
    assert read.spec.cell_key is not None  # noqa: S101 - the spec has checked it
    return read.spec.cell_key


def perturb_table(read: ReadTable) -> PerturbedTable:
    """Raises: BadInput for keys that are missing or out of range, counts that are none, and a faulty perturbation table."""
    table = perturbation_table(asked(read))
    started = time.monotonic()
    keys = _cell_keys(read)
    changes = table.changes(read.contents.values.astype(np.int64), keys)
    return PerturbedTable(**vars(read), table=table, changes=changes, seconds=time.monotonic() - started)


def perturbation_table(keys: CellKeys) -> PerturbationTable:
    """The table of a CSV file, or the one that the parameters lead to."""
    if keys.table is not None:
        return read_perturbation_table(keys.table)
    assert keys.design is not None  # noqa: S101 - the spec has checked it
    return designed(keys.design, "the spec, cell_key: design")


def read_perturbation_table(path: Path) -> PerturbationTable:
    """Columns ``i`` (count), ``v`` (change) and ``p`` (probability), in the order in which transitions are laid along [0, 1).

    Raises: BadInput naming the rows that cannot be read, or the count whose transitions are no distribution.
    """
    if not path.is_file():
        raise BadInput("there is no such perturbation table", where=str(path), fix="give its path from the folder of the spec")
    file = read_table(path, ("i", "v", "p"))
    counts, changes, probabilities = (_numbers(file.columns[name], name, path) for name in ("i", "v", "p"))
    whole = [(number == int(number)) and (change == int(change)) for number, change in zip(counts, changes, strict=True)]
    if not all(whole):
        where = f"{path}, row {whole.index(False) + 1}"
        raise BadInput(
            "counts and changes are not whole numbers", where=where, fix="give a perturbation table for counts, not for magnitudes"
        )
    rows = zip(counts, changes, probabilities, strict=True)
    return PerturbationTable.checked(path.name, tuple(Transition(int(i), int(v), p) for i, v, p in rows))


def _numbers(texts: list[str], column: str, path: Path) -> list[float]:
    found = []
    for row, text in enumerate(texts, start=1):
        try:
            found.append(float(text.replace(",", ".")))
        except ValueError as error:
            raise BadInput("there is no number", where=f"{path}, column {column}, row {row}", fix="write digits only") from error
    return found


def _cell_keys(read: ReadTable) -> Keys:
    keys, size = _keys(read), read.cells.size
    if read.spec.rows == "records":
        places, records = memberships(read.cells, read.file)
        return add_keys(keys[records], places, size)
    places = read.cells.of_rows(read.file)
    keyless = read.contents.values > 0  # a zero stays, whatever its key
    keyless[places] = False
    if keyless.any():
        raise BadInput(
            f"there is no row with a key for {int(keyless.sum())} cells: {read.cells.name(np.flatnonzero(keyless))}",
            where=f"{read.file.name}; a margin is perturbed from its own key, not summed from its parts",
            fix="add a row with count and key for each of them; or give single records with their record keys and rows: records",
        )
    cell_keys = np.zeros(size, dtype=np.uint32)
    cell_keys[places] = keys
    return cell_keys


def _keys(read: ReadTable) -> Keys:
    """The keys of the file's rows. Raises: BadInput for one that is no fraction below 1, or no whole number below the range."""
    wanted = asked(read)
    numbers = read.file.numbers(wanted.column, read.spec.decimal)
    wrong = numbers >= (wanted.range or 1)
    if wanted.range:
        wrong |= numbers != np.floor(numbers)
    if wrong.any():
        kind = f"whole numbers from 0 to {wanted.range - 1}" if wanted.range else "fractions from 0 to below 1"
        raise BadInput(
            f"keys are not {kind}",
            where=read.file.at(wanted.column, wrong),
            fix='correct them; for whole numbers say in the spec\'s cell_key how many there are, as in "range": 256',
        )
    return keys_of(numbers / (wanted.range or 1))
