"""Outlines of territories as SVG paths, and the point inside each where its number stands.

The map is a plain cylindrical projection, true to scale at the mean latitude of its points: good enough for a region.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import statistics
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from saime.core.errors import BadInput

Point = tuple[float, float]
Ring = Sequence[Point]

SCALE = 300.0  # drawing units per degree of latitude
MARGIN = 4.0  # drawing units around the map
GRID = 20  # points tried along each side when looking for the place of a number


@dataclass(frozen=True)
class MunicipalityShape:
    """``outline`` is SVG path data; the label is the point farthest from every border."""

    outline: str
    label: Point
    is_approximate: bool


def read_shapes(path: Path, codes: Collection[str]) -> dict[str, MunicipalityShape]:
    """Shapes of the territories with these codes. Raises: BadInput when the file is not GeoJSON of polygons with a code."""
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        rings = {feature["properties"]["code"]: _rings(feature["geometry"]) for feature in features}
        approximate = {feature["properties"]["code"]: bool(feature["properties"]["approximate"]) for feature in features}
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"cannot read the outlines: {type(error).__name__} {error}"
        raise BadInput(what, where=str(path), fix="give GeoJSON with polygons, each with a code") from error
    wanted = {code: rings[code] for code in codes if code in rings}
    return {code: _shape(projected, approximate[code]) for code, projected in _project(wanted).items()}


def view_box(outlines: Iterable[str]) -> str:
    """The frame that holds all outlines, for the ``viewBox`` of their drawing."""
    numbers = [[float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", outline)] for outline in outlines]
    across, down = [x for outline in numbers for x in outline[::2]], [y for outline in numbers for y in outline[1::2]]
    width, height = max(across) - min(across), max(down) - min(down)
    return f"{min(across) - MARGIN:.1f} {min(down) - MARGIN:.1f} {width + 2 * MARGIN:.1f} {height + 2 * MARGIN:.1f}"


def _rings(geometry: dict) -> list[Ring]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [[(float(point[0]), float(point[1])) for point in ring] for polygon in polygons for ring in polygon]


def _project(areas: dict[str, list[Ring]]) -> dict[str, list[Ring]]:
    latitudes = [latitude for rings in areas.values() for ring in rings for _, latitude in ring]
    shortening = math.cos(math.radians(statistics.fmean(latitudes))) if latitudes else 1.0
    return {code: [[(x * shortening * SCALE, -y * SCALE) for x, y in ring] for ring in rings] for code, rings in areas.items()}


def _shape(rings: Sequence[Ring], is_approximate: bool) -> MunicipalityShape:
    return MunicipalityShape(" ".join(map(_path, rings)), _label_point(rings), is_approximate)


def _path(ring: Ring) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring[:-1]) + "Z"


def _label_point(rings: Sequence[Ring]) -> Point:
    """The pole of inaccessibility on a grid: inside the area and outside its holes, far from every border."""
    inside = [point for point in _grid([point for ring in rings for point in ring]) if _is_inside(point, rings)]
    edges = [edge for ring in rings for edge in itertools.pairwise(ring)]
    x, y = max(inside, key=lambda point: min(_distance(point, *edge) for edge in edges), default=rings[0][0])
    return round(x, 1), round(y, 1)


def _grid(points: Sequence[Point]) -> Iterable[Point]:
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    for row in range(1, GRID):
        for column in range(1, GRID):
            yield left + (right - left) * column / GRID, top + (bottom - top) * row / GRID


def _is_inside(point: Point, rings: Sequence[Ring]) -> bool:
    x, y = point
    crossings = 0
    for ring in rings:
        for (x1, y1), (x2, y2) in itertools.pairwise(ring):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                crossings += 1
    return crossings % 2 == 1


def _distance(point: Point, start: Point, end: Point) -> float:
    (x, y), (x1, y1), (x2, y2) = point, start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = 0.0 if length == 0 else max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length))
    return math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1))
