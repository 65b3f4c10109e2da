"""A map of areas in five classes of equal count; the legend tells each class in numbers."""

from __future__ import annotations

from typing import Any

from saime.core.exchange.numbers import format_number
from saime.dissemination.boundaries import area_shapes
from saime.dissemination.charts import Chart, Point, said_of

CLASSES = 5
COLOURS = ["#e3efe9", "#b4d6cb", "#74b3a8", "#3a8580", "#17403f"]  # light to dark: the order survives without hue
MISSING = ["#ffffff", "#c8cbcd", "#8f9396", "#dfe1e3"]  # without hue; as many as there are reasons for having no number


def draw_map(chart: Chart, language: str, width: str) -> dict[str, Any]:
    """Vega-Lite's geoshape over the areas; the legend tells why an area has no number."""
    shapes, limits = area_shapes(), class_limits([point.value for point in chart.known if point.value is not None])
    names = [_class_name(limits, place, chart, language) for place in range(len(limits) - 1)]
    features = []
    for point in chart.points:
        if point.category in shapes:
            name = _reason(point, language) if point.value is None else names[class_of(point.value, limits)]
            properties = {"class": name, "said": said_of(point, chart, language)}
            features.append({"type": "Feature", "geometry": shapes[point.category], "properties": properties})
    missing = list(dict.fromkeys(_reason(point, language) for point in chart.points if point.value is None))
    colours = COLOURS[-len(names) :] if len(names) < CLASSES else COLOURS
    scale = {"domain": [*names, *missing], "range": [*colours, *MISSING[: len(missing)]]}
    legend = {
        "orient": "bottom",
        "direction": "vertical",
        "columns": 1 if width == "narrow" else 3,
        "symbolType": "square",
        "symbolSize": 220,
    }
    return {
        "data": {"values": {"type": "FeatureCollection", "features": features}, "format": {"property": "features"}},
        "height": 240 if width == "narrow" else 440,
        "autosize": {"type": "pad"},
        "projection": {"type": "identity", "reflectY": True},
        "mark": {"type": "geoshape", "stroke": "#484949", "strokeWidth": 0.6},
        "encoding": {
            "color": {
                "field": "properties.class",
                "type": "nominal",
                "sort": scale["domain"],
                "scale": scale,
                "title": None,
                "legend": {**legend, "symbolStrokeColor": "#484949", "symbolStrokeWidth": 0.6},
            },
            "description": {"field": "properties.said"},
        },
    }


def _reason(point: Point, language: str) -> str:
    return point.symbol.name.in_language(language) if point.symbol else ""


def class_limits(values: list[float]) -> list[float]:
    """Quantiles that cut the values into at most five classes, with both ends; equal limits are merged."""
    ordered = sorted(values)
    picked = [ordered[min(len(ordered) - 1, round(place * (len(ordered) - 1) / CLASSES))] for place in range(CLASSES + 1)]
    limits = sorted(set(picked))
    return limits if len(limits) > 1 else [limits[0], limits[0]]


def class_of(value: float, limits: list[float]) -> int:
    """The class whose lower limit the value reaches; the last class includes its upper limit."""
    reached = sum(value >= limit for limit in limits) - 1
    return min(reached, len(limits) - 2)


def _class_name(limits: list[float], place: int, chart: Chart, language: str) -> str:
    low, high = (format_number(limit, language, chart.decimals) for limit in limits[place : place + 2])
    return f"{low} – {high}" if place == len(limits) - 2 else f"{low} – < {high}"
