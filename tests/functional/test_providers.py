"""A reader looks for a provider: by words, by filters, on the map, with the keyboard and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from support.browser import check_accessibility, check_reflow, take_picture

pytestmark = pytest.mark.browser

PAGES = {
    "providers": "providers/",
    "providers-filtered": "providers/?q=sociala+daugavpils&type=day_care_centre",
    "providers-split": "providers/?local_government=0042000",
    "providers-empty": "providers/?q=zzz",
    "provider-29": "providers/29/",
    "provider-unknown": "providers/999/",
    "providers-bad-filter": "providers/?type=bar",
}


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_the_page(page: Page, name: str, language: str) -> None:
    page.goto(f"/{language}/{PAGES[name]}")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    check_accessibility(page)
    take_picture(page, name, language)
    check_reflow(page)
    take_picture(page, f"{name}-narrow", language)


def test_a_reader_finds_an_entry_with_plain_letters_and_the_keyboard(page: Page) -> None:
    page.goto("/lv/providers/")
    page.get_by_label("Vārdi").press_sequentially("skuku")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="1 ieraksts no 101")).to_be_visible()
    expect(page).to_have_title(re.compile("^Atrasts 1 ieraksts"))
    link = page.get_by_role("link", name="Skuķu aprūpes centrs")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Skuķu aprūpes centrs")).to_be_visible()
    expect(page.get_by_text("Stāvoklis uz 10.06.2010.")).to_be_visible()


def test_filters_work_without_scripts_and_are_kept_in_the_form(page_without_scripts: Page) -> None:
    page = page_without_scripts
    page.goto("/en/providers/")
    page.get_by_label("Municipality in 2010").select_option("Daugavpils pilsēta")
    page.get_by_label("Type of provider").select_option("Night shelter")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 entry of 101")).to_be_visible()
    expect(page.get_by_label("Type of provider")).to_have_value("night_shelter")
    page.get_by_role("link", name="Clear the search").click()
    expect(page.get_by_role("heading", name="101 entries of 101")).to_be_visible()


def test_an_empty_result_has_a_way_out(page: Page) -> None:
    page.goto("/lv/providers/?q=zzz")
    expect(page.get_by_role("heading", name="0 ierakstu no 101")).to_be_visible()
    page.get_by_role("link", name="Rādīt visus ierakstus").click()
    expect(page.get_by_role("heading", name="101 ieraksts no 101")).to_be_visible()


def test_the_map_is_walked_with_the_keyboard(page: Page) -> None:
    page.goto("/en/providers/?group=visually_impaired")
    areas = page.get_by_role("group", name="Entries by municipality of 2010").get_by_role("link")
    expect(areas).to_have_count(21)
    areas.nth(0).focus()
    page.keyboard.press("Tab")
    expect(areas.nth(1)).to_be_focused()
    page.get_by_role("link", name="Balvu novads: 2 entries").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 entries of 101")).to_be_visible()
    expect(page).to_have_url(re.compile("municipality=0380200&group=visually_impaired$"))


def test_the_map_and_the_table_beside_it_agree(page: Page) -> None:
    page.goto("/en/providers/")
    table = page.get_by_role("table", name=re.compile("Number of entries"))
    for area in page.get_by_role("group", name="Entries by municipality of 2010").get_by_role("link").all():
        name, count = re.fullmatch(r"(.+): (\d+) (?:entry|entries)", area.get_attribute("aria-label") or "").groups()
        expect(table.get_by_role("row", name=f"{name} {count}", exact=True)).to_have_count(1)
    expect(table.get_by_role("row", name="Total 101")).to_have_count(1)


def test_the_results_are_walked_page_by_page(page: Page) -> None:
    page.goto("/en/providers/?accommodation=with")
    expect(page.get_by_text("Page 1 of 3")).to_be_visible()
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    expect(page.get_by_role("heading", name="50 entries of 101")).to_be_visible()


def test_the_file_holds_what_the_page_shows(page: Page) -> None:
    page.goto("/en/providers/?municipality=0604300")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.path().read_text(encoding="utf-8").count("Aglonas novads,") >= 3
