"""Large uploads kept and loaded in a process of its own that can be told to kill itself, as a power cut would.

``python upload_process.py FILE STEP`` with SAIME_HOME set. ``keep`` keeps the file and prints all receipts.
It dies at ``renamed`` (the file is kept, its receipt is not there yet) or ``published`` (it is loaded, its receipt does not say so yet).
"""

from __future__ import annotations

import hashlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import django

from support.load_process import die_at


def main(file: str, step: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "saime.project.settings"
    django.setup()
    from saime.workplace import waiting
    from saime.workplace.models import Receipt

    dying = {
        "renamed": (Path, "rename"),
        "published": (waiting, "outcome"),
    }
    if step in dying:
        owner, name = dying[step]
        die_at(owner, name, 1, after=True)
    if step in {"renamed", "keep"}:
        _keep(Path(file))
    else:
        list(waiting.load_waiting())
    for receipt in Receipt.objects.all():
        print(receipt.pk, receipt.state, flush=True)


def _keep(path: Path) -> None:
    from django.core.management import call_command

    from saime.workplace import people, waiting
    from saime.workplace.deliveries import Given
    from saime.workplace.models import Channel
    from support.workplace import FEED, PASSWORD, PERIOD

    call_command("migrate", verbosity=0)
    user = people.User.objects.filter(username="steward").first()
    user = user or people.add_user("steward", PASSWORD, ["data-steward"], [FEED], [FEED])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    given = Given(FEED, PERIOD, path.name, path, path.stat().st_size, digest)
    waiting.keep(given, user=user, channel=Channel.PAGE, at=datetime.now(UTC))


if __name__ == "__main__":
    main(*sys.argv[1:])
