"""Spells of several years: who begins what on which day and for how long, and what each feed delivers of it for a year.

The number of persons at any time stays the same: those there on the first day and the newcomers leave at the same rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from .benefits import chances
from .marginals import Histories, History, Marginals
from .person_codes import person_codes
from .population import SEXES, Residents, coded, generator, write_parquet

MONTH = 365.25 / 12  # days
NO_RESIDENT = 10_000_000  # person indexes from here on are in no register
AGAIN = 0.15  # assumption: share of persons with a second spell of the same kind, at least a day after the first
MEAN_GAP = 120  # assumption: days
OPEN = np.int64(np.iinfo(np.int32).max)
HOUSEHOLDS = 1_000_000  # more than a kind has
OLDEST = 120  # as the feeds allow
EDUCATION = {"ED0-2": 22, "ED3G": 24, "ED3V-4": 33, "ED5-8": 19, None: 2}  # assumption: percent
Days = NDArray[np.int64]  # since 1970-01-01


@dataclass(frozen=True)
class Spells:
    """Spells of one kind by row of the residents; ``code`` numbers the kind, ``end`` is included and OPEN beyond the years.

    ``person`` is the index that the personal code comes from, another one than the row's where the person is in no register.
    """

    row: NDArray[np.int64]
    person: NDArray[np.int64]
    sex: NDArray[np.uint8]
    code: NDArray[np.uint8]
    start: Days
    end: Days
    cents: NDArray[np.int64]
    household: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> Spells:
        return Spells(**{name: values[chosen] for name, values in vars(self).items()})

    def within(self, first: int, last: int) -> Spells:
        return self.of((self.start <= last) & (self.end >= first))


def make_history(feed: str, residents: Residents, marginals: Marginals, *, seed: int, scale: float) -> Spells:
    """All spells of a feed over all years."""
    parts = []
    for number, (code, history) in enumerate(marginals.histories.feeds[feed].items()):
        parts.append(_spells(number, history, residents, marginals, generator(seed, f"history {feed} {code}"), scale))
    spells = Spells(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})
    if feed == "care-residents":  # nobody lives in two institutions
        spells = spells.of(_of_the_first_kind(spells))
    return _as_recorded(spells, marginals.histories, len(residents.persons), generator(seed, f"recorded {feed}"))


def write_year(feed: str, spells: Spells, residents: Residents, marginals: Marginals, year: int, path: Path) -> None:
    """The delivery of one year in random order; CSV or Parquet as the path says. Pensions are those of its last day."""
    rng = np.random.Generator(np.random.PCG64([year, *feed.encode()]))
    chosen = spells.within(_day(year, 12, 31) if feed == "pensions" else _day(year, 1, 1), _day(year, 12, 31))
    columns = _person_columns(chosen, residents, marginals, year) | _columns_of(feed, chosen, tuple(marginals.histories.feeds[feed]))
    table = pa.table(columns).take(pa.array(rng.permutation(len(chosen.row))))
    if path.suffix == ".csv":
        pa.csv.write_csv(table, path, pa.csv.WriteOptions(quoting_style="none", quoting_header="none"))
    else:
        write_parquet(table, path)


def _spells(number: int, history: History, residents: Residents, marginals: Marginals, rng: np.random.Generator, scale: float) -> Spells:
    """Draw the persons of all years, the days on which they begin, and how long they stay."""
    first, last = _day(marginals.histories.years[0], 1, 1), _day(marginals.histories.years[-1], 12, 31)
    stay = MONTH / history.turnover  # mean days
    in_all = 1 + (last + 1 - first) / stay * (1 - AGAIN)  # persons in all years for each person at any time
    chance = chances(history, residents, marginals, scale * history.at_any_time * in_all)
    row = np.flatnonzero(rng.random(len(residents.persons)) < chance)
    there = rng.random(len(row)) < 1 / in_all
    start = np.where(there, first - rng.exponential(stay, len(row)), rng.uniform(first, last + 1, len(row)))
    end = np.maximum(start, first) + rng.exponential(stay, len(row))
    again = np.flatnonzero((rng.random(len(row)) < AGAIN) & (end < last))
    restart = end[again] + 1 + rng.exponential(MEAN_GAP, len(again))
    twice = np.concatenate([np.arange(len(row)), again])
    ended = np.floor(np.concatenate([end, restart + rng.exponential(stay, len(again))])).astype(np.int64)
    return Spells(
        row=row[twice],
        person=residents.persons[row[twice]],
        sex=residents.sex[row[twice]],
        code=np.full(len(twice), number, np.uint8),
        start=np.floor(np.concatenate([start, restart])).astype(np.int64),
        end=np.where(ended > last, OPEN, ended),
        cents=_amounts(history, len(row), rng)[twice],
        household=(_households(residents.local_government[row], history.household, rng) + number * HOUSEHOLDS)[twice],
    )


def _of_the_first_kind(spells: Spells) -> NDArray[np.bool_]:
    order = np.lexsort((spells.code, spells.row))
    rows, places = np.unique(spells.row[order], return_index=True)
    kind = spells.code[order][places]
    return np.asarray(kind[np.searchsorted(rows, spells.row)] == spells.code)


def _as_recorded(spells: Spells, histories: Histories, residents: int, rng: np.random.Generator) -> Spells:
    """Some persons are in no register, the more the later they begin; of some the feed has another sex than the register."""
    of_year = np.array([histories.strangers[year] for year in histories.years]) / 100
    begins = np.searchsorted([_day(year, 1, 1) for year in histories.years[1:]], spells.start, side="right")
    is_stranger = rng.random(residents)[spells.row] < of_year[begins]
    other_sex = rng.random(residents)[spells.row] < histories.other_sex / 100
    person = np.where(is_stranger, spells.person + NO_RESIDENT, spells.person)
    return replace(spells, person=person, sex=np.where(other_sex, 1 - spells.sex, spells.sex).astype(np.uint8))


def _person_columns(spells: Spells, residents: Residents, marginals: Marginals, year: int) -> dict[str, pa.Array]:
    age = residents.age[spells.row].astype(np.int32) + (year - marginals.histories.years[0])
    month = 1 if year == marginals.histories.years[0] else 12  # those who move do so in the first year
    return {
        "person_code": person_codes(spells.person),
        "sex": coded(spells.sex, SEXES),
        "age": pa.array(np.minimum(age, OLDEST)),
        "local_government": coded(residents.local_government_in(month, spells.row), marginals.local_governments),
    }


def _columns_of(feed: str, spells: Spells, codes: tuple[str, ...]) -> dict[str, pa.Array]:
    """The columns of a feed beside those of the person, in the order of its contract."""
    kind, amount = coded(spells.code, codes), _euro(spells.cents)
    dates = {
        "start_date": pa.array(spells.start.astype(np.int32)).cast(pa.date32()),
        "end_date": pa.array(spells.end.astype(np.int32), mask=spells.end == OPEN).cast(pa.date32()),
    }
    if feed == "unemployment":
        return {"education": _education(spells), **dates}
    if feed == "care-residents":
        return {"institution": kind, **dates}
    if feed == "pensions":
        return {"pension": kind, "amount": amount}
    return {"benefit": kind, "household": pa.array(spells.household.astype(np.int32)), "amount": amount, **dates}


def _education(spells: Spells) -> pa.Array:
    """The same for all spells of a person."""
    shares = np.cumsum(list(EDUCATION.values()))
    drawn = generator(0, "education").random(int(spells.row.max(initial=0)) + 1)[spells.row]
    return pa.array(list(EDUCATION)).take(pa.array(np.searchsorted(shares, drawn * shares[-1], side="right")))


def _amounts(history: History, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Cents, evenly within a band; 0 where a kind has no amounts."""
    if not history.amounts:
        return np.zeros(count, np.int64)
    edges = np.array(list(history.amounts), np.float64)
    shares = np.array(list(history.amounts.values())[:-1], np.float64)
    band = rng.choice(len(shares), count, p=shares / shares.sum())
    return np.floor(100 * rng.uniform(edges[band], edges[band + 1])).astype(np.int64)


def _households(local_government: NDArray[np.uint8], size: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers from 1 on; the members of a household live in one local government."""
    order = np.argsort(local_government, kind="stable")
    moved = np.diff(local_government[order], prepend=-1) != 0
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(moved | (rng.random(len(order)) < 1 / size))
    return number


def _euro(cents: NDArray[np.int64]) -> pa.Array:
    """Decimals with two digits after the point, of amounts that are not negative."""
    halves = np.zeros((len(cents), 2), np.int64)
    halves[:, 0] = cents
    return pa.Decimal128Array.from_buffers(pa.decimal128(12, 2), len(cents), [None, pa.py_buffer(halves)])


def _day(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days
