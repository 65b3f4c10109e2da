"""Read a pack's CSV file into typed rows; every fault is told with file, row and column."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from saime.core.errors import BadInput

MAXIMUM_FAULTS = 20  # shown in one message; the rest is counted
FIRST_ROW = 2  # row 1 is the header, as a spreadsheet counts

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
OptionalInt = Annotated[int | None, BeforeValidator(lambda value: value or None)]


def _split(value: object) -> object:
    return [part for part in value.split(";") if part] if isinstance(value, str) else value


Codes = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Row(BaseModel):
    """A row of a pack's CSV file; the fields are its columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")


RowType = TypeVar("RowType", bound=Row)


class Faults:
    """Collects faults so that a reader mends them all at once."""

    def __init__(self) -> None:
        self._messages: list[str] = []

    def add(self, path: Path, row: int, column: str, what: str) -> None:
        self._messages.append(f"{path.name}, row {row}, column {column}: {what}")

    def add_unknown(self, path: Path, rows: Sequence[Row], column: str, known: Collection[str]) -> None:
        for number, row in enumerate(rows, FIRST_ROW):
            value = getattr(row, column)
            for code in value if isinstance(value, tuple) else (value,):
                if code is not None and code not in known:
                    self.add(path, number, column, f"'{code}' is unknown; known are {', '.join(sorted(known))}")

    def add_repeated(self, path: Path, rows: Sequence[Row], *columns: str) -> None:
        seen: dict[tuple[object, ...], int] = {}
        for number, row in enumerate(rows, FIRST_ROW):
            key = tuple(getattr(row, column) for column in columns)
            if key in seen:
                self.add(path, number, columns[-1], f"repeats row {seen[key]}")
            seen.setdefault(key, number)

    def raise_if_any(self, folder: Path) -> None:
        if self._messages:
            shown = self._messages[:MAXIMUM_FAULTS]
            more = len(self._messages) - len(shown)
            what = "; ".join(shown) + (f"; and {more} more" if more else "")
            raise BadInput(what, where=str(folder), fix="mend the cells named above and load again; nothing was changed")


def read_rows(path: Path, model: type[RowType], faults: Faults) -> list[RowType]:
    """Raises: BadInput when the file or its header cannot be read; faulty cells go to ``faults``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _check_header(path, header, model)
            return list(_valid_rows(path, header, reader, model, faults))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"cannot read the file: {error}", where=str(path), fix="give a readable CSV file in UTF-8") from error


def _check_header(path: Path, header: Sequence[str], model: type[Row]) -> None:
    missing = [name for name in model.model_fields if name not in header]
    unknown = [name for name in header if name not in model.model_fields]
    if missing or unknown:
        what = "; ".join(
            [f"column {name} is missing" for name in missing] + [f"column {name or '(without a name)'} is unknown" for name in unknown]
        )
        raise BadInput(what, where=f"{path}, row 1", fix=f"the columns are {', '.join(model.model_fields)}")


def _valid_rows(path: Path, header: Sequence[str], reader: Iterable[list[str]], model: type[RowType], faults: Faults) -> Iterable[RowType]:
    for number, cells in enumerate(reader, FIRST_ROW):
        if len(cells) != len(header):
            faults.add(path, number, header[-1], f"the row has {len(cells)} cells, the header {len(header)}")
            continue
        try:
            yield model.model_validate(dict(zip(header, cells, strict=True)))
        except ValidationError as error:
            for fault in error.errors():
                faults.add(path, number, str(fault["loc"][0]), fault["msg"])
