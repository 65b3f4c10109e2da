"""Protect a table from outside by the method that its spec names."""

from __future__ import annotations

from pathlib import Path

from saime.core.protection.table_perturbation import PerturbedTable, perturb_table
from saime.core.protection.table_protection import Progress, SuppressedTable, suppress_table
from saime.core.protection.table_reading import read_outside
from saime.core.protection.table_rounding import RoundedTable, round_table
from saime.core.protection.table_spec import TableSpec

ProtectedTable = SuppressedTable | PerturbedTable | RoundedTable


def read_and_protect(path: Path, spec: TableSpec, *, progress: Progress | None = None) -> ProtectedTable:
    """Raises: BadInput for a file that does not fit the spec. Whether every primary cell is safe: ``check_is_safe``."""
    read = read_outside(path, spec)
    if spec.method == "cell-key":
        return perturb_table(read)
    return round_table(read) if spec.method == "rounding" else suppress_table(read, progress=progress)
