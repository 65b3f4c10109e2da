from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from saime.dissemination.selection import PAGE_CELLS, count_cells, narrow_for_page
from support.example_datasets import cube, flat

PAGE = "/lv/datasets/recipients-2022"


class Cells(HTMLParser):
    """The text of each body cell, what a screen reader says of it, and the scopes of header cells."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.scopes: list[str] = []
        self.tag = ""

    def handle_starttag(self, tag, attrs):
        self.tag = tag if tag in {"td", "th"} else self.tag
        if tag == "td":
            self.cells.append("")
        if tag == "th":
            self.scopes.append(dict(attrs)["scope"])

    def handle_endtag(self, tag):
        self.tag = "" if tag in {"td", "th"} else self.tag

    def handle_data(self, data):
        if self.tag == "td":
            self.cells[-1] += data.strip()


def read(reader, address):
    answer = reader.get(address)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def cells(page):
    parser = Cells()
    parser.feed(page)
    return parser.cells, parser.scopes


def test_the_list_names_every_dataset_with_its_marks_and_files(reader):
    page = read(reader, "/en/datasets/")
    for dataset in ("recipients-2022", "monthly-2022", "large-2022", "printed-2022"):
        assert f'href="/en/datasets/{dataset}"' in page
        assert f'href="/en/datasets/{dataset}.px"' in page
    assert page.count("Synthetic data</strong>") == 3
    assert page.count("Published by its source</strong>") == 1


def test_before_the_first_release_the_list_says_so_and_pages_are_not_found(reader, settings, tmp_path):
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, home=tmp_path)
    assert "Nothing has been released yet." in read(reader, "/en/datasets/")
    assert reader.get("/en/datasets/recipients-2022").status_code == 404


def test_numbers_are_written_as_the_language_writes_them(reader):
    assert "1\u202f388" in cells(read(reader, PAGE))[0]
    assert "1,388" in cells(read(reader, "/en/datasets/recipients-2022"))[0]


def test_a_withheld_cell_has_a_sign_a_spoken_name_and_a_legend(reader):
    page = read(reader, PAGE)
    assert cells(page)[0].count("ckonfidenciāls") >= 2
    assert "konfidenciāls: skaitlis nav publicēts" in page
    assert "patiesa nulle" in page


def test_header_cells_say_what_they_head_and_whose_part_they_are(reader):
    page = read(reader, PAGE)
    assert set(cells(page)[1]) == {"col", "colgroup", "row"}
    assert '<span class="govuk-visually-hidden">Ziemeļi: </span>Rīga' in page
    assert "tajā skaitā" in page


def test_the_caption_tells_unit_period_and_source(reader):
    caption = re.search("<caption.*?</caption>", read(reader, "/en/datasets/recipients-2022"), re.S).group()
    for fact in ("Recipients by area", "persons", "2022", "Made-up source"):
        assert fact in caption


def test_lineage_and_protection_are_told_from_the_release_back_to_the_law(reader):
    page = read(reader, "/en/datasets/recipients-2022")
    steps = re.findall(r'saime-lineage__step">\s*<h3[^>]*>([^<]+)', page)
    assert steps == ["Release", "Protection certificate", "Tabulation run", "Delivery", "Feed contract", "Legal act"]
    assert "Withheld cells: " in page
    assert "Cells exposed: 0." in page


def test_the_mark_of_each_dataset_stands_above_its_title(reader):
    assert "Sintētiski dati" in read(reader, PAGE).split("<h1")[0]
    printed = read(reader, "/lv/datasets/printed-2022")
    assert "Publicējis avots" in printed.split("<h1")[0]
    assert "Sintētiski dati" not in printed


def test_a_selection_narrows_table_chart_and_files_and_stays_ticked(reader):
    page = read(reader, f"{PAGE}?SEX=F&REF_AREA=0034000,0041000")
    assert cells(page)[0] == ["40", "20"]
    assert "Dzimums: sievietes." in page
    query = "REF_AREA=0034000,0041000&amp;SEX=F"
    for extension in ("px", "csv", "xlsx", "json", "svg"):
        assert f"{PAGE}.{extension}?{query}" in page
    ticked = re.findall(r'name="(\w+)" value="(\w+)" checked', page)
    assert ticked == [("REF_AREA", "0034000"), ("REF_AREA", "0041000"), ("SEX", "F")]


def test_the_chart_has_its_content_in_words(reader):
    page = read(reader, "/en/datasets/monthly-2022")
    alternative = re.search(r'<img src="/en/datasets/monthly-2022.svg" alt="([^"]+)"', page).group(1)
    assert alternative == (
        "Line chart: Recipients by month (persons). Largest number shown: total, 2022-06: 300. Smallest number shown: women, 2022-01: 100."
    )


@pytest.mark.parametrize(("address", "status"), [("?GENDER=F", 400), ("?SEX=X", 400), ("?SEX=", 400), ("0", 404)])
def test_a_wrong_address_is_an_error_page_not_a_wrong_table(reader, address, status):
    assert reader.get(PAGE + address).status_code == status


def test_a_large_table_shows_its_upper_levels_and_says_so(reader):
    page = read(reader, "/en/datasets/large-2022")
    assert "There are 4,050 cells here, more than a page can hold. The page shows 450 of them" in page
    assert len(cells(page)[0]) == 450
    assert 'href="/en/datasets/large-2022.csv"' in page


def test_a_selection_too_large_for_a_file_offers_none(reader, settings):
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, maximum_cells=100)
    page = read(reader, "/en/datasets/large-2022")
    assert "too many for one file" in page
    assert 'class="saime-download"' not in page


@pytest.mark.parametrize("sizes", [(5000,), (60, 60), (20, 20, 20)])
def test_whatever_is_asked_for_fits_on_a_page(sizes):
    dataset = cube("big", tuple(flat(f"D{n}", size, prefix=f"d{n}_") for n, size in enumerate(sizes)))
    assert 0 < count_cells(dataset, narrow_for_page(dataset, {})) <= PAGE_CELLS
    assert narrow_for_page(dataset, {"D0": ("d0_3",)})["D0"] == ("d0_3",)
