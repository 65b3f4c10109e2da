"""Large uploads: kept until a process of its own loads them, so that no request waits for a load.

A file waits in ``SAIME_HOME/uploads/waiting/`` under the number of its receipt's row, sealed to the receiving key, so that no personal
code lies on the disk in the clear; it is opened into a file without a name. It is there, whole, before its receipt is: a receipt that
says "received" has its file. What a killed run was loading is loaded again by the next one, and what is in the warehouse already is not
loaded twice. Files whose receipt says what became of them, or that never got one, are removed.
"""

from __future__ import annotations

import logging
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from saime.core.durable import full_disk_is_told, make_folders, one_process, sync
from saime.core.errors import TryLater
from saime.core.model.text import Text
from saime.core.warehouse.keys import open_receiving_identity
from saime.core.warehouse.sealing import seal_file, unseal_file
from saime.workplace.deliveries import Given, head, outcome
from saime.workplace.models import Channel, Receipt, ReceiptState

LONGEST_RECEPTION = 3600  # seconds; after that a file without a receipt belongs to a request that ended
DEFECT = {
    "what": Text(lv="ielādi apturēja Saimes kļūda", en="a defect of Saime stopped the load").model_dump(),
    "where": "",
    "fix": Text(
        lv="kļūda ir reģistrēta; paziņojiet administratoram un piegādājiet failu vēlreiz, kad tā ir novērsta",
        en="it is on record; tell the administrator, and deliver the file again when it is mended",
    ).model_dump(),
}

log = logging.getLogger(__name__)


def keep(given: Given, *, user: User, channel: Channel, at: datetime) -> Receipt:
    """Keep an upload for ``load_waiting`` and write its receipt, in the state "received". Raises: TryLater if the disk is full."""
    folder = _folder()
    new = folder / f".{secrets.token_hex(8)}"
    try:
        with full_disk_is_told(folder, "keeping a delivery", lambda: given.size):
            seal_file(given.path, new, open_receiving_identity(settings.ENVIRONMENT.keys).to_public())
            sync(new)
        with transaction.atomic():
            facts = head(given, user=user, channel=channel, at=at)
            receipt = Receipt.objects.create(**facts, replace=given.replace, state=ReceiptState.RECEIVED)
            new.rename(folder / str(receipt.pk))
            sync(folder)
    finally:
        new.unlink(missing_ok=True)
    return receipt


def load_waiting() -> Iterator[Receipt]:
    """Load what waits, oldest first, and yield each receipt that now says what became of its delivery.

    Stops where another load runs or the disk is full: the rest waits on. Raises: TryLater while another process does the same.
    """
    folder = _folder()
    with one_process(folder / ".lock", "loads the uploads that wait"):
        _remove_leftovers(folder)
        for receipt in Receipt.objects.filter(state__in=ReceiptState.open()).order_by("pk"):
            settled = _load(receipt, folder / str(receipt.pk))
            if settled is None:
                return
            yield receipt.move_to(**settled)
            (folder / str(receipt.pk)).unlink(missing_ok=True)
            sync(folder)


def _load(receipt: Receipt, path: Path) -> dict[str, Any] | None:
    """What became of the delivery; None if it has to wait on."""
    receipt.move_to(ReceiptState.LOADING)
    try:
        with _opened(path, receipt.size) as clear:
            told = (receipt.feed, receipt.period, receipt.file_name, clear, receipt.size, receipt.sha256)
            return outcome(Given(*told, synthetic=receipt.synthetic, replace=receipt.replace), receipt.received_at)
    except TryLater as reason:
        log.info("receipt %s waits: %s", receipt.number, reason.what)
        receipt.move_to(ReceiptState.RECEIVED)
        return None
    except Exception:  # one delivery must not stop those after it
        log.exception("receipt %s: the load stopped", receipt.number)
        return {"state": ReceiptState.REFUSED, "refusal": DEFECT}


@contextmanager
def _opened(sealed: Path, size: int) -> Iterator[Path]:
    """The upload as it came, in a file without a name: gone when this process ends, however it ends."""
    folder = settings.ENVIRONMENT.uploads
    with tempfile.TemporaryFile(dir=folder) as clear:
        with full_disk_is_told(folder, "opening a delivery", lambda: size):
            unseal_file(sealed, clear, open_receiving_identity(settings.ENVIRONMENT.keys))
            clear.flush()
        yield Path(f"/proc/self/fd/{clear.fileno()}")


def _remove_leftovers(folder: Path) -> None:
    """Files that no open receipt names, unless one that is being kept may come to name them."""
    for path in folder.iterdir():
        receipt = Receipt.objects.filter(pk=int(path.name)).first() if path.name.isdigit() else None
        is_old = time.time() - path.stat().st_mtime > LONGEST_RECEPTION
        if path.name != ".lock" and (is_old if receipt is None else not receipt.is_open):
            path.unlink()


def _folder() -> Path:
    folder: Path = settings.ENVIRONMENT.uploads / "waiting"
    make_folders(folder)
    return folder
