"""Which chart shows a dataset, and its drawing: Vega-Lite to SVG on the server. Withheld numbers are never drawn.

A chart has one dimension along its axis or map, at most one more as lines; every other dimension stands at its widest
code, which the subtitle tells. The table beside the chart holds everything.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

import vl_convert

from saime.core.exchange.layout import arrange, depths
from saime.core.exchange.numbers import THIN_SPACE, decimals_of, format_number
from saime.core.exchange.symbols import Symbol, in_words, symbol_of
from saime.core.model.dataset import Dataset, Dimension
from saime.core.model.period import Period
from saime.dissemination.boundaries import area_shapes

MOST_BARS, MOST_LINES, FEWEST_AREAS = 60, 6, 5
WIDTHS = {"wide": 900, "narrow": 340}  # pixels
LOCALES = {
    "lv": {"decimal": ",", "thousands": THIN_SPACE, "grouping": [3], "currency": ["", " €"]},
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["€", ""]},
}


@dataclass(frozen=True)
class Point:
    category: str
    series: str
    value: float | None
    symbol: Symbol | None


@dataclass(frozen=True)
class Chart:
    """``fixed`` tells the codes at which the other dimensions stand."""

    kind: str
    category: Dimension
    series: Dimension | None
    fixed: tuple[str, ...]
    points: tuple[Point, ...]
    decimals: int

    @property
    def known(self) -> list[Point]:
        return [point for point in self.points if point.value is not None]


def choose_chart(dataset: Dataset, language: str) -> Chart | None:
    """None if the dataset wants no chart or has nothing to compare."""
    category = _category(dataset)
    declared = dataset.metadata.chart.get("kind", "")
    if category is None or declared == "none":
        return None
    kind = _kind(category, declared)
    series = _series(dataset, category) if kind == "line" else None
    chart = _collect(dataset, kind, category, series, language)
    return chart if len({point.category for point in chart.known}) > 1 else None


def _kind(category: Dimension, declared: str) -> str:
    """Lines need time, maps need boundaries of enough areas; bars always do."""
    if category.role == "time" and declared != "bar":
        return "line"
    drawn = [code for code in category.positions if code in area_shapes()]
    return "map" if declared == "map" and len(drawn) >= FEWEST_AREAS else "bar"


def _category(dataset: Dataset) -> Dimension | None:
    varying = {d.id: d for d in dataset.structure.dimensions if len(d.codes) > 1}
    declared = dataset.metadata.chart.get("dimension", "")
    rows = [d for d in arrange(dataset).rows if d.id in varying]
    return varying.get(declared) or next(iter([*rows, *varying.values()]), None)


def _series(dataset: Dataset, category: Dimension) -> Dimension | None:
    others = [d for d in dataset.structure.dimensions if d.id != category.id and len(d.codes) > 1]
    declared = [d for d in others if d.id == dataset.metadata.chart.get("series")]
    return next(iter([*declared, *others]), None)


def _collect(dataset: Dataset, kind: str, category: Dimension, series: Dimension | None, language: str) -> Chart:
    fixed = {d.id: widest_code(d) for d in dataset.structure.dimensions if d not in (category, series)}
    along = _along(kind, category)
    lines = _lines(series) if series else [""]
    points = []
    for line in lines:
        for code in along:
            chosen = fixed | {category.id: code} | ({series.id: line} if series else {})
            place = dataset.structure.position([chosen[d.id] for d in dataset.structure.dimensions])
            value, status = dataset.values[place], dataset.obs_status[place]
            points.append(Point(code, line, value, symbol_of(value, status)))
    told = tuple(
        f"{d.label.in_language(language)}: {label_of(d, fixed[d.id], language)}"
        for d in dataset.structure.dimensions
        if d.id in fixed and d.role != "time"
    )
    return Chart(kind, category, series, told, tuple(points), decimals_of(dataset.values))


def widest_code(dimension: Dimension) -> str:
    """The code at the top that covers most others: usually the total."""
    levels = depths(dimension)
    top = [code.id for code in dimension.codes if levels[code.id] == 0]
    return max(top, key=lambda code: len(dimension.families.get(code, ())))


def label_of(dimension: Dimension, code: str, language: str) -> str:
    return dimension.codes[dimension.positions[code]].label.in_language(language)


def _along(kind: str, category: Dimension) -> list[str]:
    """The codes of the axis: periods of the shortest length, areas without those that hold others, or as many bars as fit."""
    codes = [code.id for code in category.codes]
    if kind == "line":
        periods = {code: Period.parse(code) for code in codes}
        return [code for code in codes if not any(periods[code].covers(periods[other]) for other in codes if other != code)]
    if kind == "map":
        return [code for code in codes if not set(category.families.get(code, ())) & set(codes)]
    levels = depths(category)
    fitting = [[code for code in codes if levels[code] <= depth] for depth in sorted(set(levels.values()), reverse=True)]
    return next((shown for shown in fitting if len(shown) <= MOST_BARS), codes[:MOST_BARS])


def _lines(series: Dimension) -> list[str]:
    levels = depths(series)
    fitting = [[code.id for code in series.codes if levels[code.id] <= depth] for depth in sorted(set(levels.values()), reverse=True)]
    return next((shown for shown in fitting if len(shown) <= MOST_LINES), [widest_code(series)])


def draw(specification: dict[str, Any], language: str) -> str:
    """The SVG of a Vega-Lite specification."""
    return _draw(json.dumps(specification), language)


@functools.lru_cache(maxsize=128)
def _draw(specification: str, language: str) -> str:
    return str(vl_convert.vegalite_to_svg(json.loads(specification), allowed_base_urls=[], format_locale=LOCALES[language]))


def number_of(point: Point, chart: Chart, language: str) -> str:
    return "" if point.value is None else format_number(point.value, language, chart.decimals)


def said_of(point: Point, chart: Chart, language: str) -> str:
    """A point as it is read aloud: ``women, Rīga: 83`` or ``women, Rīga: confidential``."""
    names = [label_of(chart.category, point.category, language)]
    if chart.series:
        names.insert(0, label_of(chart.series, point.series, language))
    return f"{', '.join(names)}: {in_words(number_of(point, chart, language), point.symbol, language)}"
