"""What is wrong with a delivery, told by code, column and row, without ever showing a personal code.

Rows are numbered as data rows: row 1 is the first row after the header, so row N is line N + 1 of a CSV file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from saime.core.errors import BadInput
from saime.core.model.text import Text

FileFault = Literal[
    "empty_file",
    "damaged_file",
    "not_utf8",
    "duplicate_column",
    "other_feed",
    "missing_column",
    "extra_column",
    "wrong_column_type",
    "no_rows",
    "wrong_field_count",
    "cut_off",
]
RowFault = Literal[
    "empty_required",
    "bad_personal_code",
    "wrong_check_digit",
    "unknown_code",
    "code_not_valid",
    "bad_date",
    "bad_integer",
    "bad_amount",
    "out_of_range",
    "bad_boolean",
    "ends_before_start",
    "outside_period",
    "duplicate_key",
    "differs_within_person",
    "overlapping_spells",
]
FaultCode = Literal[FileFault, RowFault]
ORDER = {code: position for position, code in enumerate(get_args(FaultCode))}
MOST_PLACES = 5
LONGEST_VALUE = 40  # characters
HIDDEN = "***********"  # stands where a personal code stood, or could have
FEWEST_HIDDEN_DIGITS = 9  # a personal code has 11, or 9 or 10 when a program took its zeros; a date has 8

Rows = npt.NDArray[np.int64]
ROW = Text(lv="{number}. rinda", en="row {number}")


class Place(BaseModel):
    """One example: a data row, what stands there where that may be shown, and the other row that it contradicts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    value: str | None = None
    other_row: int | None = None

    def in_language(self, language: str) -> str:
        """The row, and in brackets what stands there or the other row."""
        other = None if self.other_row is None else ROW.in_language(language).format(number=self.other_row)
        told = other if self.value is None else self.value
        row = ROW.in_language(language).format(number=self.row)
        return row if told is None else f"{row} ({told})"


class Fault(BaseModel):
    """One kind of fault in one column (or in the file): how often, up to five places, what it is and how to mend it.

    ``share`` of the delivery's rows, and ``refuse_above``, the share that the contract takes; None: it takes none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: FaultCode
    column: str | None = None
    count: int = 1
    places: tuple[Place, ...] = ()
    what: Text
    fix: Text
    share: float | None = None
    refuse_above: float | None = None

    @property
    def refuses(self) -> bool:
        return self.refuse_above is None or self.share is None or self.share > self.refuse_above

    def __str__(self) -> str:
        where = f"column {self.column}: " if self.column else ""
        more = ", …" if self.count > len(self.places) else ""
        places = ", ".join(place.in_language("en") for place in self.places)
        rows = f" [{self.count} {'row' if self.count == 1 else 'rows'}: {places}{more}]" if self.places else ""
        return f"{self.code}: {where}{self.what.en}{rows}{self._limit()}; {self.fix.en}"

    def _limit(self) -> str:
        if self.refuse_above is None or self.share is None:
            return ""
        taken = "more than" if self.refuses else "within"
        return f" ({self.share:.3%} of the rows, {taken} the {self.refuse_above:.3%} that the contract takes)"


class FaultLog:
    """Collects the faults of one delivery; of each kind it keeps the count and the first places."""

    def __init__(self) -> None:
        self._faults: dict[tuple[FaultCode, str | None], Fault] = {}

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(
        self, code: FaultCode, what: Text, fix: Text, *, column: str | None = None, count: int = 1, places: Sequence[Place] = ()
    ) -> None:
        """Add a fault. Its places may come in any order; those with the lowest rows are kept."""
        key = (code, column)
        before = self._faults.get(key)
        kept = sorted([*(before.places if before else ()), *places], key=lambda place: place.row)[:MOST_PLACES]
        total = count + (before.count if before else 0)
        self._faults[key] = Fault(code=code, column=column, count=total, places=tuple(kept), what=what, fix=fix)

    def add_rows(
        self, code: FaultCode, rows: Rows, what: Text, fix: Text, *, column: str | None = None, value: Callable[[int], str] | None = None
    ) -> None:
        """Add the fault for each of the rows, in rising order; ``value`` tells what stands at the n-th of them."""
        if not len(rows):
            return
        places = [Place(row=int(row), value=value(n) if value else None) for n, row in enumerate(rows[:MOST_PLACES])]
        self.add(code, what, fix, column=column, count=len(rows), places=places)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults: those of the file first, then by kind, then by column as they were met."""
        return tuple(sorted(self._faults.values(), key=lambda fault: ORDER[fault.code]))


class DeliveryRefused(BadInput):
    """A delivery with faults; it was sealed whole into quarantine and the warehouse is as it was. ``rows`` that were read."""

    def __init__(self, faults: tuple[Fault, ...], *, delivery: str, quarantine_id: str, rows: int = 0) -> None:
        listed = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(faults, 1))
        kinds = "one kind of fault" if len(faults) == 1 else f"{len(faults)} kinds of faults"
        super().__init__(
            f"the delivery was not loaded; it has {kinds}:\n{listed}",
            where=f"{delivery}; row 1 is the first row after the header; sealed in quarantine as {quarantine_id}",
            fix="correct the file at its source and deliver it again",
        )
        self.faults = faults
        self.rows = rows
        self.quarantine_id = quarantine_id


def shown(value: object) -> str:
    """A value as a message may show it: cut to 40 characters, and stars if it could be a personal code."""
    text = str(value)
    if len(re.sub(r"\D", "", text)) >= FEWEST_HIDDEN_DIGITS:
        return HIDDEN
    cut = text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
    return f"'{cut}'"


def holds_personal_code(text: str) -> bool:
    """Whether words that somebody wrote hold what could be a personal code, also one written with spaces between its digits."""
    joined = re.sub(r"(?<=\d)\s(?=\d)", "", text)
    return hide_personal_codes(joined) != joined


def hide_personal_codes(name: str) -> str:
    """A file's name with anything that could be a personal code replaced by stars."""
    return re.sub(r"(?<!\d)\d{6}-?\d{5}(?!\d)", HIDDEN, name)
