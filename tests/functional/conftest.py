"""A real server over the prepared working folder, and a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from support.browser import ARGUMENTS, find_browser, watch

PATIENCE = 60  # seconds until a server that does not answer is given up


@pytest.fixture(scope="session")
def site_url(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Saime as an operator runs it, without a slash at the end."""
    port, log = _free_port(), tmp_path_factory.mktemp("server") / "log.txt"
    environment = {name: value for name, value in os.environ.items() if name != "SAIME_DATABASE_URL"}
    environment |= {"SAIME_HOME": str(prepared_home), "SAIME_DEBUG": "0"}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "saime.project.wsgi:application"]
    with log.open("w") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT) as server:
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_browser()
    if executable is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=["lv", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def page(browser: Browser, site_url: str) -> Iterator[Page]:
    """A fresh page; the test fails if the browser complains (content policy, scripts) or asks another host."""
    context = browser.new_context(base_url=site_url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    complaints = watch(page, site_url)
    yield page
    context.close()
    assert not complaints


@pytest.fixture
def page_without_scripts(browser: Browser, site_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=site_url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310  # our own server
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"the server does not answer at {url}/health:\n{log.read_text()}")
