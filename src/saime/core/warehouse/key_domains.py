"""One master key, and a key of its own for each purpose: what is made under one cannot be joined with another.

Keys are derived by HKDF-SHA256 (RFC 5869) with the purpose, the name and the generation as ``info``. A derived key tells
nothing about the master or about another derived key. Pseudonyms of one person are reached from each other through the
code alone, by somebody who holds the keys of both domains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from saime.core.errors import BadInput
from saime.core.warehouse.pseudonyms import KEY_BYTES, Numbers, PersonCipher, PersonKeys

EXTRACT_TAG, HOUSEHOLD_TAG, RECORD_TAG, AUDIT_TAG = b"saimeex1", b"saimehh1", b"saimerk1", b"saimeau1"
ROUTING_TAG = b"saimert1"
MOST_GENERATIONS = 1000  # of the warehouse's key; each rotation is one

RecordKeyArray = npt.NDArray[np.uint32]


@dataclass(frozen=True, repr=False)
class MasterKey:
    """What both shares together give. It lives in memory, for one recorded use; ``repr`` does not show it."""

    secret: bytes

    def derive(self, purpose: str, name: str = "", generation: int = 1) -> bytes:
        """The key of one purpose. Shape: 32 bytes."""
        info = "\0".join(("saime", purpose, name, str(generation))).encode()
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info).derive(self.secret)

    @property
    def fingerprint(self) -> str:
        """By which shares, and the copies of one master, are told apart."""
        return self.derive("fingerprint")[:8].hex()

    def extract(self, name: str) -> PersonCipher:
        """The domain of one research extract; the same name gives the same pseudonyms again."""
        return PersonCipher(self.derive("extract", name), EXTRACT_TAG)

    def audit(self) -> PersonCipher:
        """The domain in which the record of uses names a person."""
        return PersonCipher(self.derive("audit"), AUDIT_TAG)

    def warehouse(self, fingerprint: str) -> PersonCipher:
        """The warehouse's domain. Raises: BadInput as below."""
        return PersonCipher(self.derive("warehouse", generation=self.generation(fingerprint)))

    def generation(self, fingerprint: str) -> int:
        """Of the warehouse's key with this fingerprint. Raises: BadInput if none has it."""
        for generation in range(1, MOST_GENERATIONS + 1):
            if PersonCipher(self.derive("warehouse", generation=generation)).fingerprint == fingerprint:
                return generation
        raise BadInput(
            "the warehouse was not loaded under the master key of these shares",
            where=f"master {self.fingerprint}, warehouse key {fingerprint}",
            fix="give the shares that were made together with the warehouse's key",
        )


def rekey(keys: PersonKeys, source: PersonCipher, target: PersonCipher) -> PersonKeys:
    """The same persons in another domain. Shape: (n, 16), in the same order. Raises: BadInput if a key is not of ``source``."""
    return target.person_keys(source.numbers(keys))


class WarehouseCipher(PersonCipher):
    """Person keys; the partition that a person belongs to; and household numbers.

    The last two are by keys of their own, so that they stay when the first is rotated.
    """

    def __init__(self, key: bytes, routing_key: bytes, household_key: bytes) -> None:
        super().__init__(key)
        self._routing, self._households = PersonCipher(routing_key, ROUTING_TAG), PersonCipher(household_key, HOUSEHOLD_TAG)

    def routing_keys(self, numbers: Numbers) -> PersonKeys:
        """The keys whose top bits are the partition. Shape: (n,) to (n, 16)."""
        return self._routing.person_keys(numbers)

    def households(self, numbers: Numbers) -> Numbers:
        """Pseudonyms of the households that a delivery numbers. Shape: (n,) to (n,), 63 bits of a block.

        Of a million households, two have the same with a chance of one in twenty million.
        """
        blocks = np.ascontiguousarray(self._households.person_keys(numbers)[:, :8]).view(">u8").ravel()
        return (blocks >> np.uint64(1)).astype(np.int64)


class RecordKeys:
    """The record keys of the cell-key method: a number of each person that stays the same, also over rotations."""

    def __init__(self, secret: bytes, warehouse: PersonCipher) -> None:
        self._records, self._warehouse = PersonCipher(secret, RECORD_TAG), warehouse

    def of(self, keys: PersonKeys) -> RecordKeyArray:
        """Record keys as fractions of 2**32. Shape: (n, 16) to (n,). Raises: BadInput if a key is not of the warehouse."""
        blocks = rekey(keys, self._warehouse, self._records)
        return np.ascontiguousarray(blocks[:, :4]).view(">u4").ravel().astype(np.uint32)
