"""Personal codes to numbers without numba: one whole-array step for each of the eleven places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DIGITS, DASH_AFTER = 11, 6

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def parse(
    data: Bytes,
    offsets: npt.NDArray[np.int32],
    weights: npt.NDArray[np.uint32],
    exempt: np.uint32,
    numbers: npt.NDArray[np.int64],
    malformed: Mask,
    wrong: Mask,
) -> None:
    """The same as ``parse`` of ``code_loops``."""
    text, is_code = _eleven_characters(data, offsets)
    digits = np.ascontiguousarray(text.T) - np.uint8(ord("0"))
    highest = np.zeros(len(numbers), np.uint8)
    weighted = np.full(len(numbers), weights[DIGITS], np.uint32)
    numbers[:] = 0
    for row, weight in zip(digits, weights, strict=False):
        numbers *= 10
        numbers += row
        weighted += weight * row
        np.maximum(highest, row, out=highest)
    malformed[:] = ~is_code | (highest > 9)
    wrong[:] = ~malformed & (weighted % 11 % 10 != digits[-1]) & (numbers // 10 ** (DIGITS - 2) != exempt)


def _eleven_characters(data: Bytes, offsets: npt.NDArray[np.int32]) -> tuple[Bytes, Mask]:
    """The characters without the dash, shape (n, 11), and which values have the right length and dash."""
    lengths = np.diff(offsets)
    for length in (DIGITS, DIGITS + 1):
        if (lengths == length).all():
            return _without_dash(data[offsets[0] : offsets[-1]].reshape(-1, length))
    text = np.zeros((len(lengths), DIGITS), np.uint8)
    is_code = np.zeros(len(lengths), np.bool_)
    for length in (DIGITS, DIGITS + 1):
        chosen = np.flatnonzero(lengths == length)
        text[chosen], is_code[chosen] = _without_dash(data[offsets[chosen][:, None] + np.arange(length)])
    return text, is_code


def _without_dash(text: Bytes) -> tuple[Bytes, Mask]:
    if text.shape[1] == DIGITS:
        return text, np.ones(len(text), np.bool_)
    return np.delete(text, DASH_AFTER, axis=1), text[:, DASH_AFTER] == ord("-")
