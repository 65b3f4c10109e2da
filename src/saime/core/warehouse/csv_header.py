"""The header of a CSV file: its column names, and the separator under which they are the contract's."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from saime.core.model.text import Text
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.faults import FaultLog
from saime.core.warehouse.header import known_names
from saime.core.warehouse.sealed import Content

SEPARATORS = (",", ";", "\t")
LONGEST_HEADER = 1 << 20  # bytes
NO_TEXT = (
    Text(
        lv="galvene nav teksts ne UTF-8, ne Windows-1257 kodējumā",
        en="the header is text neither in UTF-8 nor in Windows-1257",
    ),
    Text(
        lv="saglabājiet failu kā CSV kodējumā UTF-8 (Excel: «CSV UTF-8», nevis «Unicode teksts»)",
        en="save the file as CSV in UTF-8 (in Excel: CSV UTF-8, not Unicode Text)",
    ),
)
NO_HEADER = (
    Text(lv="galvene nav CSV rinda", en="the header is not a line of CSV"),
    Text(lv="uzrakstiet aiļu nosaukumus vienā rindā, atdalot ar komatiem", en="write the column names, parted by commas, in one line"),
)
OTHER_SEPARATOR = (
    Text(lv="ailes atdala '|'", en="the columns are separated by '|'"),
    Text(
        lv="saglabājiet failu tā, lai ailes atdala komats, semikols vai tabulators",
        en="save the file with commas, semicolons or tabs between columns",
    ),
)


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
        log.add("not_utf8", *NO_TEXT)
        return None
    try:
        headers = [Header(tuple(next(csv.reader([line], delimiter=separator), [])), separator) for separator in SEPARATORS]
    except csv.Error:
        log.add("damaged_file", *NO_HEADER)
        return None
    header = max(headers, key=lambda header: known_names(header.names, delivery))
    if "|" in line and len(header.names) == 1:
        log.add("damaged_file", *OTHER_SEPARATOR)
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
