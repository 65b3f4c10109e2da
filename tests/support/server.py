"""A real server over a working folder, as an operator runs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 240  # seconds until a server that does not answer is given up


@contextmanager
def serving(home: Path, log: Path, **settings: str) -> Iterator[str]:
    """Yields the server's address, without a slash at the end; ``settings`` are variables of its environment."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "SAIME_DATABASE_URL"}
    environment |= {"SAIME_HOME": str(home), "SAIME_DEBUG": "0", **settings}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "saime.project.wsgi:application"]
    with log.open("w") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT) as server:
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=30):  # noqa: S310  # our own server
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server does not answer at {url}/health:\n{log.read_text()}")
