"""A reader opens the portal's pages, with a mouse, a keyboard, a small screen, in Latvian and in English."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from support.browser import check_accessibility, check_reflow, take_picture

pytestmark = pytest.mark.browser

PAGES = {"home": "", "about": "about/", "accessibility": "accessibility/", "not-found": "no-such-page/"}
MENU = {
    "lv": ["Datu kopas", "Pakalpojumu sniedzēji", "Mērķi", "Par Saimi"],
    "en": ["Datasets", "Providers", "Targets", "About"],
}


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_the_page(page: Page, name: str, language: str) -> None:
    page.goto(f"/{language}/{PAGES[name]}")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    check_accessibility(page)
    take_picture(page, name, language)
    check_reflow(page)
    take_picture(page, f"{name}-narrow", language)


def test_every_page_has_its_own_title(page: Page, language: str) -> None:
    titles = set()
    for path in PAGES.values():
        page.goto(f"/{language}/{path}")
        titles.add(page.title())
    assert len(titles) == len(PAGES)


def test_the_keyboard_skips_to_the_content_and_walks_the_menu(page: Page, language: str) -> None:
    page.goto(f"/{language}/")
    page.keyboard.press("Tab")
    skip_link = page.locator(".govuk-skip-link")
    expect(skip_link).to_be_focused()
    expect(skip_link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    page.goto(f"/{language}/")
    stops = []
    for _ in range(7):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.innerText.trim()"))
    assert stops[3:] == MENU[language]
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation").get_by_role("link", name=MENU[language][-1])).to_have_attribute("aria-current", "page")


def test_the_other_language_shows_the_same_page(page: Page) -> None:
    page.goto("/lv/about/?from=letter")
    link = page.get_by_role("link", name="English")
    expect(link).to_have_attribute("hreflang", "en")
    link.click()
    expect(page).to_have_url("/en/about/?from=letter")
    expect(page.get_by_role("heading", level=1)).to_have_text("About Saime")


def test_the_menu_works_without_scripts(page_without_scripts: Page, language: str) -> None:
    page_without_scripts.goto(f"/{language}/")
    page_without_scripts.get_by_role("navigation").get_by_role("link", name=MENU[language][-1]).click()
    expect(page_without_scripts.get_by_role("heading", level=1)).to_be_visible()
    expect(page_without_scripts.get_by_role("link", name=MENU[language][-1], exact=True).first).to_be_visible()


def test_home_leads_to_every_dataset_of_the_release(page: Page, language: str) -> None:
    page.goto(f"/{language}/datasets/")
    datasets = page.get_by_role("main").get_by_role("heading", level=2).count()
    page.goto(f"/{language}/")
    links = page.locator(".saime-figure").get_by_role("link")
    expect(links).to_have_count(datasets)
    for position in range(datasets):
        title = links.nth(position).inner_text()
        links.nth(position).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        page.go_back()
