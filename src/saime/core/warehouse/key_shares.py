"""The master key in two shares, of which one alone tells nothing.

The first share is 32 random bytes, the second is the master XOR the first. For whoever has one share, each master is as
likely as each other; only the fingerprint beside it, 64 bits of a one-way function, could be searched for, over 2**256
masters. A share file is four lines: whose part it is, the master's fingerprint, the share, and a checksum of these.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from saime.core.errors import BadInput
from saime.core.warehouse.key_domains import MasterKey
from saime.core.warehouse.key_files import create_private, damaged, read_private
from saime.core.warehouse.pseudonyms import KEY_BYTES

FORM = re.compile(r"(saime key share ([12]) of 2\nmaster ([0-9a-f]{16})\nshare ([0-9a-f]{64})\n)check ([0-9a-f]{8})\n")


@dataclass(frozen=True, repr=False)
class Share:
    """One of two parts. ``repr`` does not show it."""

    part: int
    master: str
    secret: bytes

    @property
    def text(self) -> str:
        lines = f"saime key share {self.part} of 2\nmaster {self.master}\nshare {self.secret.hex()}\n"
        return f"{lines}check {_check(lines)}"


def split(master: MasterKey) -> tuple[Share, Share]:
    """Two new shares; those of an earlier split go together with each other only."""
    first = secrets.token_bytes(KEY_BYTES)
    return Share(1, master.fingerprint, first), Share(2, master.fingerprint, _xor(master.secret, first))


def combine(one: Share, other: Share) -> MasterKey:
    """Raises: BadInput if the shares are the same part, of two masters, or of two splits."""
    if one.part == other.part:
        raise BadInput(f"both files hold part {one.part} of 2", fix="give the shares of both custodians")
    master = MasterKey(_xor(one.secret, other.secret))
    if one.master != other.master or master.fingerprint != one.master:
        raise BadInput(
            "the shares do not go together", where=f"masters {one.master} and {other.master}", fix="give two shares of the same split"
        )
    return master


def read_share(path: Path) -> Share:
    """Raises: BadInput if the file is missing, open to others, or damaged; the message shows nothing of it."""
    if not path.exists():
        raise BadInput("there is no such share file", where=str(path), fix="give the file of a custodian's share")
    found = FORM.fullmatch(read_private(path).decode("ascii", "replace"))
    if found is None or _check(found[1]) != found[5]:
        raise damaged(path, "one share, as saime key create wrote it")
    return Share(int(found[2]), found[3], bytes.fromhex(found[4]))


def write_shares(master: MasterKey, places: tuple[Path, Path]) -> None:
    """Split a master into two new files and read them back. Raises: BadInput if one is there already."""
    check_free(places)
    for share, place in zip(split(master), places, strict=True):
        create_private(place, share.text)
    if combine(read_share(places[0]), read_share(places[1])) != master:
        raise BadInput("another process wrote shares here", where=str(places[0].parent), fix="give the command again")


def check_free(places: tuple[Path, Path]) -> None:
    """Raises: BadInput if the places are one, or a file is there."""
    if places[0].absolute() == places[1].absolute():
        raise BadInput("both shares would go to one file", where=str(places[0]), fix="name two files, in the keeping of two persons")
    for place in places:
        if place.exists():
            raise BadInput("the file is there already, and a share is never replaced", where=str(place), fix="choose another file")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _check(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
