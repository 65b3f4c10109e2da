"""Outlines become SVG paths, and the number of an area stands inside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saime.core.errors import BadInput
from saime.registers.map import _is_inside, read_shapes, view_box

SQUARE = [[26.0, 56.0], [27.0, 56.0], [27.0, 57.0], [26.0, 57.0], [26.0, 56.0]]
HOLE = [[26.3, 56.3], [26.8, 56.3], [26.8, 56.8], [26.3, 56.8], [26.3, 56.3]]


def write(path: Path, *polygon: list[list[float]], code: str = "A", approximate: bool = False) -> Path:
    feature = {
        "type": "Feature",
        "properties": {"code": code, "approximate": approximate},
        "geometry": {"type": "Polygon", "coordinates": polygon},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def points(outline: str) -> list[list[tuple[float, float]]]:
    rings = [ring.strip(" MZ").split("L") for ring in outline.split("Z") if ring.strip()]
    return [[tuple(map(float, point.split(","))) for point in [*ring, ring[0]]] for ring in rings]


def test_the_number_stands_inside_the_area_and_outside_its_holes(tmp_path: Path) -> None:
    shape = read_shapes(write(tmp_path / "a.geojson", SQUARE, HOLE), {"A"})["A"]
    rings = points(shape.outline)
    assert len(rings) == 2
    assert _is_inside(shape.label, rings)
    assert not _is_inside(shape.label, rings[1:])


def test_north_is_up_and_a_degree_of_longitude_is_shorter(tmp_path: Path) -> None:
    (ring,) = points(read_shapes(write(tmp_path / "a.geojson", SQUARE), {"A"})["A"].outline)
    (west, south), (east, _), (_, north) = ring[0], ring[1], ring[2]
    assert north < south
    assert 0.5 < (east - west) / (south - north) < 0.6  # the cosine of 56.4 degrees is 0.553


def test_only_the_wanted_territories_are_read(tmp_path: Path) -> None:
    assert read_shapes(write(tmp_path / "a.geojson", SQUARE, code="B"), {"A"}) == {}


def test_approximate_outlines_are_marked(tmp_path: Path) -> None:
    assert read_shapes(write(tmp_path / "a.geojson", SQUARE, approximate=True), {"A"})["A"].is_approximate


def test_the_frame_holds_every_outline_with_a_margin() -> None:
    assert view_box(["M10.0,-20.0L30.0,-20.0Z", "M15.0,5.5L20.0,0.0Z"]) == "6.0 -24.0 28.0 33.5"


@pytest.mark.parametrize("text", ["", "{}", '{"features": [{"properties": {}}]}'])
def test_a_file_without_outlines_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.geojson"
    path.write_text(text)
    with pytest.raises(BadInput, match="cannot read the outlines"):
        read_shapes(path, {"A"})
