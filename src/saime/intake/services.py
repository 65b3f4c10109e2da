"""Receive a delivery, open a refused one, see how loads link: the use cases behind ``saime load``, ``quarantine`` and ``linkage``."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from saime.core.errors import BadInput, NotFound
from saime.core.model.period import Period
from saime.core.pack.reader import Pack
from saime.core.warehouse.code_lists import code_lists_of
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.deletion import PersonRows, delete_person, find_person, read_personal_code
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.keys import open_person_cipher
from saime.core.warehouse.linkage_records import LinkageAcceptance, LinkageRecords, LinkageState
from saime.core.warehouse.loading import LoadReceipt, Progress, load_delivery
from saime.core.warehouse.quarantine import Quarantine, QuarantineReport
from saime.core.warehouse.retention import Expired, expired, remove_expired
from saime.core.warehouse.store import Warehouse
from saime.intake.master_key import check_outside


def receive_delivery(
    home: Path,
    pack: Pack,
    feed: str,
    file: Path,
    period: str,
    *,
    synthetic: bool,
    received_at: datetime,
    delivery_name: str | None = None,
    replace: bool = False,
    removed_by_caller: bool = False,
    progress: Progress | None = None,
) -> LoadReceipt:
    """Check, pseudonymise and load one file of a feed into the warehouse of ``home``, or let it replace the one loaded before.

    A file inside ``home`` is refused, unless its caller removes it after the load (``removed_by_caller``).
    Raises: NotFound for an unknown feed; otherwise what ``load_delivery`` raises.
    """
    if not removed_by_caller:
        check_outside(home, file, "the delivery holds personal codes and lies inside the working folder")
    contract = pack.feed(feed)
    delivery = Delivery(
        path=file,
        contract=contract,
        code_lists=code_lists_of(contract, pack.classification),
        period=Period.parse(period),
        received_at=received_at.isoformat(timespec="seconds"),
        synthetic=synthetic,
        name=delivery_name,
        other_contracts=tuple(other for other in pack.feeds if other.feed != feed),
        receiving_keys=home / "keys",
    )
    warehouse = Warehouse(home / "warehouse")
    cipher = open_person_cipher(home / "keys", warehouse.key_fingerprint)
    receipt = load_delivery(warehouse, delivery, cipher=cipher, quarantine=_quarantine(home), replace=replace, progress=progress)
    LinkageRecords(warehouse, pack.classification).states(contract)  # so that the report is there when somebody looks
    return receipt


def linkage_reports(home: Path, pack: Pack, feed: str | None = None) -> tuple[LinkageState, ...]:
    """The linkage reports of the loads in force, of one feed or all, with their acceptances. Raises: NotFound for an unknown feed."""
    records = _linkage(home, pack)
    contracts = pack.feeds if feed is None else (pack.feed(feed),)
    return tuple(state for contract in contracts for state in records.states(contract))


def linkage_report(home: Path, pack: Pack, report_id: str) -> LinkageState:
    """The linkage report of a load, by the load's id. Raises: NotFound if no such load is in force."""
    return _linkage(home, pack).state(_feed_of(home, pack, report_id), report_id)


def accept_linkage(
    home: Path, pack: Pack, report_id: str, *, by: str, reason: str, at: datetime, seen: str | None = None
) -> LinkageAcceptance:
    """Let a load be published although it links worse than its contract allows. The caller has checked the right of ``by``.

    ``seen``: the digest of the report that they looked at, if it is to be that one.
    Raises: NotFound; BadInput without a name and a reason; Refused if the load is within its limits or the report has changed.
    """
    return _linkage(home, pack).accept(_feed_of(home, pack, report_id), report_id, by=by, reason=reason, at=at, seen=seen)


def list_expired(home: Path, pack: Pack, on: date) -> tuple[Expired, ...]:
    """The loads whose facts are past the retention of their feed on a day."""
    return expired(Warehouse(home / "warehouse"), pack.feeds, on)


def remove_expired_facts(home: Path, pack: Pack, on: date, *, at: datetime) -> tuple[Expired, ...]:
    """Remove the facts that ``list_expired`` lists. Raises: what ``remove_expired`` raises."""
    return remove_expired(Warehouse(home / "warehouse"), pack.feeds, on, at=at)


def delete_person_on_request(home: Path, file: Path, legal_basis: str, *, at: datetime, write: bool) -> PersonRows:
    """Delete the person whose code a file outside ``home`` holds; without ``write`` only count what would be deleted.

    Raises: BadInput if nothing is loaded; otherwise what ``delete_person`` raises.
    """
    check_outside(home, file, "the file holds a personal code and lies inside the working folder")
    warehouse = Warehouse(home / "warehouse")
    if (fingerprint := warehouse.key_fingerprint) is None:
        raise BadInput("the warehouse holds no loads, so nobody is in it", where=str(warehouse.root), fix="check SAIME_HOME")
    person, cipher = read_personal_code(file), open_person_cipher(home / "keys", fingerprint)
    if write:
        return delete_person(warehouse, person, cipher=cipher, legal_basis=legal_basis, at=at)
    return find_person(warehouse, person, cipher=cipher)


def list_quarantined(home: Path) -> tuple[QuarantineReport, ...]:
    """The deliveries with faults that were refused or of which rows were left out, by id."""
    return _quarantine(home).reports()


def quarantine_report(home: Path, quarantine_id: str) -> QuarantineReport:
    """Raises: NotFound if there is no such delivery."""
    return _quarantine(home).report(quarantine_id)


def open_quarantined(home: Path, quarantine_id: str, to_path: Path) -> None:
    """Write a refused delivery as it was received to a new file, outside the working folder."""
    check_outside(home, to_path, "the delivery holds personal codes and may not lie inside the working folder")
    _quarantine(home).open(quarantine_id, to_path)


def _quarantine(home: Path) -> Quarantine:
    return Quarantine(home / "quarantine", home / "keys")


def _linkage(home: Path, pack: Pack) -> LinkageRecords:
    return LinkageRecords(Warehouse(home / "warehouse"), pack.classification)


def _feed_of(home: Path, pack: Pack, load_id: str) -> FeedContract:
    for load in Warehouse(home / "warehouse").loads():
        if load.id == load_id:
            return pack.feed(load.feed)
    raise NotFound("there is no such load in force", where=load_id, fix="take the id from: saime linkage list")
