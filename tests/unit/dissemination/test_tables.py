from __future__ import annotations

from django.utils import translation

from saime.dissemination.tables import build_table
from support.example_datasets import cube, disability, flat


def spans(row):
    return [(header.text, header.colspan, header.rowspan, header.scope) for header in row]


def test_a_hierarchy_of_two_levels_stands_as_in_a_printed_table():
    with translation.override("en"):
        table = build_table(disability(), "en")
    assert spans(table.head[0]) == [
        ("Disability status", 1, 2, "col"),
        ("Total", 1, 2, "col"),
        ("of which", 2, 1, "colgroup"),
        ("Working persons", 1, 2, "col"),
    ]
    assert spans(table.head[1]) == [("sight", 1, 1, "col"), ("hearing", 1, 1, "col")]


def test_every_row_has_as_many_cells_as_the_head_has_columns():
    dataset = cube("wide", (flat("A", 3, prefix="a"), flat("B", 4, prefix="b"), flat("C", 2, prefix="c")), rows=("A",), columns=("B", "C"))
    table = build_table(dataset, "en")
    assert [sum(header.colspan for header in row) for row in table.head] == [9, 8]
    assert {len(row.headers) + len(row.cells) for row in table.body} == {9}


def test_outer_row_headers_stand_once_and_span_their_rows():
    dataset = cube("long", (flat("A", 2, prefix="a"), flat("B", 3, prefix="b"), flat("C", 2, prefix="c")), rows=("A", "B"), columns=("C",))
    body = build_table(dataset, "en").body
    assert [[(header.text, header.rowspan, header.scope) for header in row.headers] for row in body[:2]] == [
        [("A a0", 3, "rowgroup"), ("B b0", 1, "row")],
        [("B b1", 1, "row")],
    ]
    assert [[cell.text for cell in row.cells] for row in body] == [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"], ["8", "9"], ["10", "11"]]


def test_a_number_of_low_reliability_carries_its_letter_and_its_name():
    dataset = cube("weak", (flat("A", 2, prefix="a"),)).model_copy(update={"obs_status": ("A", "U")})
    cell = build_table(dataset, "en").body[1].cells[0]
    assert (cell.text, cell.name) == ("1 u", "1, low reliability")


def test_the_only_cell_of_a_selection_still_has_a_row_header():
    table = build_table(disability().select({"DISABILITY_STATUS": ["adults"], "CHARACTERISTIC": ["sight"]}), "lv")
    assert [header.text for header in table.body[0].headers] == ["pilngadīgie"]
    assert [cell.text for cell in table.body[0].cells] == ["312"]
    assert table.fixed == [("Pazīme", "redzes")]
