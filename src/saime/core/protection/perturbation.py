"""Cell-key perturbation: every count gets a small random change that is the same wherever the same persons are counted.

Fraser and Wooton (2005); Thompson, Broadfoot and Elazar (2013); Enderle and Giessing (2018). Each person has a record key for ever; the
cell key is the sum of the record keys of the cell's persons, modulo one. The perturbation table gives, for a count and a cell key,
the change. Zeros stay zeros. Perturbed tables are not additive: margins are perturbed from their own persons.

Keys are fractions of 2**32 held as uint32, so that sums are exact, wrap round by themselves, and add up over partitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from saime.core.errors import BadInput

Counts = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint32]

KEY_RANGE = 2**32
BLOCK = 1 << 16  # cells at once, so that they stay in the processor's cache
BIN_BITS = 14  # so many leading bits of a cell key decide the change, but for a few keys next to a bound
SPLIT = np.iinfo(np.int16).max
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Transition:
    """For counts ``count`` (for the last count of a table, and any above): with ``probability``, change by ``change``."""

    count: int
    change: int
    probability: float


@dataclass(frozen=True)
class PerturbationTable:
    """Transitions by count, in the order in which their probabilities are laid along [0, 1). Counts run from 0 without a gap."""

    name: str
    transitions: tuple[Transition, ...]

    @classmethod
    def checked(cls, name: str, transitions: tuple[Transition, ...]) -> Self:
        """Raises: BadInput naming the count whose transitions are no distribution, or that could become negative."""
        table = cls(name, transitions)
        where = f"perturbation table {name}"
        if sorted(table.by_count) != list(range(len(table.by_count))):
            raise BadInput("the counts do not run from 0 without a gap", where=where, fix="give transitions for every count up to the last")
        for count, rows in table.by_count.items():
            here = f"{where}, count {count}"
            if abs(sum(row.probability for row in rows) - 1) > TOLERANCE or min(row.probability for row in rows) < 0:
                raise BadInput("the probabilities do not add up to 1, or one is negative", where=here, fix="mend the probabilities")
            if min(count + row.change for row in rows) < 0:
                raise BadInput("a change makes a count negative", where=here, fix="remove the change")
        if [row.change for row in table.by_count[0]] != [0]:
            raise BadInput("a zero can change", where=f"{where}, count 0", fix="give count 0 the one change 0")
        return table

    @cached_property
    def by_count(self) -> dict[int, list[Transition]]:
        found: dict[int, list[Transition]] = {}
        for transition in self.transitions:
            found.setdefault(transition.count, []).append(transition)
        return found

    @cached_property
    def largest_change(self) -> int:
        """How far a published count can be from the true one, in units of the count."""
        return max(abs(transition.change) for transition in self.transitions)

    @cached_property
    def _bounds(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Upper bounds, in keys, and changes. Shape of both: counts x the most transitions of a count; padded."""
        width = max(len(rows) for rows in self.by_count.values())
        bounds = np.full((len(self.by_count), width), KEY_RANGE, dtype=np.uint64)
        changes = np.zeros((len(self.by_count), width), dtype=np.int64)
        for count, rows in self.by_count.items():
            upper = np.cumsum([row.probability for row in rows])[:-1]
            bounds[count, : len(upper)] = np.round(upper * KEY_RANGE).astype(np.uint64)
            changes[count, : len(rows)] = [row.change for row in rows]
        return bounds, changes

    @cached_property
    def _bins(self) -> npt.NDArray[np.int16]:
        """The change by count and leading bits of the key, flat; ``SPLIT`` where the further bits decide."""
        bounds, changes = self._bounds
        first = np.arange(1 << BIN_BITS, dtype=np.uint64) << np.uint64(32 - BIN_BITS)
        last = first + np.uint64((1 << (32 - BIN_BITS)) - 1)
        found = []
        for own, change in zip(bounds, changes, strict=True):
            low, high = (np.searchsorted(own, keys, side="right") for keys in (first, last))
            found.append(np.where(low == high, change[low], SPLIT))
        return np.concatenate(found).astype(np.int16)

    def changes(self, counts: Counts, keys: Keys) -> Counts:
        """The change of each cell. Shape: one entry a cell. Unit: that of the counts. Raises: ValueError for a negative count."""
        if counts.size and counts.min() < 0:
            raise ValueError("counts are 0 or more")
        found = np.empty(counts.shape, dtype=np.int64)
        for start in range(0, len(counts), BLOCK):
            part = slice(start, start + BLOCK)
            found[part] = self._block(counts[part], keys[part])
        return found

    def _block(self, counts: Counts, keys: Keys) -> npt.NDArray[np.int16]:
        count_class = np.minimum(counts, len(self.by_count) - 1)
        found: npt.NDArray[np.int16] = self._bins[(count_class << BIN_BITS) | (keys >> np.uint32(32 - BIN_BITS))]
        bounds, changes = self._bounds
        for split in np.flatnonzero(found == SPLIT):
            row = count_class[split]
            found[split] = changes[row, np.searchsorted(bounds[row], keys[split], side="right")]
        return found


def keys_of(fractions: npt.NDArray[np.float64]) -> Keys:
    """Keys given as fractions in [0, 1), as other tools write them."""
    return (np.asarray(fractions) * KEY_RANGE).astype(np.uint64).astype(np.uint32)


def add_keys(record_keys: Keys, cells: npt.NDArray[np.int64], size: int) -> Keys:
    """Cell keys from the record keys of the persons in each cell. Shape: one record key and one cell a person; ``size`` cells.

    A person in several cells, a margin among them, is given once for each. The fractional part of a sum is its remainder here.
    """
    sums = np.zeros(size, dtype=np.uint32)
    np.add.at(sums, cells, record_keys)
    return sums
