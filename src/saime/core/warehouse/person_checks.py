"""What the rows of one person must not be together: alike in their key, of two sexes, or with spells that overlap.

A partition holds all rows of its persons, so each partition is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from saime.core.model.text import Text
from saime.core.warehouse.contract import Column, FeedContract
from saime.core.warehouse.facts import VALID_FROM, VALID_TO
from saime.core.warehouse.faults import FaultCode, Rows

Columns = list[npt.NDArray[np.int64]]
Mask = npt.NDArray[np.bool_]
VALUE_BITS = 16  # codes are stored as uint16
OPEN_END = 1 << 32  # later than any date32
DAYS = 1 << 34  # so far apart that a run's days lie above those of the run before
OF_A_PERSON: dict[FaultCode, tuple[Text, Text]] = {
    "duplicate_key": (
        Text(lv="rindai ir tā pati atslēga ({key}) kā agrākai rindai", en="rows share the key {key} with an earlier row"),
        Text(lv="piegādājiet katru atslēgu vienreiz", en="deliver each key once"),
    ),
    "differs_within_person": (
        Text(
            lv="vienas personas rindas atšķiras, bet pēc apraksta personai ir viena vērtība",
            en="rows of one person differ, and the contract says that a person has one value",
        ),
        Text(lv="piegādājiet vienu vērtību", en="deliver one value"),
    ),
    "overlapping_spells": (
        Text(
            lv="rinda sākas, pirms beigusies tās pašas personas cita rinda",
            en="the spell begins before another spell of the same person has ended",
        ),
        Text(lv="izlabojiet datumus vai izlaidiet vienu rindu", en="correct the dates, or leave one out"),
    ),
}


@dataclass(frozen=True)
class PersonFault:
    """Pairs of rows, shape (n, 2): a faulty row, and the row that it contradicts."""

    code: FaultCode
    pairs: Rows
    column: str | None = None


@dataclass
class RowsOfPersons:
    """The rows of a partition. ``person``: their numbers; ``column`` gives a fact column as numbers, an empty value as the lowest."""

    person: npt.NDArray[np.int64]
    column: Callable[[str], npt.NDArray[np.int64]]
    contract: FeedContract
    sound: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.sound = np.ones(len(self.person), np.bool_)

    def check(self, position: Rows) -> tuple[PersonFault, ...]:
        """The faults by positions; ``sound`` then marks the rows to load. Duplicates are found here only if they are tolerated."""
        found = []
        for code, column, pairs in self._pairs():
            if len(pairs):
                found.append(PersonFault(code, position[pairs], column))
                if not self.contract.keeps_rows_with(code):
                    self.sound[pairs[:, 0]] = False
        return tuple(found)

    def _pairs(self) -> Iterator[tuple[FaultCode, str | None, Rows]]:
        if "duplicate_key" in self.contract.tolerances:
            yield "duplicate_key", None, self._duplicates()
        for column in self.contract.fact_columns:
            if column.one_per_person:
                yield "differs_within_person", column.name, self._of_two_values(column)
        if self.contract.spell and self.contract.spell.no_overlap_by is not None:
            yield "overlapping_spells", self.contract.spell.start, self._overlaps(self.contract.spell.no_overlap_by)

    def _duplicates(self) -> Rows:
        """Each row whose key an earlier row has, with the first such row."""
        key = [self.person, *(self.column(self._stored(name)) for name in self.contract.key if name != self.contract.person_column)]
        order = np.lexsort(key[::-1])  # stable, so rows with one key stay in their order
        begins = _begins_a_run([column[order] for column in key])
        first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
        return np.column_stack([order[~begins], order[first[~begins]]]).astype(np.int64)

    def _of_two_values(self, column: Column) -> Rows:
        """All rows of the persons whose rows differ in the column, each with a row that it differs from."""
        values = self.column(column.name)
        if not _differ(self.person, values):
            return np.empty((0, 2), np.int64)
        order = np.lexsort((values, self.person))
        begins = _begins_a_run([self.person[order]])
        run = np.cumsum(begins) - 1
        first = np.flatnonzero(begins)
        last = np.append(first[1:], len(order)) - 1
        low, high = order[first][run], order[last][run]
        differs = values[low] != values[high]
        other = np.where(values[order] == values[low], high, low)
        return np.column_stack([order[differs], other[differs]]).astype(np.int64)

    def _overlaps(self, by: tuple[str, ...]) -> Rows:
        """Each sound row that begins before an earlier spell of its person and group has ended, with the one that ends last."""
        rows = np.flatnonzero(self.sound)
        group = [column[rows] for column in (self.person, *map(self.column, by))]
        start, end = self.column(VALID_FROM)[rows], self.column(VALID_TO)[rows]
        end = np.where(end == np.iinfo(np.int64).min, OPEN_END, end)
        order = np.lexsort((start, *group[::-1]))
        begins = _begins_a_run([column[order] for column in group])
        if begins.all():
            return np.empty((0, 2), np.int64)
        longest = _longest_so_far(begins, end[order])
        before = np.roll(longest, 1)
        overlaps = ~begins & (start[order] <= end[order][before])
        return np.column_stack([rows[order[overlaps]], rows[order[before[overlaps]]]]).astype(np.int64)

    def _stored(self, name: str) -> str:
        return dict(zip(self.contract.spell_columns, (VALID_FROM, VALID_TO), strict=False)).get(name, name)


def _differ(person: npt.NDArray[np.int64], values: npt.NDArray[np.int64]) -> bool:
    """Does a person have two values? Quick to see: most have not."""
    both = np.sort(person << VALUE_BITS | values)
    return bool(((both[1:] != both[:-1]) & (both[1:] >> VALUE_BITS == both[:-1] >> VALUE_BITS)).any())


def _longest_so_far(begins: Mask, end: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each spell the place of the one that ends last of those up to it in its run."""
    days = np.cumsum(begins) * DAYS + end
    latest = np.maximum.accumulate(days)
    is_later = np.append(True, latest[1:] > latest[:-1])
    return np.maximum.accumulate(np.where(is_later, np.arange(len(days)), 0))


def _begins_a_run(columns: Columns) -> Mask:
    begins = np.ones(len(columns[0]), np.bool_)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return begins
