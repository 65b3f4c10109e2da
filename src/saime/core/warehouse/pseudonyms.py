"""Personal codes to 128-bit person keys by a keyed permutation, many at a time.

A person key is AES-256 of one 16-byte block: the eleven digits as a big-endian integer (8 bytes) and a tag that names
the key domain and its version (8 bytes). A block cipher under one key is a permutation of blocks, so two codes never
share a person key. ECB means here just "each block by itself": every block is a different code, or must give the same
person key again, which is the purpose. With the key the person keys can be turned back, so the key stays outside.

The check digit's formula is unverified against a source; it is data, and can be left out (docs/explanation/pseudonyms.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY_BYTES = 32  # AES-256
DOMAIN_TAG = b"saimewh1"  # key domain "warehouse", version 1
FINGERPRINT_BLOCK = b"saime:key-print1"  # no personal code packs to it: those begin with three zero bytes
BLOCKS_AT_A_TIME = 1 << 16  # 1 MiB of blocks stays in the processor's cache
DIGITS = 11

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
PersonKeys = npt.NDArray[np.uint8]  # shape (n, 16)


@dataclass(frozen=True)
class CheckDigitRule:
    """``check digit = ((offset - sum(weight x digit)) mod 11) mod 10`` for codes that do not begin with ``exempt``."""

    weights: tuple[int, ...]
    offset: int
    exempt: int


OLD_FORM_CHECK_DIGIT = CheckDigitRule(weights=(1, 6, 3, 7, 9, 10, 5, 8, 4, 2), offset=1101, exempt=32)


@dataclass(frozen=True)
class ParsedCodes:
    """Personal codes as numbers, in the order given; a number means nothing where ``malformed``."""

    numbers: Numbers
    malformed: Mask
    wrong_check_digit: Mask


def parse_personal_codes(codes: pa.Array, rule: CheckDigitRule | None = OLD_FORM_CHECK_DIGIT) -> ParsedCodes:
    """Read ``DDMMYY-NNNNN`` and eleven digits alike; an empty value is malformed. Whether the day exists is not checked.

    Shape: one number and two marks for each value of a pyarrow string array.
    """
    codes = codes.cast(pa.string())
    blocks = [_parse_block(codes.slice(start, BLOCKS_AT_A_TIME), rule) for start in range(0, max(len(codes), 1), BLOCKS_AT_A_TIME)]
    numbers, malformed, wrong = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return ParsedCodes(numbers, malformed, wrong)


def _parse_block(codes: pa.StringArray, rule: CheckDigitRule | None) -> tuple[Numbers, Mask, Mask]:
    text, is_code = _eleven_characters(codes)
    digits = np.ascontiguousarray(text.T) - np.uint8(ord("0"))
    numbers = np.zeros(len(codes), np.int64)
    highest = np.zeros(len(codes), np.uint8)
    for row in digits:
        numbers *= 10
        numbers += row
        np.maximum(highest, row, out=highest)
    malformed = ~is_code | (highest > 9)
    if rule is None:
        return numbers, malformed, np.zeros(len(codes), np.bool_)
    return numbers, malformed, ~malformed & _has_wrong_check_digit(digits, numbers, rule)


def _has_wrong_check_digit(digits: npt.NDArray[np.uint8], numbers: Numbers, rule: CheckDigitRule) -> Mask:
    weighted = np.full(digits.shape[1], rule.offset, np.int16)
    for weight, row in zip(rule.weights, digits[:-1], strict=True):
        weighted -= np.int16(weight) * row
    exempt = numbers // 10 ** (DIGITS - 2) == rule.exempt
    return np.asarray((weighted % 11 % 10 != digits[-1]) & ~exempt, np.bool_)


def _eleven_characters(codes: pa.StringArray) -> tuple[npt.NDArray[np.uint8], Mask]:
    """The characters without the dash, shape (n, 11), and which values have the right length and dash."""
    _, offsets_buffer, data_buffer = codes.buffers()
    count = len(codes)
    offsets = np.frombuffer(offsets_buffer, np.int32)[codes.offset : codes.offset + count + 1] if count else np.zeros(1, np.int32)
    data = np.frombuffer(data_buffer or b"", np.uint8)
    lengths = np.diff(offsets)
    for length in (DIGITS, DIGITS + 1):
        if count and codes.null_count == 0 and (lengths == length).all():
            text = data[offsets[0] : offsets[-1]].reshape(count, length)
            return _without_dash(text)
    return _gather(data, offsets[:-1], np.where(np.asarray(codes.is_valid()), lengths, 0))


def _without_dash(text: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], Mask]:
    if text.shape[1] == DIGITS:
        return text, np.ones(len(text), np.bool_)
    return np.delete(text, 6, axis=1), text[:, 6] == ord("-")


def _gather(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint8], Mask]:
    """The way for a block whose values differ in length."""
    text = np.zeros((len(starts), DIGITS), np.uint8)
    is_code = np.zeros(len(starts), np.bool_)
    for length in (DIGITS, DIGITS + 1):
        chosen = np.flatnonzero(lengths == length)
        text[chosen], is_code[chosen] = _without_dash(data[starts[chosen][:, None] + np.arange(length)])
    return text, is_code


class PersonCipher:
    """AES-256 under the warehouse's key. The key is not shown by ``repr`` and cannot be asked for."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a person key is {KEY_BYTES} bytes")
        self._cipher = Cipher(algorithms.AES256(key), modes.ECB())  # noqa: S305 - a permutation of single blocks, see above
        self.fingerprint = self._encrypt(FINGERPRINT_BLOCK)[:8].hex()

    def person_keys(self, numbers: Numbers) -> PersonKeys:
        """Person keys of personal codes given as numbers. Shape: (n,) to (n, 16), in the same order."""
        keys = np.empty((len(numbers), 16), np.uint8)
        for start in range(0, len(numbers), BLOCKS_AT_A_TIME):
            block = numbers[start : start + BLOCKS_AT_A_TIME]
            packed = np.empty((len(block), 2), ">u8")
            packed[:, 0] = block
            packed[:, 1] = int.from_bytes(DOMAIN_TAG, "big")
            encrypted = np.frombuffer(self._encrypt(packed.data.cast("B")), np.uint8)
            keys[start : start + len(block)] = encrypted.reshape(-1, 16)
        return keys

    def _encrypt(self, blocks: bytes | memoryview) -> bytes:
        return self._cipher.encryptor().update(blocks)
