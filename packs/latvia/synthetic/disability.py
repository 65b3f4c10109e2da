"""The delivery of disability spells for one month: residents in the roles that the published table asks for, with dates."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from .disability_kinds import CHILD, NO_GROUP, Kind, SpellKind
from .marginals import Marginals
from .person_codes import person_codes
from .population import SEXES, Residents

ADULT = 18
YEARS_BEFORE = 3  # the residents' ages are of January 2022; a resident is three years younger in June 2019
RETIRED = 68  # assumption: those who work are younger
YEAR = 365.25  # days
MEAN_LENGTH = 4 * YEAR  # assumption: days since a spell began
OPEN_SHARE = 0.6  # assumption: spells without an end
OPEN = -1
Days = NDArray[np.int64]  # since 1970-01-01


@dataclass(frozen=True)
class Month:
    """A calendar month; ``first`` and ``last`` are days since 1970-01-01."""

    first: int
    last: int

    @classmethod
    def of(cls, code: str) -> Month:
        first = np.datetime64(code, "M").astype("datetime64[D]").astype(int)
        return cls(int(first), int(first) + calendar.monthrange(*map(int, code.split("-")))[1] - 1)


@dataclass(frozen=True)
class People:
    """Residents in the month, by place in the pool."""

    persons: NDArray[np.int64]
    sex: NDArray[np.uint8]
    age: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Spells:
    """Spells of one kind, by place of the person in the pool; ``end`` is OPEN where the spell has none."""

    kind: SpellKind
    place: NDArray[np.int64]
    age: NDArray[np.int64]
    start: Days
    end: Days


def people_of(residents: Residents, marginals: Marginals) -> People:
    born = np.flatnonzero(residents.age >= YEARS_BEFORE)
    age = residents.age[born].astype(np.int64) - YEARS_BEFORE
    weight = np.where(age < ADULT, 1.0, marginals.disability_weights[age])
    return People(residents.persons[born], residents.sex[born], age, weight)


def cast(kinds: Mapping[Kind, int], people: People, rng: np.random.Generator) -> list[tuple[Kind, NDArray[np.int64]]]:
    """Give each kind its persons, nobody twice: children, those who turn 18 in the month, adults (the younger ones work).

    Raises: ValueError if there are too few residents of an age.
    """
    order = np.argsort(rng.exponential(size=len(people.age)) / people.weight)
    ages = people.age[order]
    both = sum(count for kind, count in kinds.items() if _role(kind) == "both")
    turning = order[ages == ADULT][:both]
    adults = order[(ages >= ADULT) & ~np.isin(order, turning)]
    adults = adults[: sum(count for kind, count in kinds.items() if _role(kind) == "adult")]
    pools = {"child": order[ages < ADULT], "both": turning, "adult": adults[np.argsort(people.age[adults] >= RETIRED, kind="stable")]}
    parts = []
    for kind in sorted(kinds, key=lambda kind: not any(spell.working for spell in kind)):
        role, count = _role(kind), kinds[kind]
        if len(pools[role]) < count:
            raise ValueError(f"too few residents for the role '{role}': {len(pools[role])} left, {count} needed; make a larger population")
        parts.append((kind, pools[role][:count]))
        pools[role] = pools[role][count:]
    return parts


def make_spells(kinds: Mapping[Kind, int], people: People, month: Month, rng: np.random.Generator) -> pa.Table:
    """The delivery's rows in random order, with the contract's columns."""
    parts: list[Spells] = []
    for kind, places in cast(kinds, people, rng):
        parts += _spells(kind, places, people.age[places], month, rng)
    table = pa.concat_tables([_table(part, people) for part in parts]).combine_chunks()
    return table.take(pa.array(rng.permutation(len(table))))


def write_spells(table: pa.Table, path: Path) -> None:
    pa.csv.write_csv(table, path, pa.csv.WriteOptions(quoting_style="none", quoting_header="none"))


def _role(kind: Kind) -> str:
    if all(spell.status == CHILD for spell in kind):
        return "child"
    return "both" if any(spell.status == CHILD for spell in kind) else "adult"


def _spells(kind: Kind, places: NDArray[np.int64], age: NDArray[np.int64], month: Month, rng: np.random.Generator) -> list[Spells]:
    """One spell, two at the same time (one group), or one after the other with the change inside the month."""
    count = len(places)
    if len(kind) == 2 and kind[0].status != kind[1].status:
        change = rng.integers(month.first + 1, month.last + 1, count)
        early, late = kind if kind[0].status == CHILD or rng.random() < 0.5 else kind[::-1]
        younger = age - 1 if early.status == CHILD else age
        started, years = _begun(change - 1, younger, early, rng)
        return [
            Spells(early, places, younger - years, started, change - 1),
            Spells(late, places, age, change, _ended(change, rng)),
        ]
    by = rng.integers(month.first, month.last + 1, count)
    started, years = _begun(by, age, kind[0], rng)
    end = _ended(np.maximum(started, month.first), rng)
    return [Spells(spell, places, age - years, started, end) for spell in kind]


def _begun(by: Days, age: NDArray[np.int64], spell: SpellKind, rng: np.random.Generator) -> tuple[Days, NDArray[np.int64]]:
    """A day up to ``by`` on which the person was already (or still) of the spell's status, and birthdays since then."""
    longest = (age - (0 if spell.status == CHILD else ADULT)) * YEAR
    days = np.minimum(rng.exponential(MEAN_LENGTH, len(by)), longest).astype(np.int64)
    birthdays = np.floor(days / YEAR + rng.random(len(by))).astype(np.int64)
    return by - days, np.minimum(birthdays, (longest / YEAR).astype(np.int64))


def _ended(after: Days, rng: np.random.Generator) -> Days:
    """Open, or a day from ``after`` on."""
    return np.where(rng.random(len(after)) < OPEN_SHARE, OPEN, after + rng.integers(0, 900, len(after)))


def _table(spells: Spells, people: People) -> pa.Table:
    count, kind = len(spells.place), spells.kind
    group = pa.scalar(None if kind.status in (CHILD, NO_GROUP) else kind.status, pa.string())
    return pa.table(
        {
            "person_code": person_codes(people.persons[spells.place]),
            "sex": pa.array(SEXES).take(pa.array(people.sex[spells.place])),
            "age": pa.array(spells.age),
            "group": pa.repeat(group, count),
            "impairment": pa.repeat(kind.impairment, count),
            "working": pa.repeat(kind.working, count),
            "start_date": pa.array(spells.start.astype(np.int32)).cast(pa.date32()),
            "end_date": pa.array(spells.end.astype(np.int32), mask=spells.end == OPEN).cast(pa.date32()),
        }
    )
