"""Chromium for the functional tests: how it starts, what it must not complain about, axe and pictures."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request

PICTURES = Path(__file__).resolve().parents[2] / "artifacts" / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


def find_browser() -> str | None:
    """Debian's Chromium, or whichever Chrome is on the path."""
    return next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)


def watch(page: Page, home: str) -> list[str]:
    """A list that fills with whatever the browser complains about and with requests to other hosts."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        is_status_of_page = message.location.get("url") == page.url and message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not is_status_of_page:
            complaints.append(f"{page.url}: {message.text}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(home).netloc:
            complaints.append(f"{page.url} asks another host: {request.url}")

    page.on("console", on_console)
    page.on("request", on_request)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    return complaints


def check_accessibility(page: Page) -> None:
    """axe finds nothing against WCAG 2.0, 2.1 and 2.2, levels A and AA."""
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG_AA}})
    violations = results.response["violations"]
    assert not violations, f"{page.url}\n" + "\n".join(map(_describe, violations))


def check_reflow(page: Page, width: int = 320) -> None:
    """WCAG 1.4.10: nothing of the page needs sideways scrolling on a narrow screen."""
    page.set_viewport_size({"width": width, "height": 640})
    needed = page.evaluate("document.documentElement.scrollWidth")
    assert needed <= width, f"{page.url} needs {needed} pixels on a screen of {width}"


def take_picture(page: Page, name: str, language: str) -> Path:
    """A picture of the whole page in ``artifacts/screenshots/``, for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}-{language}.png"
    page.screenshot(path=path, full_page=True)
    return path


def _describe(violation: dict) -> str:
    places = "\n".join(f"    {node['target']}: {node['failureSummary']}" for node in violation["nodes"])
    return f"  {violation['id']} ({violation['impact']}): {violation['help']}\n{places}"
