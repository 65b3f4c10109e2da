"""A real server over the prepared working folder, and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.browser import ARGUMENTS, find_browser, watch
from support.server import serving

PATIENCE = 120_000  # milliseconds: a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE / 4)


@pytest.fixture(scope="session")
def site_url(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Saime as an operator runs it, without a slash at the end."""
    with serving(prepared_home, tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


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
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints = watch(page, site_url)
    yield page
    context.close()
    assert not complaints


@pytest.fixture
def page_without_scripts(browser: Browser, site_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=site_url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
