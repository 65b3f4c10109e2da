"""Personal codes that cannot belong to anyone: the old form DDMMYY-CNNNK with a valid check digit and a day from 60 to 99."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# A number below CODES is read, from the left, as day, month, year, century and serial number.
DAYS, MONTHS, YEARS, CENTURIES, SERIALS = 40, 12, 100, 3, 1000
CODES = DAYS * MONTHS * YEARS * CENTURIES * SERIALS
FIRST_DAY = 60  # no month has it, and no code begins with 32, which marks codes without a birth date
STEP, OFFSET = 88_888_891, 31_415_926  # STEP and CODES have no common divisor, so different persons get different codes
WEIGHTS = np.array([1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
LENGTH = 11


def code_digits(persons: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Digits 0-9 of each person's code, one row of eleven per person index."""
    if persons.size and (persons.min() < 0 or persons.max() >= CODES):
        raise ValueError(f"person indexes run from 0 to {CODES - 1}; make a smaller population")
    number = (persons.astype(np.int64) * STEP + OFFSET) % CODES
    number, serial = np.divmod(number, SERIALS)
    number, century = np.divmod(number, CENTURIES)
    number, year = np.divmod(number, YEARS)
    day, month = np.divmod(number, MONTHS)
    digits = np.empty((len(persons), LENGTH), dtype=np.uint8)
    for column, part in ((0, day + FIRST_DAY), (2, month + 1), (4, year)):
        digits[:, column], digits[:, column + 1] = np.divmod(part, 10)
    digits[:, 6] = century
    digits[:, 7], digits[:, 8], digits[:, 9] = serial // 100, serial // 10 % 10, serial % 10
    digits[:, 10] = (1101 - digits[:, :10] @ WEIGHTS) % 11 % 10
    return digits


def person_codes(persons: NDArray[np.int64]) -> pa.Array:
    """The codes as an Arrow array of text."""
    characters = (code_digits(persons) + np.uint8(ord("0"))).tobytes()
    offsets = np.arange(len(persons) + 1, dtype=np.int32) * np.int32(LENGTH)
    return pa.StringArray.from_buffers(len(persons), pa.py_buffer(offsets.tobytes()), pa.py_buffer(characters))
