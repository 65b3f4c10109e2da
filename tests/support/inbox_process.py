"""The drop folder emptied in a process of its own that can be told to kill itself, as a power cut would.

``python inbox_process.py [STEP]`` with SAIME_HOME set. STEP is ``taken`` (right after the first file is moved out of reach),
``loading`` (in the middle of the first load) or ``loaded`` (before its answer is written).
"""

from __future__ import annotations

import os
import sys

import django

from saime.core.warehouse import staging
from support.load_process import die_at


def main(step: str = "") -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "saime.project.settings"
    django.setup()
    from saime.workplace import inbox

    steps = {"taken": (os, "rename", True), "loading": (staging.Staging, "add", True), "loaded": (inbox, "_answer", False)}
    if step:
        owner, name, after = steps[step]
        die_at(owner, name, 1, after=after)
    for outcome in inbox.empty_inbox(0):
        print(outcome.name, outcome.receipt and outcome.receipt.state, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
