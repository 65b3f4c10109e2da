"""What needs both shares of the master key: extracts, re-identification, new shares, lost working keys."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from saime.core.errors import BadInput, Refused
from saime.core.pack.reader import Pack
from saime.core.warehouse.code_lists import code_lists_of
from saime.core.warehouse.custody import Custodians, Unlocked, unlock
from saime.core.warehouse.extracts import ExtractRecord, ExtractRequest, check_columns, check_target, write_extract
from saime.core.warehouse.key_domains import MasterKey
from saime.core.warehouse.key_shares import check_free, write_shares
from saime.core.warehouse.key_uses import Purpose, RecordedUse
from saime.core.warehouse.keys import create_keys, finish_rotation, prepare_rotation, restore_keys, use_record
from saime.core.warehouse.pseudonyms import DIGITS, Numbers, PersonCipher
from saime.core.warehouse.rotation import rotate_keys
from saime.core.warehouse.store import Warehouse

LONGEST_PSEUDONYM_FILE = 64  # bytes; one pseudonym and a line end
EXTRACT_NAME = re.compile(r"[a-z][a-z0-9-]{2,63}")


@dataclass(frozen=True)
class AskedUse:
    """Who asks for the master key of a working folder, why and when."""

    home: Path
    custodians: Custodians
    reason: str
    at: datetime

    @property
    def moment(self) -> str:
        return self.at.isoformat(timespec="seconds")

    def unlock(self, purpose: Purpose, subject: Callable[[MasterKey], str]) -> Unlocked:
        record = use_record(self.home / "keys")
        return unlock(record, self.custodians, purpose, self.reason, at=self.moment, subject=subject)


def create_working_keys(home: Path, shares: tuple[Path, Path] | None) -> None:
    """Make the master's shares and the working keys. Raises: Refused if there are keys or loads already."""
    if (home / "keys" / "person.key").exists() or Warehouse(home / "warehouse").key_fingerprint is not None:
        raise Refused(
            "there are keys already, or loads made with some",
            where=str(home),
            fix="saime key restore writes lost working keys; saime key split makes new shares",
        )
    create_keys(home / "keys", shares)


def restore_working_keys(asked: AskedUse) -> tuple[tuple[str, ...], RecordedUse]:
    """Write the working keys that are missing. Returns their names and the entry."""
    fingerprint = _fingerprint(asked.home)

    def subject(master: MasterKey) -> str:
        master.generation(fingerprint)
        return f"working keys of warehouse {fingerprint}"

    unlocked = asked.unlock("restore", subject)
    return restore_keys(asked.home / "keys", unlocked.master, fingerprint), unlocked.entry


def rotate_warehouse_key(asked: AskedUse) -> tuple[int, RecordedUse]:
    """Put the warehouse under the next generation of its key. Returns the number of persons and the entry.

    A rotation that was killed after the warehouse's step is finished only, not done twice: then the number is 0.
    """
    keys, warehouse, fingerprint = asked.home / "keys", Warehouse(asked.home / "warehouse"), _fingerprint(asked.home)
    unlocked = asked.unlock("rotate", lambda master: f"warehouse {fingerprint}, generation {master.generation(fingerprint)}")
    if finish_rotation(keys, fingerprint):
        return 0, unlocked.entry
    master = unlocked.master
    following = master.derive("warehouse", generation=master.generation(fingerprint) + 1)
    prepare_rotation(keys, following)
    persons = rotate_keys(warehouse, source=master.warehouse(fingerprint), target=PersonCipher(following))
    finish_rotation(keys, warehouse.key_fingerprint)
    return persons, unlocked.entry


def split_anew(asked: AskedUse, places: tuple[Path, Path]) -> RecordedUse:
    """Write two new shares of the same master; an old share and a new one do not go together."""

    def subject(master: MasterKey) -> str:
        check_free(places)
        return f"master {master.fingerprint}"

    unlocked = asked.unlock("split", subject)
    write_shares(unlocked.master, places)
    return unlocked.entry


