"""The drop folder: INBOX/FEED/PERIOD[.replace][.synthetic].(csv|parquet|xlsx)[.age], each taken once it lies still.

A file is moved to ``.taken/FEED/`` in one step, loaded, answered with ``NAME.receipt-NUMBER.txt`` and ``.json`` beside where it
lay, and removed. What a killed run had taken is finished first by the next one: a delivery that is in the warehouse already
is not loaded again. Names that begin with a dot are files in the making. Links are never followed.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone, translation

from saime.core.durable import make_folders, one_process, replace_file, sync
from saime.core.errors import TryLater
from saime.core.warehouse.faults import hide_personal_codes
from saime.workplace import receipts
from saime.workplace.deliveries import Given, open_pack, receive
from saime.workplace.models import Channel, Receipt

TAKEN = ".taken"
PERIOD, MARKS = r"\d{4}(?:-Q[1-4]|-\d\d(?:-\d\d)?)?", r"(?:\.(?:replace|synthetic)){0,2}"
NAME = re.compile(rf"(?P<period>{PERIOD})(?P<marks>{MARKS})\.(?:csv|parquet|xlsx)(?:\.age)?")
OURS = re.compile(r".+\.(?:receipt-[\d-]+\.(?:txt|json)|not-taken\.txt)")
NOT_TAKEN = (
    "Fails nav paņemts: nosaukumam jābūt PERIODS.csv, .parquet vai .xlsx, piemēram, 2022-06.csv vai 2022-06.replace.csv.age,\n"
    "un tam jābūt īstam failam, nevis saitei.\n\n"
    "The file was not taken: its name must be PERIOD.csv, .parquet or .xlsx, for example 2022-06.csv or 2022-06.replace.csv.age,\n"
    "and it must be a file, not a link.\n"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one file: a receipt, or why it waits. ``name`` shows no personal code."""

    feed: str
    name: str
    receipt: Receipt | None
    waits: str = ""


def empty_inbox(settle: float) -> Iterator[Outcome]:
    """Take every file that has not changed for ``settle`` seconds, load it and answer it. Raises: TryLater while another run does."""
    root = settings.ENVIRONMENT.inbox
    for feed in open_pack().names("feeds"):
        make_folders(root / feed)
        make_folders(root / TAKEN / feed)
    with one_process(root / TAKEN / "lock", "empties the drop folder"):
        yield from _finish_taken(root)
        for feed in open_pack().names("feeds"):
            _take(root, feed, settle)
        yield from _finish_taken(root)


def _take(root: Path, feed: str, settle: float) -> None:
    """Move the files that are complete out of reach of whoever dropped them."""
    now = timezone.now().timestamp()
    for path in sorted((root / feed).iterdir()):
        if path.name.startswith(".") or OURS.fullmatch(path.name):
            continue
        target = root / TAKEN / feed / path.name
        if not NAME.fullmatch(path.name) or not _is_file(path):
            _tell_not_taken(path)
        elif now - path.lstat().st_mtime >= settle and not target.exists():
            path.rename(target)
            sync(target.parent)


def _finish_taken(root: Path) -> Iterator[Outcome]:
    for path in sorted((root / TAKEN).glob("*/*")):
        if not _is_file(path):  # was exchanged for a link between the look and the move
            path.unlink()
            continue
        yield _finish(root, path)


def _finish(root: Path, path: Path) -> Outcome:
    feed = path.parent.name
    try:
        receipt = receive(_given(feed, path), user=None, channel=Channel.INBOX, at=timezone.now())
    except TryLater as reason:
        return Outcome(feed, path.name, None, reason.what)
    _answer(root / feed / path.name, receipt)
    path.unlink()
    sync(path.parent)
    return Outcome(feed, path.name, receipt)


def _given(feed: str, path: Path) -> Given:
    match = NAME.fullmatch(path.name)
    period, marks = match.group("period", "marks") if match else ("", "")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    is_marked = {mark: mark in marks for mark in ("synthetic", "replace")}
    return Given(feed, period, path.name, path, path.stat().st_size, digest, **is_marked)


def _answer(dropped: Path, receipt: Receipt) -> None:
    """The receipt as text in each language and as JSON, beside where the file lay."""
    texts = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            texts.append(receipts.as_text(receipt, language))
    stem = f"{dropped.name}.receipt-{receipt.number}"
    replace_file(dropped.with_name(f"{stem}.txt"), "\n".join(texts).encode())
    replace_file(dropped.with_name(f"{stem}.json"), json.dumps(receipts.as_json(receipt), ensure_ascii=False, indent=1).encode())


def _tell_not_taken(path: Path) -> None:
    report = path.with_name(f"{hide_personal_codes(path.name)}.not-taken.txt")
    if not report.exists() and not report.is_symlink():
        replace_file(report, NOT_TAKEN.encode())


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)
