"""Vega-Lite specifications of bars, lines and maps. Shape, text or order tells everything that colour tells."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import Any

from django.utils.translation import gettext as _

from saime.core.exchange.symbols import SYMBOLS, with_sign
from saime.core.model.dataset import Dataset
from saime.dissemination.charts import WIDTHS, Chart, Point, label_of, number_of, said_of
from saime.dissemination.maps import draw_map

INK, SECONDARY, LINE, FILL = "#0b0c0c", "#484949", "#b1b4b6", "#1d6362"
LINE_COLOURS = ["#17403f", "#8c2335", "#5a4b00", "#3d3a8c", "#a3400c", "#484949"]  # each at least 4.5:1 on white
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"  # an image cannot use the fonts of the page around it
LETTERS = {"wide": {"line": 120, "label": 42}, "narrow": {"line": 44, "label": 19}}  # in a line of the title, of a label
ROOM = {"wide": 1.2, "narrow": 1.75}  # length of the axis over the longest bar, for the number at its end
LINE_HEIGHT, GAP = 15, 11  # pixels of a label's line and between labels


def specification(dataset: Dataset, chart: Chart, language: str, width: str) -> dict[str, Any]:
    """A whole chart with title, subtitle, unit and the note on what is not drawn."""
    kinds = {"bar": _bars, "line": _lines, "map": draw_map}
    drawing = kinds[chart.kind](chart, language, width)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": 8,
        "width": WIDTHS[width],
        "autosize": {"type": "fit-x", "contains": "padding"},
        "title": {"text": _subtitle(dataset, chart, language, width), "anchor": "start", "frame": "bounds"},
        "config": _config(),
        **drawing,
    }


def _subtitle(dataset: Dataset, chart: Chart, language: str, width: str) -> list[str]:
    """One line for each fact, broken where the picture ends."""
    facts = [*chart.fixed, dataset.metadata.unit_measure.in_language(language)]
    return [line for fact in facts for line in wrap(fact, LETTERS[width]["line"])]


def _config() -> dict[str, Any]:
    text = {"labelFont": FONT, "titleFont": FONT, "labelColor": INK, "titleColor": INK, "labelFontSize": 13, "titleFontSize": 13}
    return {
        "font": FONT,
        "view": {"stroke": None},
        "axis": {**text, "gridColor": "#e4e6e7", "domainColor": LINE, "tickColor": LINE, "titleFontWeight": "normal"},
        "legend": {**text, "titleFontWeight": "normal", "labelLimit": 320},
        "title": {"font": FONT, "fontSize": 14, "fontWeight": "normal", "color": SECONDARY, "offset": 12},
    }


def _bars(chart: Chart, language: str, width: str) -> dict[str, Any]:
    """Horizontal bars with the number, or the sign that stands for it, at their end."""
    labels = ["\n".join(wrap(label_of(chart.category, p.category, language), LETTERS[width]["label"])) for p in chart.points]
    rows = [{"order": place, **_bar(point, chart, language)} for place, point in enumerate(chart.points)]
    lines = 1 + max(label.count("\n") for label in labels)
    longest = max((point.value or 0 for point in chart.points), default=0)
    written = {"text": {"field": "text"}, "x": {"field": "end", "type": "quantitative"}}
    words = f"split({json.dumps(labels)}[datum.value], '\\n')"  # by place: two codes may have one label
    axis = {"labelExpr": words, "labelLimit": 0, "ticks": False, "domain": False, "labelPadding": 8}
    return {
        "data": {"values": rows},
        "height": (LINE_HEIGHT * lines + GAP) * len(rows),
        "encoding": {
            "y": {"field": "order", "type": "ordinal", "title": None, "axis": axis},
            "x": {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, longest * ROOM[width] or 1]}},
            "description": {"field": "said"},
        },
        "layer": [
            {"mark": {"type": "bar", "color": FILL, "height": 16}, "transform": [{"filter": "datum.value !== null"}]},
            {"mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 13, "color": INK}, "encoding": written},
        ],
    }


def _bar(point: Point, chart: Chart, language: str) -> dict[str, Any]:
    """``end`` is where the text stands: at the axis where there is no bar. A missing number has no bar, not one of length zero."""
    return {
        "value": point.value,
        "end": point.value or 0,
        "text": _text(point, chart, language),
        "said": said_of(point, chart, language),
    }


def _text(point: Point, chart: Chart, language: str) -> str:
    shown = with_sign(number_of(point, chart, language), point.symbol)
    return shown if point.value is not None or point.symbol is None else f"{shown} ({point.symbol.name.in_language(language)})"


def _lines(chart: Chart, language: str, width: str) -> dict[str, Any]:
    """Lines over time, told apart by the shape of their points; a gap stands where a number is missing."""
    series = chart.series
    names = list(dict.fromkeys(label_of(series, point.series, language) for point in chart.points)) if series else []
    rows = [
        {
            "period": label_of(chart.category, point.category, language),
            "value": point.value,
            "said": said_of(point, chart, language),
            "line": label_of(series, point.series, language) if series else "",
        }
        for point in chart.points
    ]
    periods = list(dict.fromkeys(row["period"] for row in rows))
    told = {"field": "line", "type": "nominal", "title": None, "sort": names}
    legend = {"orient": "top", "direction": "vertical", "columns": 1 if width == "narrow" else 2, "symbolSize": 90}
    marks = {
        "color": {**told, "scale": {"domain": names, "range": LINE_COLOURS[: len(names)]}, "legend": legend},
        "shape": {**told, "scale": {"domain": names}, "legend": legend},
    }
    return {
        "data": {"values": rows},
        "height": 320,
        "encoding": {
            "x": {"field": "period", "type": "ordinal", "sort": periods, "title": None, "axis": {"labelAngle": -45}},
            "y": {"field": "value", "type": "quantitative", "title": None, "axis": {"format": f",.{chart.decimals}f", "tickCount": 6}},
            "description": {"field": "said"},
            **(marks if names else {"color": {"value": FILL}}),
        },
        "mark": {"type": "line", "point": {"filled": True, "size": 60}, "invalid": "break-paths-show-path-domains"},
    }


def summary(dataset: Dataset, chart: Chart, language: str) -> str:
    """The chart in words, for those who do not see it; what is not drawn may be larger or smaller than what is."""
    known = sorted(chart.known, key=lambda point: point.value or 0)
    parts = {
        "title": dataset.metadata.title.in_language(language),
        "fixed": ", ".join([*chart.fixed, dataset.metadata.unit_measure.in_language(language)]),
        "most": said_of(known[-1], chart, language),
        "least": said_of(known[0], chart, language),
        "missing": _missing(chart, language),
    }
    kinds = {"bar": _("Bar chart"), "line": _("Line chart"), "map": _("Map")}
    words = _("%(kind)s: %(title)s (%(fixed)s). Largest number shown: %(most)s. Smallest number shown: %(least)s.")
    told = words % {**parts, "kind": kinds[chart.kind]}
    gap = _("Not drawn: %(missing)s.") % parts if parts["missing"] else ""
    return f"{told} {gap}".strip()


def _missing(chart: Chart, language: str) -> str:
    """How many points have no number, by the reason."""
    reasons = [point.symbol for point in chart.points if point.value is None]
    counts = {symbol: reasons.count(symbol) for symbol in SYMBOLS.values() if symbol in reasons}
    return ", ".join(f"{symbol.name.in_language(language)} – {count}" for symbol, count in counts.items())