def extract_for_research(asked: AskedUse, pack: Pack, feed: str, request: ExtractRequest, *, again: bool) -> ExtractRecord:
    """Write an extract of a feed under its own key domain. ``again``: a further one for the same recipient and purpose.

    Raises: BadInput if the name is unfit or the file lies inside the working folder; Refused if the name was used and not
    ``again``, or for a column that is not allowed; otherwise what ``unlock`` and ``Warehouse.facts`` raise.
    """
    contract, warehouse, fingerprint = pack.feed(feed), Warehouse(asked.home / "warehouse"), _fingerprint(asked.home)

    def subject(master: MasterKey) -> str:
        _check_name(asked.home, request.name, again=again)
        check_outside(asked.home, request.target, "an extract may not lie inside the working folder")
        check_columns(contract, request.columns)
        check_target(request.target)
        master.generation(fingerprint)
        return f"extract {request.name}: feed {feed}, periods {', '.join(request.periods)}, columns {', '.join(request.columns)}"

    unlocked = asked.unlock("extract", subject)
    facts = warehouse.facts(contract, request.periods, code_lists_of(contract, pack.classification))
    source, target = unlocked.master.warehouse(fingerprint), unlocked.master.extract(request.name)
    return write_extract(warehouse, facts, request, source=source, target=target, use=unlocked.entry.number, made_at=asked.moment)


def reidentify(asked: AskedUse, file: Path, *, extract: str | None) -> tuple[str, RecordedUse]:
    """The personal code behind the one pseudonym that a file holds, of the warehouse or of an extract, and the entry.

    The entry names the person by a pseudonym of the audit's own domain.
    Raises: BadInput if the file does not hold a pseudonym of that domain; otherwise what ``unlock`` raises.
    """
    fingerprint = _fingerprint(asked.home)
    found: list[Numbers] = []

    def subject(master: MasterKey) -> str:
        domain = master.extract(extract) if extract else master.warehouse(fingerprint)
        found.append(domain.numbers(np.frombuffer(_read_pseudonym(file), np.uint8).reshape(1, 16)))
        person = master.audit().person_keys(found[0]).tobytes().hex()
        return f"{f'extract {extract}' if extract else 'warehouse'}, person {person} of the audit"

    entry = asked.unlock("reidentify", subject).entry
    return f"{int(found[0][0]):0{DIGITS}d}", entry


def check_outside(home: Path, path: Path, what: str) -> None:
    if path.resolve().is_relative_to(home.resolve()):
        raise BadInput(what, where=str(path), fix=f"choose a place outside {home}")


def _check_name(home: Path, name: str, *, again: bool) -> None:
    if EXTRACT_NAME.fullmatch(name) is None:
        raise BadInput("the name of an extract is 3 to 64 small letters, digits and hyphens", where=name, fix="choose such a name")
    uses = use_record(home / "keys").read()
    if not again and any(use.refused is None and use.subject.startswith(f"extract {name}:") for use in uses):
        raise Refused(
            f"extract {name} was made before, and another of this name could be joined with it",
            where="record of key uses",
            fix="choose another name; if both go to the same recipient for the same purpose, give --again",
        )


def _read_pseudonym(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            text = content.read(LONGEST_PSEUDONYM_FILE + 1)
        if len(text) <= LONGEST_PSEUDONYM_FILE:
            return uuid.UUID(text.decode("ascii").strip()).bytes
    except OSError as error:
        raise BadInput(f"the file cannot be read: {error.strerror}", where=str(file), fix="give the path of a readable file") from None
    except ValueError:
        pass
    raise BadInput("the file does not hold one pseudonym", where=str(file), fix="write one pseudonym, 32 hexadecimal digits, into it")


def _fingerprint(home: Path) -> str:
    fingerprint = Warehouse(home / "warehouse").key_fingerprint
    if fingerprint is None:
        raise BadInput("the warehouse holds no loads, so no key was used yet", where=str(home / "warehouse"), fix="check SAIME_HOME")
    return fingerprint
