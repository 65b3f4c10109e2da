"""Boundaries of areas from the pack, as plane shapes by code.

Longitudes are shortened by the cosine of the middle latitude (an equirectangular map), which at the size of a country
differs little from an official projection.
"""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

from django.conf import settings

BOUNDARIES = Path("geography") / "local-governments-2021.geojson"  # feature property ``code`` is the code of the area

NO_BOUNDARIES = '{"features": []}'

Shape = dict[str, Any]  # a GeoJSON geometry


@functools.lru_cache(maxsize=1)
def area_shapes() -> dict[str, Shape]:
    """Geometry by area code; empty if the pack has no boundaries."""
    return read_shapes(_boundaries())


@functools.lru_cache(maxsize=1)
def approximate_areas() -> frozenset[str]:
    """Codes of the areas whose boundary is only roughly known, because an earlier area was split between them."""
    features = json.loads(_boundaries())["features"]
    return frozenset(feature["properties"]["code"] for feature in features if feature["properties"].get("approximate"))


def _boundaries() -> str:
    path = settings.ENVIRONMENT.pack / BOUNDARIES
    return path.read_text(encoding="utf-8") if path.is_file() else NO_BOUNDARIES


def read_shapes(geojson: str) -> dict[str, Shape]:
    features = json.loads(geojson)["features"]
    if not features:
        return {}
    latitudes = [latitude for feature in features for _, latitude in _points(feature["geometry"]["coordinates"])]
    shortening = math.cos(math.radians((min(latitudes) + max(latitudes)) / 2))
    return {
        feature["properties"]["code"]: {
            "type": feature["geometry"]["type"],
            "coordinates": _flattened(feature["geometry"]["coordinates"], shortening),
        }
        for feature in features
    }


def _points(coordinates: Any) -> list[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        return [(coordinates[0], coordinates[1])]
    return [point for part in coordinates for point in _points(part)]


def _flattened(coordinates: Any, shortening: float) -> Any:
    if isinstance(coordinates[0], int | float):
        return [coordinates[0] * shortening, coordinates[1]]
    return [_flattened(part, shortening) for part in coordinates]
