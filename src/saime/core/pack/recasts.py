"""Mappings between versions of a classification: ``classifications/recasts/NAME.csv``."""

from __future__ import annotations

import csv
from pathlib import Path

from pydantic import ValidationError

from saime.core.errors import BadInput
from saime.core.model.recast import Recast
from saime.core.pack.yaml_file import said


def read_recast(path: Path) -> Recast:
    """Raises: BadInput that names file, lines and fields."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return Recast.model_validate({"id": path.stem, "parts": rows})
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the file: {error}", where=str(path), fix="give a readable file in UTF-8") from error
    except ValidationError as error:
        faults = "; ".join(f"{_place(e['loc'])}: {said(e)}" for e in error.errors())
        raise BadInput(faults, where=str(path), fix='docs/reference/pack.md, "Row of a mapping", shows the columns') from error


def _place(location: tuple[int | str, ...]) -> str:
    if len(location) > 1 and isinstance(location[1], int):
        return f"line {location[1] + 2}, {'.'.join(map(str, location[2:]))}"
    return "file"
