"""From stored values to patterns and periods: what the loops over persons count, of the rows that repeat nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from saime.core.tabulation.kernel_fields import PACKED, Field
from saime.core.tabulation.kernel_layout import Layout, Slots
from saime.core.tabulation.kernel_membership import Integers, Membership
from saime.core.tabulation.kernel_repeats import Changes, Places, RepeatLoops, Repeats, every
from saime.core.tabulation.kernel_rows import Array, Days, Persons, Rows

ALL_BITS = np.iinfo(np.int64).max


class LookupLoops(RepeatLoops, Protocol):
    def person_starts(self, persons: Persons) -> Integers: ...

    def gather(self, column: Array, places: Places, to: Array) -> None: ...

    def add_looked_up(
        self, patterns: Integers, column: npt.NDArray[Any], places: Places, shift: int, bits: int, table: Integers
    ) -> None: ...

    def spell_periods(self, slots: Slots, valid_from: Days, valid_to: Days, places: Places, begins: Places, masks: Integers) -> None: ...


class Source(NamedTuple):
    """A column to look up, or a field of bits in it; ``table``: by its value."""

    column: str
    shift: int
    bits: int
    table: Integers


class LookedUp(NamedTuple):
    """``starts``: of each person, and the end. ``patterns``: of the rows, negative where a row is in no cell. ``masks``: for each of
    the layout's slots the periods of the rows, as bits."""

    starts: Integers
    patterns: Integers
    masks: tuple[Integers, ...]


class Lookups:
    """The tables of a layout, and memory that is used again: fresh memory for each block would cost more than the lookups."""

    def __init__(self, layout: Layout, loops: LookupLoops) -> None:
        self._layout, self._loops, self._repeats = layout, loops, Repeats(loops)
        self._sources = cache(self._sources_of)
        self._persons = np.empty(0, np.uint32)
        self._patterns = np.empty(0, np.int64)
        self._masks = [self._patterns] * len(layout.slots)

    def take(self, rows: Rows) -> LookedUp:
        """Rows of whole persons, those side by side that differ in their spells only as one. Good until the next call."""
        self._make_room(len(rows))
        kept = 0
        for changes in self._changes(rows):
            some = slice(kept, kept + len(changes.runs))
            self._loops.gather(rows.persons, changes.runs, self._persons[some])
            self._add_patterns(rows, changes.runs, self._patterns[some])
            for slots, masks in zip(self._layout.slots, self._masks, strict=True):
                self._find_periods(slots, rows, changes, masks[some])
            kept += len(changes.runs)
        starts = self._loops.person_starts(self._persons[:kept])
        return LookedUp(starts, self._patterns[:kept], tuple(masks[:kept] for masks in self._masks))

    def patterns(self, rows: Rows) -> Integers:
        """Those of all rows."""
        patterns = np.empty(len(rows), np.int64)
        self._add_patterns(rows, every(rows).places, patterns)
        return patterns

    def periods(self, slots: Slots, rows: Rows) -> Integers:
        """Those of all rows, as bits."""
        masks = np.empty(len(rows), np.int64)
        self._find_periods(slots, rows, every(rows), masks)
        return masks

    def _make_room(self, rows: int) -> None:
        if len(self._persons) < rows:
            self._persons = np.empty(rows, np.uint32)
            self._patterns, *self._masks = (np.empty(rows, np.int64) for _ in range(1 + len(self._masks)))

    def _changes(self, rows: Rows) -> Iterator[Changes]:
        return self._repeats.changes(rows) if len(rows.time) > 1 else iter([every(rows)])  # layers of months repeat nothing

    def _add_patterns(self, rows: Rows, places: Places, patterns: Integers) -> None:
        patterns[:] = 0
        for sources, meaning in self._sources(rows.fields):
            if meaning is None:
                column, shift, bits, table = sources[0]
                self._loops.add_looked_up(patterns, rows.ordinals[column], places, shift, bits, table)
            else:
                self._loops.add_looked_up(
                    patterns, _combined(sources, rows, places), np.arange(len(places), dtype=np.int32), 0, ALL_BITS, meaning
                )

    def _find_periods(self, slots: Slots, rows: Rows, changes: Changes, masks: Integers) -> None:
        if len(rows.time) == 1:
            masks[:] = 0
            self._loops.add_looked_up(masks, rows.time[0], changes.places, 0, ALL_BITS, slots.of_months)
        else:
            valid_from, valid_to = rows.time
            self._loops.spell_periods(slots, valid_from, valid_to, changes.places, changes.begins, masks)

    def _sources_of(self, fields: tuple[Field, ...]) -> list[tuple[list[Source], Integers | None]]:
        """For each membership what to look up and the meaning of the sum; a membership of one column has its meaning in its table."""
        by_column = {field.column: field for field in fields}
        return [self._source(member, table, by_column) for member, table in zip(self._layout.memberships, self._layout.tables, strict=True)]

    def _source(self, member: Membership, table: Integers, fields: dict[str, Field]) -> tuple[list[Source], Integers | None]:
        meaning = None if len(member.columns) == 1 else table
        sources = []
        for column, step in zip(member.columns, member.steps, strict=True):
            field = fields.get(column)
            known = step if field is None else step[field.ordinals(self._layout.classes[column])]
            place = (column, 0, ALL_BITS) if field is None else (PACKED, field.shift, field.empty)
            sources.append(Source(*place, known if meaning is not None else table[known]))
        return sources, meaning


def _combined(sources: list[Source], rows: Rows, places: Places) -> Integers:
    """Where each row stands among the combinations of the classes of its columns."""
    combined = np.zeros(len(places), np.int64)
    for column, shift, bits, table in sources:
        combined += table[rows.ordinals[column][places].astype(np.int64) >> shift & bits]
    return combined
