"""Personal codes to numbers in one compiled loop (numba): the digits and the check digit of a code while it is in hand.

All arithmetic is unsigned, because a remainder of signed numbers takes twice the time.
"""

# mypy: disable-error-code="misc, no-any-return"

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

ZERO, DASH = np.uint8(ord("0")), np.uint8(ord("-"))
DIGITS, BEFORE_DASH, AFTER_DASH = np.uint64(11), np.uint64(6), np.uint64(5)
NONE, ONE, NINE, TEN, ELEVEN = np.uint32(0), np.uint64(1), np.uint32(9), np.uint32(10), np.uint32(11)
SHIFT = np.uint64(10**5)

Bytes = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.uint32]


@njit(cache=True, nogil=True, forceinline=True)
def _read(data: Bytes, start: np.uint64, count: np.uint64, weights: Weights) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Some digits as a number, their weighted sum, the highest and the last of them."""
    number, weighted, highest, digit = NONE, NONE, NONE, NONE
    for place in range(count):
        digit = np.uint32(np.uint8(data[start + place] - ZERO))
        number = np.uint32(number * TEN + digit)
        weighted = np.uint32(weighted + weights[place] * digit)
        highest = max(highest, digit)
    return number, weighted, highest, digit


@njit(cache=True, nogil=True)
def parse(
    data: Bytes,
    offsets: npt.NDArray[np.int32],
    weights: Weights,
    exempt: np.uint32,
    numbers: npt.NDArray[np.int64],
    malformed: npt.NDArray[np.bool_],
    wrong: npt.NDArray[np.bool_],
) -> None:
    """Fill the last three, of equal length, from text whose ``offsets`` are one more.

    The check digit is that of ``weights[11] + sum(weights[k] x digit[k])``; ``weights[10]``, of the check digit itself, is 0.
    """
    first, second = weights[:6], weights[6:11]
    for place in range(len(numbers)):
        start, end = np.uint64(offsets[place]), np.uint64(offsets[place + 1])
        length = end - start
        if length != DIGITS and not (length == DIGITS + ONE and data[start + BEFORE_DASH] == DASH):
            numbers[place], malformed[place], wrong[place] = 0, True, False
            continue
        high, sum_high, highest_high, _ = _read(data, start, BEFORE_DASH, first)
        low, sum_low, highest_low, check = _read(data, end - AFTER_DASH, AFTER_DASH, second)
        expected = np.uint32(weights[11] + sum_high + sum_low) % ELEVEN % TEN
        is_bad = max(highest_high, highest_low) > NINE
        numbers[place] = np.uint64(high) * SHIFT + np.uint64(low)
        malformed[place] = is_bad
        wrong[place] = (not is_bad) & (expected != check) & (high // np.uint32(10000) != exempt)
