"""Quarantine: a delivery with faults, whole and sealed, beside the report of its faults.

A delivery of which rows were left out is here too: those rows are nowhere else.

``<id>/delivery.age`` is the file encrypted with age to the receiving key, so no personal code lies on the disk in the
clear; ``<id>/report.json`` names no person. Opening one needs the receiving key.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pydantic import ValidationError

from saime.core.durable import make_folders, sync
from saime.core.errors import BadInput, NotFound
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.delivery_report import DeliveryReport
from saime.core.warehouse.keys import open_receiving_identity
from saime.core.warehouse.sealing import seal_file, unseal_file

SEALED, REPORT = "delivery.age", "report.json"


class QuarantineReport(DeliveryReport):
    """What has faults and which. ``recipient`` is the public half of the key that opens it."""

    id: str
    recipient: str


class Quarantine:
    """A folder of refused deliveries, and the folder of the receiving key, which is made on first use."""

    def __init__(self, root: Path, keys: Path) -> None:
        self.root, self._keys = root, keys

    def reports(self) -> tuple[QuarantineReport, ...]:
        """The reports of all deliveries here, by id."""
        return tuple(self.report(path.parent.name) for path in sorted(self.root.glob(f"[!.]*/{REPORT}")))

    def report(self, quarantine_id: str) -> QuarantineReport:
        """Raises: NotFound if there is no delivery under this id; BadInput if an earlier version wrote its report."""
        path = self.root / quarantine_id / REPORT
        if quarantine_id in ("", ".", "..") or "/" in quarantine_id or not path.is_file():
            raise NotFound("no such delivery is in quarantine", where=str(self.root), fix="take the id from the refusal's message")
        try:
            return QuarantineReport.model_validate_json(path.read_bytes())
        except ValidationError:
            fix = "remove the folder, and ask for the delivery again if it is needed"
            raise BadInput("the report is damaged, or of an earlier version", where=str(path), fix=fix) from None

    def seal(self, delivery: Delivery, told: DeliveryReport) -> QuarantineReport:
        """Seal the delivery with its report; the same delivery sealed before is replaced."""
        recipient = open_receiving_identity(self._keys).to_public()
        name = f"{told.feed}-{told.period}-{told.delivery_digest[:12]}"
        report = QuarantineReport(**dict(told), id=name, recipient=str(recipient))
        make_folders(self.root)
        unfinished, target = self.root / f".{report.id}", self.root / report.id
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            make_folders(unfinished)
            seal_file(delivery.path, unfinished / SEALED, recipient)
            (unfinished / REPORT).write_text(report.model_dump_json(indent=1), encoding="utf-8")
            for path in (unfinished / SEALED, unfinished / REPORT, unfinished):
                sync(path)
            shutil.rmtree(target, ignore_errors=True)
            unfinished.rename(target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        sync(self.root)
        return report

    def open(self, quarantine_id: str, to_path: Path) -> None:
        """Write the delivery as it was received to a new file that only its owner may read.

        Raises: NotFound; BadInput if the receiving key does not open it or the file exists.
        """
        report = self.report(quarantine_id)
        identity = open_receiving_identity(self._keys)
        if str(identity.to_public()) != report.recipient:
            raise BadInput(
                f"the delivery was sealed to {report.recipient}, and the receiving key here is {identity.to_public()}",
                where=str(self._keys),
                fix="put back the receiving key that was here when the delivery came",
            )
        try:
            descriptor = os.open(to_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise BadInput(
                f"cannot write the file: {error.strerror}", where=str(to_path), fix="name a new file in a folder that exists"
            ) from None
        with os.fdopen(descriptor, "wb") as target:
            try:
                unseal_file(self.root / quarantine_id / SEALED, target, identity)
            except (BadInput, OSError):
                to_path.unlink()
                raise
