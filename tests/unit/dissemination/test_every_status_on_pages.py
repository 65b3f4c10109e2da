"""Tables, charts, their texts and the home page keep apart why a number is missing or weak, and never make it zero."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override

from saime.core.exchange.symbols import symbol_of, symbols_in
from saime.core.model.dataset import Dataset, Dimension, DimensionCode
from saime.dissemination.boundaries import area_shapes
from saime.dissemination.charts import choose_chart, draw
from saime.dissemination.drawings import specification, summary
from saime.dissemination.tables import build_table
from saime.portal.headlines import headlines
from support.all_statuses import KINDS, all_statuses
from support.example_datasets import text

NAMES = {
    "lv": {"Q": "konfidenciāls", "O": "nav datu", "M": "nav piemērojams", "U": "zema ticamība", "E": "aplēse", "B": "pārrāvums laikrindā"},
    "en": {
        "Q": "confidential",
        "O": "not available",
        "M": "not applicable",
        "U": "low reliability",
        "E": "estimate",
        "B": "break in the series",
    },
}
PLACE = {"lv": 1, "en": 2}


def in_words(kind: tuple[object, ...], language: str) -> str:
    number = "" if kind[3] is None else {"lv": "1\u202f200", "en": "1,200"}[language] if kind[3] == 1200 else str(kind[3])
    return ", ".join(filter(None, (number, NAMES[language].get(str(kind[4]), ""))))


@pytest.mark.parametrize("language", ["lv", "en"])
def test_the_table_of_the_page(language: str) -> None:
    with override(language):
        rows = build_table(all_statuses(), language).body
    for kind, row in zip(KINDS, rows, strict=True):
        cell, symbol = row.cells[0], symbol_of(kind[3], kind[4])
        assert (cell.name or cell.text) == in_words(kind, language)
        marked = symbol is not None and symbol.sign != "0"
        assert cell.text.endswith(symbol.sign if marked and symbol else "0")
    assert {symbol.obs_status for symbol in symbols_in(all_statuses())} == {"A", *NAMES[language]}


@pytest.mark.parametrize("language", ["lv", "en"])
def test_the_bars_and_what_a_screen_reader_says_of_them(language: str) -> None:
    dataset = all_statuses()
    with override(language):
        chart = choose_chart(dataset, language)
        assert chart is not None
        drawing = draw(specification(dataset, chart, language, "wide"), language)
        told = summary(dataset, chart, language)
    said = re.findall(r'aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="bar"', drawing)
    assert said == [f"{kind[PLACE[language]]}: {in_words(kind, language)}" for kind in KINDS if kind[3] is not None]
    labels = set(re.findall(r'aria-label="([^"]*)"', drawing))
    assert {f"{kind[PLACE[language]]}: {in_words(kind, language)}" for kind in KINDS} <= labels
    counts = [f"{NAMES[language][status]} – {count}" for status, count in (("Q", 3), ("O", 1), ("M", 1), ("U", 1))]
    assert told.endswith(f": {', '.join(counts)}.")


def on_a_map() -> Dataset:
    """The same cells as areas."""
    dataset = all_statuses()
    codes = tuple(DimensionCode(id=area, label=text(kind[1], kind[2])) for area, kind in zip(sorted(area_shapes()), KINDS, strict=False))
    areas = Dimension(id="REF_AREA", label=text("Teritorija", "Area"), role="geo", codes=codes)
    told = dataset.model_dump()
    return Dataset.model_validate(
        told | {"structure": {"dimensions": [areas]}, "metadata": told["metadata"] | {"chart": {"kind": "map", "dimension": "REF_AREA"}}}
    )


@pytest.mark.parametrize("language", ["lv", "en"])
def test_the_legend_of_a_map_says_why_an_area_has_no_number(language: str) -> None:
    dataset = on_a_map()
    with override(language):
        chart = choose_chart(dataset, language)
        assert chart is not None
        assert chart.kind == "map"
        drawn = specification(dataset, chart, language, "wide")
    scale = drawn["encoding"]["color"]["scale"]
    assert scale["domain"][-4:] == [NAMES[language][status] for status in "QOMU"]
    assert len(set(scale["range"])) == len(scale["range"]) == len(scale["domain"])
    said = [feature["properties"]["said"] for feature in drawn["data"]["values"]["features"]]
    assert said == [f"{kind[PLACE[language]]}: {in_words(kind, language)}" for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=[kind[0] for kind in KINDS])
@pytest.mark.parametrize("language", ["lv", "en"])
def test_the_figure_on_the_home_page(kind: tuple[object, ...], language: str) -> None:
    with override(language):
        (found,) = headlines([all_statuses().select({"KIND": [str(kind[0])]})], language)
    assert found.number == in_words(kind, language)
