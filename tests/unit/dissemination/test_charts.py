from __future__ import annotations

import json
import re

import pytest
from django.utils.translation import override

from saime.core.model.dataset import Dimension
from saime.dissemination.boundaries import approximate_areas, area_shapes, read_shapes
from saime.dissemination.charts import choose_chart, draw
from saime.dissemination.drawings import specification, summary
from saime.dissemination.maps import class_limits, class_of
from support.example_datasets import code, cube, disability, flat, text

MONTHS = Dimension(
    id="TIME_PERIOD",
    label=text("Laiks", "Time"),
    role="time",
    codes=(code("2022", "2022", "2022"), *(code(f"2022-0{m}", f"2022-0{m}", f"2022-0{m}", "2022") for m in range(1, 4))),
)


def areas():
    codes = tuple(code(area, area, area, "_T") for area in sorted(area_shapes()))
    return Dimension(id="REF_AREA", label=text("Teritorija", "Area"), role="geo", codes=(code("_T", "Latvija", "Latvia"), *codes))


def test_bars_stand_at_the_widest_code_of_every_other_dimension():
    chart = choose_chart(disability(), "en")
    assert (chart.kind, chart.category.id, chart.fixed) == ("bar", "DISABILITY_STATUS", ("Characteristic: Total",))
    assert [point.value for point in chart.points] == [2500, 700, 1830, 900, 950]


@override("en")
def test_a_withheld_number_has_a_sign_instead_of_a_bar():
    part = disability().select({"CHARACTERISTIC": ["sight"]})
    values = specification(part, choose_chart(part, "en"), "en", "wide")["data"]["values"]
    assert [row["text"] for row in values] == ["400", "90", "312", "c (confidential)", "c (confidential)"]
    assert [row["value"] for row in values] == [400, 90, 312, None, None]
    assert summary(part, choose_chart(part, "en"), "en").endswith("Not drawn: confidential – 2.")


def test_two_areas_of_one_name_have_a_bar_each():
    twins = Dimension(id="AREA", label=text("Vieta", "Place"), codes=(code("a", "Ķekava", "Ķekava"), code("b", "Ķekava", "Ķekava")))
    dataset = cube("twins", (twins, flat("SEX", 8)))
    chart = choose_chart(dataset.select({"SEX": ["c7"]}), "lv")
    drawing = draw(specification(dataset, chart, "lv", "wide"), "lv")
    assert drawing.count(">Ķekava</text>") == 2
    assert {">7</text>", ">15</text>"} <= set(re.findall(r">\d+</text>", drawing))


def test_lines_run_over_the_shortest_periods_and_skip_the_one_that_covers_them():
    chart = choose_chart(cube("time", (flat("SEX", 2), MONTHS), chart={"kind": "line", "dimension": "TIME_PERIOD"}), "en")
    assert chart.kind == "line"
    assert {point.category for point in chart.points} == {"2022-01", "2022-02", "2022-03"}
    assert {point.series for point in chart.points} == {"c0", "c1"}


def test_a_map_shows_areas_and_leaves_out_those_that_hold_others():
    dataset = cube("map", (areas(), flat("SEX", 2)), chart={"kind": "map", "dimension": "REF_AREA"})
    chart = choose_chart(dataset, "lv")
    assert chart.kind == "map"
    assert len(chart.points) == 43
    drawn = specification(dataset, chart, "lv", "wide")["data"]["values"]["features"]
    assert len(drawn) == 43


def test_without_boundaries_a_map_becomes_bars():
    chart = choose_chart(cube("map", (flat("REF_AREA", 9, "geo"),), chart={"kind": "map", "dimension": "REF_AREA"}), "lv")
    assert chart.kind == "bar"


@pytest.mark.parametrize("metadata", [{"chart": {"kind": "none"}}, {}])
def test_nothing_to_compare_is_not_drawn(metadata):
    assert choose_chart(cube("one", (flat("SEX", 1 if not metadata else 3),), **metadata), "lv") is None


@pytest.mark.parametrize(("language", "written"), [("lv", "1\u202f830"), ("en", "1,830")])
@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_the_drawing_writes_numbers_in_the_language_of_the_page(language, written, width):
    dataset = cube("bars", (flat("A", 2, prefix="a"), flat("B", 1830)), chart={"dimension": "A"})
    drawing = draw(specification(dataset, choose_chart(dataset, language), language, width), language)
    assert drawing.startswith("<svg")
    assert f">{written}</text>" in drawing


def test_classes_hold_every_value_once_and_the_last_includes_its_end():
    values = [0, 1, 5, 9, 12, 40, 41, 100, 3000, 3000]
    limits = class_limits(values)
    assert [class_of(value, limits) for value in values] == sorted(class_of(value, limits) for value in values)
    assert class_of(3000, limits) == len(limits) - 2
    assert class_of(0, limits) == 0
    assert class_limits([7, 7]) == [7, 7]
    assert class_of(7, [7, 7]) == 0


def test_longitudes_are_shortened_and_latitudes_kept():
    square = [[[24, 56], [24, 58], [25, 58], [25, 56], [24, 56]]]
    geojson = {"features": [{"properties": {"code": "x"}, "geometry": {"type": "Polygon", "coordinates": square}}]}
    ring = read_shapes(json.dumps(geojson))["x"]["coordinates"][0]
    assert [round(y) for _, y in ring] == [56, 58, 58, 56, 56]
    assert round(ring[2][0] - ring[1][0], 3) == 0.545


def test_colours_are_not_the_only_mark_of_a_line():
    dataset = cube("time", (flat("SEX", 2), MONTHS))
    encoding = specification(dataset, choose_chart(dataset, "en"), "en", "wide")["encoding"]
    assert encoding["shape"]["field"] == encoding["color"]["field"] == "line"


def test_the_areas_touched_by_the_two_splits_are_approximate():
    # Preiļu, Krāslavas (Aglonas novads was split), Siguldas and Ropažu novads (Inčukalna novads was split)
    assert approximate_areas() == {"0042000", "0032000", "0048000", "0044000"}
