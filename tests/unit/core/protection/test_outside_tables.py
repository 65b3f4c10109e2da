"""Reading a table from outside: hierarchies, margins, linked tables, and each way in which a file or a spec can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saime.core.errors import BadInput
from saime.core.protection.table_spec import read_spec
from support.outside_tables import COUNTS, HIERARCHIES, read, spec_of

REGIONS = {"T": ["north", "C"], "north": ["A", "B"]}
SAME_TREE = [
    REGIONS,
    {"A": "north", "B": "north", "C": "T", "north": "T"},
    {"T": {"north": {"A": {}, "B": {}}, "C": {}}},
    {"T": {"north": ["A", "B"], "C": []}},
]


@pytest.mark.parametrize("hierarchy", SAME_TREE, ids=["children", "parent", "nested", "mixed"])
def test_a_hierarchy_may_be_written_in_several_ways(tmp_path: Path, hierarchy: dict[str, object]) -> None:
    found = read(tmp_path, COUNTS, spec_of(dimensions={"region": hierarchy, "sex": "T"}))
    assert found.cells.size == 15
    assert (found.value("north", "T"), found.value("T", "M"), found.value("T", "T")) == (53, 44, 75)


def test_a_dimension_without_a_total_has_no_margins(tmp_path: Path) -> None:
    found = read(tmp_path, COUNTS, spec_of(dimensions={"region": None, "sex": "T"}))
    assert {codes[0] for codes in found.cells.codes} == {"A", "B", "C"}
    assert found.cells.size == 9


def test_margins_of_the_file_are_taken_and_missing_ones_added_up(tmp_path: Path) -> None:
    found = read(tmp_path, COUNTS + "T,T,75\nA,T,20\n", spec_of())
    assert found.cells.size == 12
    assert [found.value(region, "T") for region in "TABC"] == [75, 20, 33, 22]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_told_from_the_header(tmp_path: Path, separator: str) -> None:
    assert read(tmp_path, COUNTS.replace(",", separator), spec_of()).value("T", "T") == 75


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1257"])
def test_the_encoding_is_told_from_the_text(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, COUNTS.replace("A,", "Ķekava,").encode(encoding), spec_of(dimensions={"region": "T", "sex": "T"}))
    assert found.value("Ķekava", "T") == 20


def test_decimal_commas_are_read_when_the_spec_says_so(tmp_path: Path) -> None:
    text = "region;sex;count\nA;F;2,5\nA;M;18\n"
    dimensions = {"region": {"T": ["A"]}, "sex": "T"}
    assert read(tmp_path, text, spec_of(dimensions=dimensions, decimal=",", rule={}, withhold=[{"sex": "F"}])).value("T", "T") == 20.5


def test_tables_that_share_cells_are_one_system(tmp_path: Path) -> None:
    """Two ways to add up the same leaves: the leaves and the total are cells of both tables."""
    by_county, by_size = (
        {"region": {"T": ["x", "y"], "x": ["A", "B"], "y": ["C"]}},
        {"region": {"T": ["big", "small"], "big": ["A", "C"], "small": ["B"]}},
    )
    text = "region,count\nA,20\nB,33\nC,22\n"
    found = read(tmp_path, text, spec_of(dimensions={}, tables=[{"dimensions": by_county}, {"dimensions": by_size}]))
    assert [grid.structure.size for grid in found.cells.grids] == [6, 6]
    assert found.cells.size == 8
    assert (found.value("x"), found.value("big"), found.value("T")) == (53, 42, 75)
    assert len(found.cells.rows().lower) == 6


def test_a_dimension_that_a_table_lacks_is_there_with_its_total(tmp_path: Path) -> None:
    records = "region,sex,age\nA,F,old\nA,M,old\nA,M,young\nB,F,young\nB,M,old\n"
    two = {"T": ["A", "B"]}
    tables = [{"dimensions": {"region": two, "sex": "T"}}, {"dimensions": {"region": two, "age": "T"}}]
    found = read(tmp_path, records, spec_of(rows="records", value=None, dimensions={}, tables=tables))
    assert found.cells.size == 9 + 9 - 3, "region by total is common to both"
    assert (found.value("A", "M", "T"), found.value("A", "T", "old"), found.value("A", "T", "T")) == (2, 2, 3)
    assert len({tuple(row) for row in _rows(found.cells.rows())}) == len(found.cells.rows().lower), "each row once"


def _rows(rows: object) -> list[list[int]]:
    return [sorted(rows.cells[start:end].tolist()) for start, end in zip(rows.starts[:-1], rows.starts[1:], strict=True)]  # type: ignore[attr-defined]


FILES: dict[str, tuple[str | bytes, dict[str, object], str]] = {
    "inconsistent margin": (COUNTS + "T,T,74\n", {}, r"not the sum of their parts: T\|T by -1"),
    "margin over codes": (COUNTS + "A,T,21.5\n", {}, r"whole numbers"),
    "duplicate cell": (COUNTS + "A,F,2\n", {}, r"more than one row for the cells A\|F(.|\n)*rows 7"),
    "missing cell": (COUNTS.replace("B,F,19\n", ""), {}, r"no row for 1 cells that are no margins: B\|F"),
    "unknown code": (COUNTS + "D,F,1\n", {}, r"dimension region has the code 'D'(.|\n)*row"),
    "missing value": (COUNTS.replace("19", ""), {}, r"there is no value(.|\n)*column count, rows 3"),
    "negative value": (COUNTS.replace("19", "-19"), {}, r"below 0(.|\n)*rows 3"),
    "no number": (COUNTS.replace("19", "many"), {}, r"there is no number(.|\n)*rows 3"),
    "decimal comma": (COUNTS.replace(",", ";").replace("19", "19,5"), {}, r'decimal comma(.|\n)*"decimal": ","'),
    "missing column": (COUNTS, {"value": "persons"}, r"no column persons; its columns are: region, sex, count"),
    "repeated column": ("region,sex,sex,count\nA,F,F,2\n", {}, r"names sex more than once"),
    "uneven row": (COUNTS + "A,F\n", {}, r"fields than the 3(.|\n)*rows 7"),
    "no rows": ("region,sex,count\n", {}, r"no rows"),
    "empty file": ("", {}, r"no column region, sex, count"),
    "not text": (b"PK\x03\x04\x00\x00", {}, r"text neither in UTF-8"),
    "not counts": (COUNTS.replace("19", "19.5"), {}, r"no whole numbers"),
    "too large contributions": (
        "region,sex,count,n,a,b\nA,F,2,9,2,2\n",
        {"dimensions": {"region": {"T": ["A"]}, "sex": {"T": ["F"]}}, "frequency": "n", "largest_contributions": ["a", "b"]},
        r"more than the value in the cells .*A\|F",
    ),
    "record of a total": (COUNTS + "T,F,2\n", {"rows": "records"}, r"is a total(.|\n)*rows 7"),
    "unknown dimension of a block": (COUNTS, {"withhold": [{"age": "1"}]}, r"unknown dimension age(.|\n)*spec's withhold"),
    "unknown code of a block": (COUNTS, {"withhold": [{"sex": ["F", "X"]}]}, r"dimension sex has no code 'X'"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_does_not_fit_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    text, fields, message = FILES[name]
    spec = spec_of(**fields)
    with pytest.raises(BadInput, match=message) as told:
        read(tmp_path, text, spec).primary(spec)
    assert told.value.fix
    assert told.value.where


def test_missing_cells_are_zeros_when_the_spec_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, COUNTS.replace("B,F,19\n", ""), spec_of(missing="zero"))
    assert (found.value("B", "F"), found.value("B", "T")) == (0, 14)


HIERARCHY_FAULTS = {
    "own ancestor": ({"A": "B", "B": "C", "C": "A"}, r"'\w' is its own ancestor: \w > \w > \w > \w"),
    "own parent": ({"T": ["A", "B", "C"], "C": ["C"]}, r"own ancestor|two parents"),
    "two parents": ({"T": ["x", "y"], "x": ["A", "B"], "y": ["B", "C"]}, r"'B' has two parents, 'x' and 'y'"),
    "a number": ({"T": ["A", "B", 3]}, r"cannot be read"),
    "not a tree": (7, r"cannot be read"),
}


@pytest.mark.parametrize("name", HIERARCHY_FAULTS)
def test_a_hierarchy_that_is_no_tree_is_told(tmp_path: Path, name: str) -> None:
    hierarchy, message = HIERARCHY_FAULTS[name]
    with pytest.raises(BadInput, match=message):
        read(tmp_path, COUNTS, spec_of(dimensions={"region": hierarchy, "sex": "T"}))


def test_a_table_cannot_lack_a_dimension_without_one_total(tmp_path: Path) -> None:
    tables = [{"dimensions": {"region": None}}, {"dimensions": {"sex": "T"}}]
    with pytest.raises(BadInput, match="not every table has dimension region"):
        read(tmp_path, COUNTS, spec_of(dimensions={}, tables=tables))


SPECS = {
    "not JSON": ("{\n'a'", "not valid JSON(.|\n)*line 2"),
    "named twice": ('{"value": "a", "value": "b"}', "'value' is named twice"),
    "unknown field": ({"minimun": 3}, "minimun: Extra inputs"),
    "no rule": ({"rule": {}}, "name a rule, or cells to withhold"),
    "no value": ({"value": None}, "name the column of the values"),
    "both": ({"tables": [{"dimensions": HIERARCHIES}]}, "either dimensions or tables"),
    "no contributions": ({"rule": {"p_percent": 10}}, "name 2 columns in largest_contributions"),
    "no frequency": ({"largest_contributions": ["a", "b"]}, "name the column of the frequency"),
    "zeros alone": ({"rule": {"zeros": True, "p_percent": 10}}, "zeros is part of the minimum frequency rule"),
    "p above q": ({"rule": {"pq": {"p": 80, "q": 60}}}, "p must be below q"),
    "no protection": ({"protection": {}}, "name lower, upper or sliding"),
    "another method": ({"method": "rounding"}, "method"),
    "percent sign": ({"protection": {"lower": "much"}}, "protection.lower"),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_faulty_spec_is_told_with_its_field(tmp_path: Path, name: str) -> None:
    content, message = SPECS[name]
    base = {"dimensions": HIERARCHIES, "value": "count", "rule": {"minimum": 3}}
    path = tmp_path / "spec.json"
    path.write_text(content if isinstance(content, str) else json.dumps(base | content), encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        read_spec(path)
