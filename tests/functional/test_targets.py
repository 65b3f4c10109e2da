"""A reader looks up targets, indicators and budgets."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from support.browser import check_accessibility, check_reflow, take_picture

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["lv", "en"])
def test_everybody_can_read_the_page(page: Page, language: str) -> None:
    page.goto(f"/{language}/targets/")
    check_accessibility(page)
    take_picture(page, "targets", language)
    check_reflow(page)
    take_picture(page, "targets-narrow", language)


def test_the_contents_lead_to_the_tables(page: Page) -> None:
    page.goto("/en/targets/")
    page.get_by_role("link", name="Budget: Strategy of the Ministry of Welfare").click()
    expect(page.get_by_role("heading", name="Budget", exact=True)).to_be_in_viewport()


def test_the_difference_of_the_special_budget_is_told(page: Page) -> None:
    page.goto("/en/targets/")
    table = page.get_by_role("table", name="State special budget, in euros")
    row = table.get_by_role("row", name="Sub-programmes together exceed programme 04.00.00 by (calculated)")
    expect(row.get_by_role("cell")).to_have_text(["157,884,789", "172,641,173", "188,211,822"])
    expect(table.get_by_text("net of transfers between the special budgets")).to_be_visible()


def test_a_wide_table_scrolls_with_the_keyboard(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/lv/targets/")
    region = page.get_by_role("region", name="1. Valsts sociālā apdrošināšana")
    region.focus()
    expect(region).to_be_focused()
    assert region.evaluate("box => box.scrollWidth > box.clientWidth")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=region.element_handle())
