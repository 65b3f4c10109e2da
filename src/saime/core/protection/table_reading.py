"""A table from outside, read: its file, its cells and what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from saime.core.protection.table_cells import Cells, cells_of
from saime.core.protection.table_contents import Contents, contents_of_cells
from saime.core.protection.table_file import TableFile, read_table
from saime.core.protection.table_records import contents_of_records
from saime.core.protection.table_spec import TableSpec


@dataclass(frozen=True)
class ReadTable:
    """A table from outside before anything is done to it."""

    spec: TableSpec
    file: TableFile
    cells: Cells
    contents: Contents

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The dimensions' columns."""
        return tuple(dimension.id for dimension in self.cells.dimensions)

    def named(self, places: Iterable[int]) -> list[dict[str, str]]:
        """Cells as a summary names them: a code by dimension."""
        return [dict(zip(self.dimension_names, self.cells.codes[place], strict=True)) for place in places]

    @property
    def order(self) -> list[int]:
        """The cells of the file in their order, then the margins that were added up."""
        given = self.cells.of_rows(self.file).tolist() if self.spec.rows == "cells" else []
        return list(dict.fromkeys([*given, *range(self.cells.size)]))


def read_outside(path: Path, spec: TableSpec) -> ReadTable:
    """Raises: BadInput for a file that does not fit the spec."""
    file = read_table(path, spec.columns)
    cells = cells_of(spec, file)
    contents = (contents_of_records if spec.rows == "records" else contents_of_cells)(spec, cells, file)
    return ReadTable(spec, file, cells, contents)
