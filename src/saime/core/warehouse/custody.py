"""Two persons and a reason open the master key, for one recorded use.

The entry is on the disk before the master is handed out: what is not recorded does not happen. A refused use is recorded
as well. Names of custodians are what the account that gives the command says they are; that two persons are needed
follows from the shares, which lie in the keeping of two persons.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from saime.core.errors import BadInput, Refused, SaimeError
from saime.core.warehouse.faults import hide_personal_codes
from saime.core.warehouse.key_domains import MasterKey
from saime.core.warehouse.key_shares import combine, read_share
from saime.core.warehouse.key_uses import KeyUse, Purpose, RecordedUse, UseRecord

Subject = Callable[[MasterKey], str]


@dataclass(frozen=True)
class Custodians:
    """The two share files, the names of those who bring them, and the account of the machine that gives the command."""

    shares: tuple[Path, ...]
    names: tuple[str, ...]
    account: str


@dataclass(frozen=True)
class Unlocked:
    """The master, for the use that was recorded."""

    master: MasterKey
    entry: RecordedUse


def unlock(record: UseRecord, custodians: Custodians, purpose: Purpose, reason: str, *, at: str, subject: Subject) -> Unlocked:
    """Open the master key and record the use. ``subject`` says on what, as the record may show it; ``at`` is ISO 8601.

    Raises: Refused without two custodians and a reason; BadInput if the shares are damaged or do not go together, or for what
    ``subject`` raises. Each of these is recorded.
    """
    use = KeyUse(
        at=at,
        account=custodians.account,
        custodians=tuple(_without_codes(name.strip()) for name in custodians.names),
        purpose=purpose,
        subject="",
        reason=_without_codes(reason.strip()),
    )
    try:
        _check_asked(use, reason, custodians)
        master = combine(*(read_share(path) for path in custodians.shares))
        what = subject(master)
    except SaimeError as error:
        record.add(use.model_copy(update={"refused": str(error.what)}))
        raise
    return Unlocked(master, record.add(use.model_copy(update={"subject": what})))


def _check_asked(use: KeyUse, reason: str, custodians: Custodians) -> None:
    if len(custodians.shares) != 2:
        raise Refused("the master key opens with two shares", fix="give --share twice, once for each custodian's file")
    if len({name.casefold() for name in use.custodians if name}) != 2 or len(use.custodians) != 2:
        raise Refused("two custodians are needed, and they are two persons", fix="give --custodian twice, with two names")
    if not use.reason:
        raise Refused("the reason is empty, and it is kept on record", fix="name the act, the request's number or the decision")
    if use.reason != reason.strip():
        raise BadInput("the reason holds a personal code, and it is kept on record", fix="name the request and not the person")


def _without_codes(text: str) -> str:
    """The text as it is, or with stars in place of what could be a personal code, also one written with spaces."""
    joined = re.sub(r"(?<=\d)\s(?=\d)", "", text)
    hidden = hide_personal_codes(joined)
    return text if hidden == joined else hidden
