"""Tables from outside: a CSV file and what a spec makes of it, without and with protection."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from saime.core.protection.table_cells import Cells
from saime.core.protection.table_contents import Contents
from saime.core.protection.table_primary import PrimaryCells, find_primary
from saime.core.protection.table_reading import read_outside
from saime.core.protection.table_spec import TableSpec

COUNTS = "region,sex,count\nA,F,2\nA,M,18\nB,F,19\nB,M,14\nC,F,10\nC,M,12\n"
HIERARCHIES = {"region": {"T": ["A", "B", "C"]}, "sex": {"T": ["F", "M"]}}


class Read(NamedTuple):
    cells: Cells
    contents: Contents

    def value(self, *codes: str) -> float:
        return float(self.contents.values[self.cells.codes.index(codes)])

    def primary(self, spec: TableSpec) -> PrimaryCells:
        return find_primary(spec, self.cells, self.contents)


def spec_of(**fields: Any) -> TableSpec:
    """A spec for COUNTS, but for the given fields."""
    return TableSpec.model_validate({"dimensions": HIERARCHIES, "value": "count", "rule": {"minimum": 3}} | fields)


def read(folder: Path, text: str | bytes, spec: TableSpec) -> Read:
    path = folder / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = read_outside(path, spec)
    return Read(found.cells, found.contents)


def primary_names(folder: Path, text: str, spec: TableSpec) -> set[str]:
    found = read(folder, text, spec)
    return {"|".join(found.cells.codes[place]) for place in np.flatnonzero(found.primary(spec).flags)}
