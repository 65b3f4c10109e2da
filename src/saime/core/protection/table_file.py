"""A table from outside as a CSV file: columns of text by name, and numbers read from them.

Separators and encodings are those of a delivery (``core/warehouse``): comma, semicolon or tab; UTF-8 or Windows-1257. Messages name
rows and columns and never show what a row holds, as it may be about one contributor.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.constraints import SHOWN, Flags, Numbers
from saime.core.warehouse.csv_header import SEPARATORS
from saime.core.warehouse.text_stream import TextStream

BLOCK_BYTES = 1 << 22
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class TableFile:
    """Shape: every column has one text a row, without spaces around it. Row 1 is the first below the header."""

    name: str
    columns: dict[str, list[str]]

    @property
    def size(self) -> int:
        return len(next(iter(self.columns.values())))

    def numbers(self, column: str, decimal: str) -> Numbers:
        """Raises: BadInput naming the rows that hold no number, or one below 0."""
        texts = self.columns[column]
        if decimal == ",":
            texts = [text.replace(",", ".") for text in texts]
        is_number = np.array([NUMBER.fullmatch(text) is not None for text in texts], dtype=np.bool_)
        if not is_number.all():
            raise self._no_numbers(column, ~is_number, decimal)
        values = np.array(texts, dtype=np.float64)
        if (values < 0).any():
            raise BadInput(
                "values below 0 cannot be protected: the bounds of a cell would not follow from its parts",
                where=self.at(column, values < 0),
                fix="part the table into what is above and what is below 0, or leave these rows out",
            )
        return values

    def at(self, column: str, wrong: Flags) -> str:
        """Where the marked rows are."""
        rows = np.flatnonzero(wrong) + 1
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        return f"{self.name}, column {column}, rows {', '.join(map(str, rows[:SHOWN]))}{more}"

    def _no_numbers(self, column: str, wrong: Flags, decimal: str) -> BadInput:
        texts = self.columns[column]
        if empty := [not text for text in texts]:
            is_empty = np.array(empty, dtype=np.bool_)
            if (is_empty == wrong).all():
                return BadInput("there is no value", where=self.at(column, wrong), fix="give every cell its value; a true zero is 0")
        if decimal == "." and any(NUMBER.fullmatch(texts[row].replace(",", ".")) for row in np.flatnonzero(wrong) if "," in texts[row]):
            fix = 'say "decimal": "," in the spec, or write 1234.5'
            return BadInput("numbers are written with a decimal comma", where=self.at(column, wrong), fix=fix)
        fix = f"write digits with '{decimal}' before the decimals and nothing between thousands"
        return BadInput("there is no number", where=self.at(column, wrong), fix=fix)


def read_table(path: Path, wanted: Sequence[str]) -> TableFile:
    """The wanted columns of a CSV file; others are not read.

    Raises: BadInput for text that is neither encoding, a missing column, a row of another length, or no rows.
    """
    text = _read_text(path)
    separator = _separator(text, wanted)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise BadInput(f"not readable as CSV: {error}", where=f"{path}, line {reader.line_num}", fix="check the quotes") from error
    names = [name.strip() for name in rows[0]] if rows else []
    _check_header(path, names, wanted)
    body = rows[1:]
    _check_rows(path, body, len(names))
    places = {name: names.index(name) for name in wanted}
    return TableFile(path.name, {name: [row[place].strip() for row in body] for name, place in places.items()})


def _read_text(path: Path) -> str:
    with TextStream(path.open("rb")) as stream:
        text = b"".join(iter(lambda: stream.read(BLOCK_BYTES), b"")).decode().removeprefix("\ufeff")
        if stream.bad_byte is not None or "\0" in text:
            fix = "save the file as CSV in UTF-8"
            raise BadInput("the file is text neither in UTF-8 nor in Windows-1257", where=str(path), fix=fix)
    return text


def _separator(text: str, wanted: Sequence[str]) -> str:
    """The one under which the header holds most of the wanted names; a comma if none does."""
    header = text.partition("\n")[0]
    return max(SEPARATORS, key=lambda sign: len({name.strip().strip('"') for name in header.split(sign)} & set(wanted)))


def _check_header(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    if missing := [name for name in wanted if name not in names]:
        raise BadInput(
            f"the file has no column {', '.join(missing)}; its columns are: {', '.join(names) or 'none'}",
            where=str(path),
            fix="name the columns in the spec as the file's header does",
        )
    if repeated := [name for name in wanted if names.count(name) > 1]:
        raise BadInput(f"the header names {', '.join(repeated)} more than once", where=str(path), fix="keep one of these columns")


def _check_rows(path: Path, rows: Sequence[Sequence[str]], length: int) -> None:
    if not rows:
        raise BadInput("the file has a header and no rows", where=str(path), fix="give at least one row")
    uneven = [number for number, row in enumerate(rows, start=1) if len(row) != length]
    if uneven:
        named = ", ".join(map(str, uneven[:SHOWN])) + (f" and {len(uneven) - SHOWN} more" if len(uneven) > SHOWN else "")
        fix = "write every row with one value for each column; quote values that hold the separator"
        raise BadInput(f"rows have more or fewer fields than the {length} of the header", where=f"{path}, rows {named}", fix=fix)
