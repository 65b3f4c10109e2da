"""Derive the shapes of the local governments from Natural Earth (public domain); run again only when a classification changes.

Needs Python 3.11 with shapely 2 and PyYAML (in an environment of its own; the product does not need shapely) and Natural Earth's
states and provinces as Debian ships them:

    apt-get download qgis-common && dpkg-deb -x qgis-common_*.deb unpacked
    python derive_shapes.py unpacked/usr/share/qgis/resources/data/world_map.gpkg

Writes local-governments-2009.geojson (the 119 units as they are) and local-governments-2021.geojson (dissolved into the 43; a unit that
was split goes whole to its main part, and every unit that gained or lost by a split is marked approximate).
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import shapely
import yaml
from shapely.geometry import MultiPolygon, mapping
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

HERE = Path(__file__).resolve().parent
CLASSIFICATIONS = HERE.parent / "classifications"
GRID = 0.0001  # degrees; four decimals, about ten metres
ENVELOPE_BYTES = (0, 32, 48, 48, 64)  # of a GeoPackage geometry header, by envelope code


def read_units(path: Path) -> list[tuple[str, BaseGeometry]]:
    """Natural Earth's name and shape of each unit in Latvia."""
    if not path.is_file():
        sys.exit(f"{path} does not exist; get it with: apt-get download qgis-common && dpkg-deb -x qgis-common_*.deb unpacked")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("select name, geom from states_provinces where adm0_a3 = 'LVA' order by fid").fetchall()
    return [(name, shapely.from_wkb(blob[8 + ENVELOPE_BYTES[blob[3] >> 1 & 7] :])) for name, blob in rows]


def read_codes(classification: str) -> dict[str, str]:
    """Latvian name by code of each local government."""
    codes = yaml.safe_load((CLASSIFICATIONS / f"{classification}.yaml").read_text(encoding="utf-8"))["codes"]
    return {code["id"]: code["label"]["lv"] for code in codes if code["id"].isdigit()}


def match(units: list[tuple[str, BaseGeometry]], names: dict[str, str]) -> dict[str, BaseGeometry]:
    """The shape of each code. Names agree but for diacritics and endings; of a city and its namesake the city is the smaller."""
    shapes_of, codes_of = defaultdict(list), defaultdict(list)
    for name, shape in units:
        shapes_of[stem(name)].append((plain(name), shape))
    for code, name in names.items():
        codes_of[stem(name)].append((plain(name), name.endswith(" novads"), code))
    if {key: len(found) for key, found in shapes_of.items()} != {key: len(found) for key, found in codes_of.items()}:
        odd = sorted(key for key in shapes_of.keys() | codes_of.keys() if len(shapes_of[key]) != len(codes_of[key]))
        sys.exit(f"Natural Earth and the classification disagree about: {', '.join(odd)}")
    found = {}
    for key, codes in codes_of.items():
        shapes = shapes_of[key]
        if len({name for name, _ in shapes}) == len(shapes) > 1:
            by_name = dict(shapes)
            found |= {code: by_name[name] for name, _, code in codes}
        else:
            ordered = sorted(shapes, key=lambda pair: pair[1].area)
            found |= {code: shape for (_, _, code), (_, shape) in zip(sorted(codes, key=lambda code: code[1]), ordered, strict=True)}
    return found


def plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.removesuffix(" novads").casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def stem(name: str) -> str:
    return plain(name).rstrip("aeious")


def dissolve(shapes: dict[str, BaseGeometry]) -> tuple[dict[str, BaseGeometry], set[str]]:
    """The shapes of 2021, and the codes whose shape is approximate."""
    members, approximate = defaultdict(list), set()
    with (CLASSIFICATIONS / "mappings" / "local-governments-2009-to-2021.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["extent"] != "part":
                members[row["atvk_2021"]].append(shapes[row["atvk_2009"]])
            if row["extent"] != "whole":
                approximate.add(row["atvk_2021"])
    return {code: shapely.union_all(parts) for code, parts in members.items()}, approximate


def write(name: str, shapes: dict[str, BaseGeometry], names: dict[str, str], approximate: Iterable[str]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": names[code], "approximate": code in approximate},
            "geometry": geometry(shapes[code]),
        }
        for code in names
    ]
    path = HERE / f"{name}.geojson"
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features)
    path.write_text('{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n", encoding="utf-8")
    print(f"{path.name}: {len(features)} shapes, {path.stat().st_size / 1000:.0f} kB")


def geometry(shape: BaseGeometry) -> dict[str, object]:
    """Outer rings run clockwise, against RFC 7946: Vega and d3 would fill the globe around an anticlockwise one."""
    polygons = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    drawn = mapping(MultiPolygon([orient(polygon, sign=-1.0) for polygon in polygons]))
    rings = [[[[round(x, 4), round(y, 4)] for x, y in ring] for ring in polygon] for polygon in drawn["coordinates"]]
    return {"type": "Polygon", "coordinates": rings[0]} if len(rings) == 1 else {"type": "MultiPolygon", "coordinates": rings}


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    old, new = read_codes("local-governments-2009"), read_codes("local-governments-2021")
    matched = match(read_units(Path(sys.argv[1])), old)
    codes = list(matched)
    rounded = dict(zip(codes, shapely.set_precision([matched[code] for code in codes], GRID), strict=True))
    dissolved, approximate = dissolve(rounded)
    write("local-governments-2009", rounded, old, ())
    write("local-governments-2021", dissolved, new, approximate)


if __name__ == "__main__":
    main()
