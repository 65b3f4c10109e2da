"""The header of a CSV file: its column names, and the separator under which they are the contract's."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.faults import FaultLog
from saime.core.warehouse.header import known_names
from saime.core.warehouse.sealed import Content

SEPARATORS = (",", ";", "\t")
LONGEST_HEADER = 1 << 20  # bytes


@dataclass(frozen=True)
class Header:
    """``separator`` is one of SEPARATORS."""

    names: tuple[str, ...]
    separator: str


def read_header(content: Content, delivery: Delivery, log: FaultLog) -> Header | None:
    """The first line, cut where most of its names are those of the contract, or of another feed's; a comma if none are.

    None if the log tells that it is not text, or is cut by another sign.
    """
    with content.open() as file:
        line = _text(file.readline(LONGEST_HEADER))
    if line is None:
        log.add("not_utf8", "the header is text neither in UTF-8 nor in Windows-1257", "save the file as CSV in UTF-8")
        return None
    try:
        headers = [Header(tuple(next(csv.reader([line], delimiter=separator), [])), separator) for separator in SEPARATORS]
    except csv.Error:
        log.add("damaged_file", "the header is not a line of CSV", "write the column names, parted by commas, in one line")
        return None
    header = max(headers, key=lambda header: known_names(header.names, delivery))
    if "|" in line and len(header.names) == 1:
        log.add("damaged_file", "the columns are separated by '|'", "save the file with commas, semicolons or tabs between columns")
        return None
    return header


def _text(line: bytes) -> str | None:
    """Zero bytes are what UTF-16 has between Latin letters."""
    for encoding in ("utf-8-sig", "cp1257"):
        try:
            return None if b"\0" in line else line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
