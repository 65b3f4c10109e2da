"""What the first sheet of an XLSX file holds, read from its XML before its cells are: extent, formulas and errors.

python-calamine reserves memory for the whole rectangle that cells span, and ends the process where that is too much; and
it gives an error such as #N/A as an empty cell. Both are told here first.
Source: ECMA-376, Office Open XML, SpreadsheetML. Left out: sheets without cell references (their extent is their size).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import IO
from xml.etree import ElementTree
from zipfile import ZipFile

MOST_UNPACKED = 1 << 30  # bytes of all parts together
BLOCK_BYTES = 1 << 20
_REFERENCE = re.compile(rb"""r=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_IS_ERROR = re.compile(rb"""\st=["']e["']""")
_SIGNS_OF_NO_VALUE = (b't="e"', b"t='e'", b"<f", b":f")  # quick to look for; most blocks have none
_CELL = re.compile(rb"""<(?:\w+:)?c(\s[^>]*)>(<(?:\w+:)?f[\s>/])?""")


class TooLarge(Exception):
    """The parts unpack to more than MOST_UNPACKED bytes."""


@dataclass
class Extent:
    """Unit: rows and columns from A1 to the last cell. ``no_values`` are the cells with a formula or an error: row and name."""

    rows: int = 0
    columns: int = 0
    no_values: list[tuple[int, str]] = field(default_factory=list)

    @property
    def cells(self) -> int:
        return self.rows * self.columns


def read_extent(file: IO[bytes]) -> Extent:
    """Raises: TooLarge; BadZipFile, KeyError or ParseError if this is not a sound XLSX file."""
    with ZipFile(file) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
            raise TooLarge
        extent = Extent()
        with archive.open(_first_sheet(archive)) as sheet:
            for block in _whole_rows(sheet):
                _add(extent, block)
        return extent


def _first_sheet(archive: ZipFile) -> str:
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat itself stops entities that blow up
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    sheet = next((element for element in workbook.iter() if element.tag.endswith("}sheet")), None)
    if sheet is None:
        raise KeyError("sheet")
    identifier = next(value for name, value in sheet.items() if name.endswith("}id"))
    target = {relation.get("Id"): relation.get("Target", "") for relation in relations}[identifier]
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _whole_rows(sheet: IO[bytes]) -> Iterator[bytes]:
    """The XML in blocks that end with a row."""
    rest = b""
    while block := sheet.read(BLOCK_BYTES):
        rest += block
        end = rest.rfind(b"row>") + 1
        yield rest[:end]
        rest = rest[end:]
    yield rest


def _add(extent: Extent, block: bytes) -> None:
    references = set(_REFERENCE.findall(block))
    extent.rows = max([extent.rows, *(int(row) for _, row in references)])
    extent.columns = max([extent.columns, *map(_column_number, {column for column, _ in references})])
    if any(sign in block for sign in _SIGNS_OF_NO_VALUE):
        for attributes, formula in _CELL.findall(block):
            reference = _REFERENCE.search(attributes)
            if reference and (formula or _IS_ERROR.search(attributes)):
                column, row = reference.groups()
                extent.no_values.append((int(row), (column + row).decode()))


def _column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    return reduce(lambda number, letter: number * 26 + letter - ord("A") + 1, letters, 0)
