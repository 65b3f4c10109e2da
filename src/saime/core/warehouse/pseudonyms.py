"""Personal codes to 128-bit person keys by a keyed permutation, many at a time.

A person key is AES-256 of one 16-byte block: the eleven digits as a big-endian integer (8 bytes) and a tag that names
the key domain and its version (8 bytes). A block cipher under one key is a permutation of blocks, so two codes never
share a person key. ECB means here just "each block by itself": every block is a different code, or must give the same
person key again, which is the purpose. With the key the person keys can be turned back, so the key stays outside; the
tag then shows that the key was the right one.

The check digit's formula is unverified against a source; it is data, and can be left out (docs/explanation/pseudonyms.md).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from saime.core.errors import BadInput

KEY_BYTES = 32  # AES-256
DOMAIN_TAG = b"saimewh1"  # key domain "warehouse", version 1
FINGERPRINT_BLOCK = b"saime:key-print1"  # no personal code packs to it: those begin with three zero bytes
BLOCKS_AT_A_TIME = 1 << 16  # 1 MiB of blocks stays in the processor's cache
BLOCK, SLACK = 16, 15  # bytes; the cipher library asks for room for one block more, less one byte
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

    @property
    def added(self) -> npt.NDArray[np.uint32]:
        """The same modulo 11 as an unsigned sum: by place of the eleven digits, and the offset."""
        return np.array([*(-weight % 11 for weight in self.weights), 0, self.offset % 11], np.uint32)


OLD_FORM_CHECK_DIGIT = CheckDigitRule(weights=(1, 6, 3, 7, 9, 10, 5, 8, 4, 2), offset=1101, exempt=32)


@dataclass(frozen=True)
class ParsedCodes:
    """Personal codes as numbers, in the order given; a number means nothing where ``malformed``."""

    numbers: Numbers
    malformed: Mask
    wrong_check_digit: Mask


class Parser(Protocol):
    """A way to read codes; ``code_loops`` and ``code_arrays`` are two of them."""

    def parse(
        self,
        data: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int32],
        weights: npt.NDArray[np.uint32],
        exempt: np.uint32,
        numbers: Numbers,
        malformed: Mask,
        wrong: Mask,
    ) -> None: ...


def compiled_parser() -> Parser:
    """Raises: ImportError without numba."""
    return cast(Parser, importlib.import_module("saime.core.warehouse.code_loops"))


def array_parser() -> Parser:
    return cast(Parser, importlib.import_module("saime.core.warehouse.code_arrays"))


def best_parser() -> Parser:
    try:
        return compiled_parser()
    except ImportError:
        return array_parser()


def parse_personal_codes(
    codes: pa.Array, rule: CheckDigitRule | None = OLD_FORM_CHECK_DIGIT, *, parser: Parser | None = None
) -> ParsedCodes:
    """Read ``DDMMYY-NNNNN`` and eleven digits alike; an empty value is malformed. Whether the day exists is not checked.

    Shape: one number and two marks for each value of a pyarrow string array. ``parser`` changes the time, never the result.
    """
    codes, count = codes.cast(pa.string()), len(codes)
    parsed = ParsedCodes(np.empty(count, np.int64), np.empty(count, np.bool_), np.empty(count, np.bool_))
    checked, parser = rule or OLD_FORM_CHECK_DIGIT, parser or best_parser()
    for start in range(0, count, BLOCKS_AT_A_TIME):
        part = slice(start, start + BLOCKS_AT_A_TIME)
        malformed, wrong = parsed.malformed[part], parsed.wrong_check_digit[part]
        parser.parse(*_text(codes[part]), checked.added, np.uint32(checked.exempt), parsed.numbers[part], malformed, wrong)
    if codes.null_count:
        is_empty = np.asarray(codes.is_null())
        parsed.malformed[is_empty], parsed.wrong_check_digit[is_empty] = True, False
    if rule is None:
        parsed.wrong_check_digit[:] = False
    return parsed


def _text(codes: pa.StringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """The characters of all values, and where each begins; its end is the next one's begin."""
    _, offsets, data = codes.buffers()
    return np.frombuffer(data or b"", np.uint8), np.frombuffer(offsets, np.int32)[codes.offset : codes.offset + len(codes) + 1]


class PersonCipher:
    """AES-256 under the key of one key domain. The key is not shown by ``repr`` and cannot be asked for."""

    def __init__(self, key: bytes, tag: bytes = DOMAIN_TAG) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a person key is {KEY_BYTES} bytes")
        self._cipher = Cipher(algorithms.AES256(key), modes.ECB())  # noqa: S305 - a permutation of single blocks, see above
        self._tag = int.from_bytes(tag, "big")
        self.fingerprint = self._cipher.encryptor().update(FINGERPRINT_BLOCK)[:8].hex()

    def person_keys(self, numbers: Numbers) -> PersonKeys:
        """Person keys of personal codes given as numbers. Shape: (n,) to (n, 16), in the same order."""
        keys = np.empty((len(numbers) + 1, BLOCK), np.uint8)
        room, encryptor = keys.reshape(-1).data, self._cipher.encryptor()
        packed = np.empty((min(len(numbers), BLOCKS_AT_A_TIME), 2), ">u8")
        packed[:, 1] = self._tag
        for start in range(0, len(numbers), BLOCKS_AT_A_TIME):
            part = numbers[start : start + BLOCKS_AT_A_TIME]
            packed[: len(part), 0] = part
            end = start + len(part)
            encryptor.update_into(packed[: len(part)].data.cast("B"), room[start * BLOCK : end * BLOCK + SLACK])
        return keys[:-1]

    def numbers(self, keys: PersonKeys) -> Numbers:
        """The personal codes behind person keys, as numbers. Shape: (n, 16) to (n,).

        Raises: BadInput if one of the keys was not made in this domain.
        """
        blocks = np.frombuffer(self._cipher.decryptor().update(np.ascontiguousarray(keys).tobytes()), ">u8").reshape(-1, 2)
        if (blocks[:, 1] != self._tag).any():
            raise BadInput(
                "a pseudonym was not made in this key domain, so it cannot be turned back",
                where=f"key domain with fingerprint {self.fingerprint}",
                fix="check where the pseudonym comes from, and name that warehouse or extract",
            )
        return blocks[:, 0].astype(np.int64)
