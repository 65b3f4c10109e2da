"""Receive a delivery and answer it with a receipt; pages, scripts and the drop folder all come through here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from saime.core.errors import BadInput, Refused, SaimeError
from saime.core.model.text import Text
from saime.core.pack.reader import Pack
from saime.core.warehouse.faults import DeliveryRefused, hide_personal_codes
from saime.core.warehouse.loading import LoadReceipt
from saime.intake.services import quarantine_report, receive_delivery
from saime.workplace.models import Channel, Receipt, ReceiptState

LONGEST_NAME = 200  # characters


@dataclass(frozen=True)
class Given:
    """What was delivered; ``path`` is removed by whoever gave it. ``sha256`` is of the file as it came."""

    feed: str
    period: str
    file_name: str
    path: Path
    size: int
    sha256: str
    synthetic: bool = False
    replace: bool = False


def open_pack() -> Pack:
    return _open_pack(settings.ENVIRONMENT.pack)


@cache
def _open_pack(root: Path) -> Pack:
    return Pack(root)


def receive(given: Given, *, user: User | None, channel: Channel, at: datetime) -> Receipt:
    """Load the delivery or refuse it, and write the receipt that says which.

    Raises: TryLater, without a receipt, while another load runs, the disk is full or the file still changes; a SaimeError
    of ours, without a receipt, for a defect.
    """
    became = outcome(given, at)
    return Receipt.objects.create(**head(given, user=user, channel=channel, at=at), **became)


def head(given: Given, *, user: User | None, channel: Channel, at: datetime) -> dict[str, Any]:
    """What a receipt says before anything was looked at."""
    shown = hide_personal_codes(Path(given.file_name).name)[:LONGEST_NAME]
    told = {name: value for name, value in asdict(given).items() if name not in {"path", "replace", "file_name"}}
    return {"received_at": at, "user": user, "channel": channel, "file_name": shown, **told}


def outcome(given: Given, at: datetime) -> dict[str, Any]:
    """Load the delivery or refuse it: what its receipt says of that. Raises: as ``receive``."""
    try:
        result = _load(given, at)
    except DeliveryRefused as refusal:
        return _with_faults(refusal)
    except (BadInput, Refused) as refusal:
        return _without_faults(refusal)
    return _loaded(result)


def _load(given: Given, at: datetime) -> LoadReceipt:
    return receive_delivery(
        settings.ENVIRONMENT.home,
        open_pack(),
        given.feed,
        given.path,
        given.period,
        synthetic=given.synthetic,
        received_at=at,
        delivery_name=given.file_name[:LONGEST_NAME],
        replace=given.replace,
        removed_by_caller=True,
    )


def _loaded(result: LoadReceipt) -> dict[str, Any]:
    record = result.record
    state = ReceiptState.CORRECTED if record.replaces else ReceiptState.LOADED
    return {
        "state": ReceiptState.ALREADY_LOADED if result.already_loaded else state,
        "rows_accepted": record.rows,
        "rows_refused": result.report.left_out,
        "faults": [fault.model_dump(mode="json") for fault in result.report.faults],
        "load_id": record.id,
        "replaces": record.replaces or "",
        "quarantine_id": result.quarantine_id,
    }


def _with_faults(refusal: DeliveryRefused) -> dict[str, Any]:
    told = quarantine_report(settings.ENVIRONMENT.home, refusal.quarantine_id)
    faults = [fault.model_dump(mode="json") for fault in told.faults]
    return {"state": ReceiptState.REFUSED, "rows_refused": refusal.rows, "quarantine_id": refusal.quarantine_id, "faults": faults}


def _without_faults(refusal: SaimeError) -> dict[str, Any]:
    what, fix = (words.model_dump() if isinstance(words, Text) else words for words in refusal.words)
    return {"state": ReceiptState.REFUSED, "refusal": {"what": what, "where": refusal.where, "fix": fix}}
