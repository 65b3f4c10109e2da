"""The shapes of the local governments: complete, closed, neighbours sharing borders, each unit where its town is."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from saime.core.pack.reader import Pack

PACK = Path(__file__).resolve().parents[3] / "packs" / "latvia"
VERSIONS = ["2009", "2021"]
# Longitude and latitude of towns, and the local governments they are in.
TOWNS = {
    "2009": {
        (24.105, 56.949): "Rīga",
        (23.72, 56.65): "Jelgava",
        (23.55, 56.50): "Jelgavas novads",
        (21.59, 56.45): "Priekules novads",
        (25.36, 57.32): "Priekuļu novads",
        (26.53, 55.88): "Daugavpils",
        (26.45, 55.98): "Daugavpils novads",
        (27.33, 56.51): "Rēzekne",
        (25.42, 57.54): "Valmiera",
        (27.01, 56.13): "Aglonas novads",
    },
    "2021": {
        (24.105, 56.949): "Rīga",
        (21.57, 57.39): "Ventspils",
        (25.27, 57.31): "Cēsu novads",
        (21.97, 56.97): "Kuldīgas novads",
        (27.05, 57.42): "Alūksnes novads",
        (22.49, 56.66): "Saldus novads",
        (26.75, 56.61): "Varakļānu novads",
        (26.45, 55.98): "Augšdaugavas novads",
        (27.72, 56.55): "Ludzas novads",
        (24.85, 57.15): "Siguldas novads",
        (26.72, 56.29): "Preiļu novads",
        (25.86, 56.50): "Jēkabpils novads",
    },
}


def features(version: str) -> list[dict]:
    path = PACK / "geography" / f"local-governments-{version}.geojson"
    return json.loads(path.read_text(encoding="utf-8"))["features"]


def rings(feature: dict) -> list[list[list[float]]]:
    geometry = feature["geometry"]
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [ring for polygon in polygons for ring in polygon]


def edges(feature: dict) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [(tuple(a), tuple(b)) for ring in rings(feature) for a, b in itertools.pairwise(ring)]


def is_inside(point: tuple[float, float], feature: dict) -> bool:
    """Even-odd rule, so holes count as outside."""
    x, y = point
    crossings = 0
    for (x1, y1), (x2, y2) in edges(feature):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            crossings += 1
    return crossings % 2 == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_every_code_of_the_classification_has_one_shape_with_its_name(version: str) -> None:
    classification = Pack(PACK).classification(f"local-governments-{version}")
    assert [(f["properties"]["code"], f["properties"]["name"]) for f in features(version)] == [
        (code.id, code.label.lv) for code in classification.leaves
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_rings_are_closed_have_an_area_and_do_not_visit_a_border_twice(version: str) -> None:
    for feature in features(version):
        assert all(ring[0] == ring[-1] and len(ring) >= 4 for ring in rings(feature)), feature["properties"]["name"]
        counted = Counter(frozenset(edge) for edge in edges(feature))
        assert max(counted.values()) == 1, feature["properties"]["name"]


@pytest.mark.parametrize("version", VERSIONS)
def test_neighbours_share_their_borders_so_that_nothing_gapes_or_overlaps(version: str) -> None:
    """Every directed edge is met by its opposite once at most, and the edges that are not met close one outline of the country."""
    directed = Counter(edge for feature in features(version) for edge in edges(feature))
    assert max(directed.values()) == 1
    outline = [(a, b) for a, b in directed if (b, a) not in directed]
    following = dict(outline)
    assert len(following) == len(outline)
    walked, point = 0, outline[0][0]
    while walked == 0 or point != outline[0][0]:
        point, walked = following[point], walked + 1
    assert walked == len(outline)


@pytest.mark.parametrize(("version", "point", "name"), [(v, point, name) for v in VERSIONS for point, name in TOWNS[v].items()])
def test_towns_lie_in_their_local_government_and_in_no_other(version: str, point: tuple[float, float], name: str) -> None:
    assert [f["properties"]["name"] for f in features(version) if is_inside(point, f)] == [name]


def test_the_units_touched_by_a_split_are_marked_approximate() -> None:
    marked = {f["properties"]["name"] for f in features("2021") if f["properties"]["approximate"]}
    assert marked == {"Krāslavas novads", "Preiļu novads", "Siguldas novads", "Ropažu novads"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_files_stay_small_enough_to_draw_on_every_page(version: str) -> None:
    assert (PACK / "geography" / f"local-governments-{version}.geojson").stat().st_size < 200_000
