"""Run the command ``saime`` as a user does: another process, its own working folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_saime(*arguments: str, home: Path, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SAIME_", "DJANGO_"))}
    command = [str(Path(sys.executable).with_name("saime")), *arguments]
    return subprocess.run(
        command, env=clean | {"SAIME_HOME": str(home)} | environment, input=given, capture_output=True, text=True, check=False
    )
