"""A journalist opens a dataset: reads the table and the chart, chooses rows by keyboard, takes a file, and learns what is withheld."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.browser import check_accessibility, check_reflow, take_picture

pytestmark = pytest.mark.browser

TABLE = "disability-2019-06"
PAGES = {
    "datasets": "",
    "disability": TABLE,
    "printed": f"{TABLE}-published",
    "population": "population-2022",
    "monthly": "benefit-recipients-2022-monthly",
}
WORDS = {
    "lv": {"show": "Rādīt", "withheld": "konfidenciāls"},
    "en": {"show": "Show", "withheld": "confidential"},
}


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_the_page(page: Page, name: str, language: str) -> None:
    page.goto(f"/{language}/datasets/{PAGES[name]}")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    check_accessibility(page)
    take_picture(page, f"dataset-{name}", language)
    check_reflow(page)
    take_picture(page, f"dataset-{name}-narrow", language)


def test_the_list_leads_to_the_dataset(page: Page) -> None:
    page.goto("/en/datasets/")
    page.locator(f"a[href='/en/datasets/{TABLE}']").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Persons with disabilities")
    expect(page.get_by_text("Synthetic data", exact=True).first).to_be_visible()


def test_the_chart_is_drawn_and_told_in_words(page: Page, language: str) -> None:
    page.goto(f"/{language}/datasets/{TABLE}")
    chart = page.get_by_role("figure").get_by_role("img")
    expect(chart).to_have_js_property("complete", True)
    assert chart.evaluate("image => image.naturalWidth") > 0
    assert len(chart.get_attribute("alt") or "") > 40
    expect(page.get_by_role("table")).to_be_visible()


def test_a_withheld_cell_is_announced_and_explained(page: Page, language: str) -> None:
    page.goto(f"/{language}/datasets/{TABLE}")
    withheld = page.get_by_role("cell", name=WORDS[language]["withheld"], exact=True)
    expect(withheld.first).to_be_visible()
    expect(withheld.first).to_contain_text("c")
    legend = page.locator(".saime-symbols").get_by_text(WORDS[language]["withheld"])
    expect(legend.first).to_be_visible()


def test_rows_are_chosen_with_the_keyboard_alone(page: Page, language: str) -> None:
    page.goto(f"/{language}/datasets/{TABLE}")
    rows = page.get_by_role("table").get_by_role("row")
    before = rows.count()
    page.locator("details summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first code of the first dimension is no longer chosen
    page.get_by_role("button", name=WORDS[language]["show"]).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**DISABILITY_STATUS=**")
    expect(rows).to_have_count(before - 1)
    expect(page.locator("details input:not(:checked)")).to_have_count(1)


def test_the_selection_works_without_scripts(page_without_scripts: Page) -> None:
    page = page_without_scripts
    page.goto(f"/lv/datasets/{TABLE}?CHARACTERISTIC=sight")
    expect(page.get_by_role("table").get_by_role("cell")).to_have_count(7)


def test_a_file_of_the_selection_can_be_taken_along(page: Page, tmp_path: Path) -> None:
    page.goto(f"/en/datasets/{TABLE}?CHARACTERISTIC=total")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    target = tmp_path / "file.csv"
    started.value.save_as(target)
    assert started.value.suggested_filename == f"{TABLE}-selection.csv"
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["CHARACTERISTIC"] for row in rows} == {"total"}
    shown = page.get_by_role("table").get_by_role("cell").all_inner_texts()
    assert [f"{int(row['OBS_VALUE']):,}" for row in rows if row["OBS_VALUE"]] == [text for text in shown if text[:1].isdigit()]


def test_the_page_tells_how_the_numbers_were_made(page: Page) -> None:
    page.goto(f"/en/datasets/{TABLE}")
    steps = page.locator(".saime-lineage").get_by_role("heading", level=3).all_inner_texts()
    assert steps[:3] == ["Release", "Protection certificate", "Tabulation run"]
    assert steps[-1] == "Legal act"
    expect(page.get_by_text("Cells exposed: 0.")).to_be_visible()


def test_a_wrong_code_is_told_and_the_way_back_is_offered(page: Page) -> None:
    page.goto(f"/lv/datasets/{TABLE}?DISABILITY_STATUS=group9")
    expect(page.get_by_text("group9").first).to_be_visible()
    check_accessibility(page)
