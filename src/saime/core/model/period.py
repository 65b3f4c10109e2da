"""Reference periods: a year, a quarter, a month or a day, written as in SDMX (2022, 2022-Q1, 2022-06, 2022-06-30)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from saime.core.errors import BadInput

_FORMS = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")


@dataclass(frozen=True, order=True)
class Period:
    """A span of days, both ends included, with its SDMX code and frequency (A, Q, M, D)."""

    start: date
    end: date
    code: str
    frequency: str

    @classmethod
    def parse(cls, code: str) -> Period:
        """Read a period code. Raises: BadInput if it is not one."""
        match = _FORMS.fullmatch(code.strip())
        if not match:
            raise _not_a_period(code)
        year, quarter, month, day = (int(part) if part else 0 for part in match.group("year", "quarter", "month", "day"))
        try:
            if day:
                start = date(year, month, day)
                return cls(start, start, code, "D")
            if month:
                return cls(date(year, month, 1), _last_day(year, month), code, "M")
            if quarter:
                return cls(date(year, 3 * quarter - 2, 1), _last_day(year, 3 * quarter), code, "Q")
            return cls(date(year, 1, 1), date(year, 12, 31), code, "A")
        except ValueError as error:
            raise _not_a_period(code) from error

    def overlaps(self, other: Period) -> bool:
        return self.start <= other.end and other.start <= self.end

    def parts(self, frequency: str) -> tuple[Period, ...]:
        """The periods of a frequency (A, Q, M, D) that make this one up; itself if it is as short or shorter."""
        parts, day = [], self.start
        while day <= self.end:
            part = Period.parse(_code_of(day, frequency))
            parts.append(part)
            day = part.end + timedelta(days=1)
        return tuple(parts) if len(parts) > 1 else (self,)

    @property
    def previous(self) -> Period:
        """The period of the same frequency that ends on the day before."""
        return Period.parse(_code_of(self.start - timedelta(days=1), self.frequency))

    @property
    def following(self) -> Period:
        """The period of the same frequency that begins on the day after."""
        return Period.parse(_code_of(self.end + timedelta(days=1), self.frequency))

    def covers(self, other: Period) -> bool:
        return self.start <= other.start and other.end <= self.end


def _code_of(day: date, frequency: str) -> str:
    return {"A": f"{day:%Y}", "Q": f"{day:%Y}-Q{(day.month + 2) // 3}", "M": f"{day:%Y-%m}", "D": f"{day:%Y-%m-%d}"}[frequency]


def _last_day(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)


def _not_a_period(code: str) -> BadInput:
    return BadInput(f"'{code}' is not a reference period", fix="write a year 2022, a quarter 2022-Q1, a month 2022-06 or a day 2022-06-30")
