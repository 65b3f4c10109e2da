"""The record key of each person, for engines that add them up by cell. It lives in memory: 8 bytes a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saime.core.errors import BadInput
from saime.core.warehouse.key_domains import RecordKeyArray, RecordKeys
from saime.core.warehouse.persons import PersonNumbers
from saime.core.warehouse.store import Warehouse

KEY_RANGE = 2**32


@dataclass(frozen=True, repr=False)
class RecordKeyTable:
    """Shape: (persons,) both. ``numbers`` of the persons rise; ``keys`` are fractions of 2**32."""

    numbers: PersonNumbers
    keys: RecordKeyArray

    def of(self, persons: PersonNumbers) -> RecordKeyArray:
        """Shape: that of ``persons``. Raises: BadInput for a person that the warehouse does not know."""
        places = np.minimum(np.searchsorted(self.numbers, persons), max(len(self.numbers) - 1, 0))
        if len(persons) and (not len(self.numbers) or (self.numbers[places] != persons).any()):
            raise unknown_person()
        return self.keys[places] if len(persons) else np.empty(0, np.uint32)

    def between(self, first: int, last: int) -> RecordKeyTable:
        """That of the persons whose numbers are neither below ``first`` nor above ``last``; the memory is shared."""
        some = slice(*np.searchsorted(self.numbers, (first, last + 1)))
        return RecordKeyTable(self.numbers[some], self.keys[some])


def unknown_person() -> BadInput:
    return BadInput("facts name a person who is in no person table", where="warehouse", fix="restore the warehouse from a backup")


def record_key_table(warehouse: Warehouse, keys: RecordKeys) -> RecordKeyTable:
    """Of all persons of the warehouse. Raises: BadInput if a key is not of the warehouse; SaimeError for a damaged table."""
    tables = [warehouse.persons(partition) for partition in range(warehouse.manifest.partitions)]
    numbers = np.concatenate([table.numbers for table in tables])
    return RecordKeyTable(numbers, np.concatenate([keys.of(table.key_bytes) for table in tables]))
