"""Tables from outside protected as a whole: known cheapest patterns, what stays and what goes, and what cannot be protected."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saime.core.errors import BadInput, Refused
from saime.core.protection.table_attackers import insiders
from saime.core.protection.table_output import write_protected
from saime.core.protection.table_problem import PosedTable
from saime.core.protection.table_protection import SuppressedTable, suppress_table
from saime.core.protection.table_reading import read_outside
from support.outside_tables import COUNTS, spec_of

# M. Fischetti and J. J. Salazar-González: investment of enterprises by activity and region
INVESTMENT = "row,column,value\n" + "".join(
    f"{row},{column},{value}\n"
    for row, values in {"I": (20, 50, 10), "II": (8, 19, 22), "III": (17, 32, 12)}.items()
    for column, value in zip("ABC", values, strict=True)
)


def protect(folder: Path, text: str, **fields: Any) -> SuppressedTable:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    return suppress_table(read_outside(folder / "table.csv", spec_of(**fields)))


def secondary(protection: SuppressedTable) -> set[str]:
    return {"|".join(protection.cells.codes[place]) for place in np.flatnonzero(protection.secondary)}


def test_a_small_count_is_protected_at_the_least_cost(tmp_path: Path) -> None:
    protection = protect(tmp_path, COUNTS)
    assert secondary(protection) == {"A|M", "C|F", "C|M"}
    summary = protection.summary()
    assert (summary["cost"], summary["proven_bound"], summary["optimal"], summary["unsafe"]) == (40, 40, True, 0)


@pytest.mark.parametrize("required", [{"lower": 5, "upper": 5}, {"lower": 4, "upper": 6}, {"lower": 8, "upper": 8}])
def test_the_example_of_fischetti_and_salazar_has_its_published_pattern_and_interval(tmp_path: Path, required: dict[str, float]) -> None:
    protection = protect(
        tmp_path,
        INVESTMENT,
        value="value",
        dimensions={"row": "T", "column": "T"},
        rule={},
        withhold=[{"row": "II", "column": "C"}],
        protection=required,
    )
    assert secondary(protection) == {"II|A", "III|A", "III|C"}
    assert protection.pattern.intervals.tolist() == [[5, 30]]
    assert protection.narrowest_interval == 25


@pytest.mark.parametrize("unit", [1e-6, 0.01, 1e9])
def test_the_pattern_does_not_depend_on_the_unit(tmp_path: Path, unit: float) -> None:
    header, *rows = COUNTS.splitlines()
    scaled = [f"{row.rpartition(',')[0]},{float(row.rpartition(',')[2]) * unit:.{8 if unit < 1 else 0}f}" for row in rows]
    required = {"lower": "50%", "upper": "200%"}
    cell: dict[str, Any] = {"rule": {}, "withhold": [{"region": "A", "sex": "F"}], "protection": required}
    protection = protect(tmp_path, "\n".join([header, *scaled]), **cell)
    assert secondary(protection) == {"A|M", "C|F", "C|M"}
    assert (protection.pattern.cost, protection.narrowest_interval) == (pytest.approx(40 * unit), pytest.approx(12 * unit))


def test_values_that_cannot_be_added_up_exactly_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"more digits than can be added up exactly"):
        protect(tmp_path, COUNTS.replace("19", "1900000000000"))


def test_tables_that_are_safe_alone_are_protected_together(tmp_path: Path) -> None:
    """One table tells p + q + r, the other q + r: together they give p away."""
    text = "place,n\np,3\nq,3\nr,3\ns,7\na,2\nb,2\nc,9\n"
    county = {"place": {"T": ["x", "y"], "x": ["p", "q", "r", "s"], "y": ["a", "b", "c"]}}
    size = {"place": {"T": ["big", "small"], "big": ["q", "r"], "small": ["p", "s", "a", "b", "c"]}}
    fields: dict[str, Any] = {"value": "n", "rule": {"minimum": 4}, "protection": {"lower": 1, "upper": 1}}
    assert [secondary(protect(tmp_path, text, dimensions=alone, **fields)) for alone in (county, size)] == [set(), set()]
    together = protect(tmp_path, text, dimensions={}, tables=[{"dimensions": county}, {"dimensions": size}], **fields)
    assert secondary(together) == {"s"}, "in both tables"


def test_ones_below_their_sum_are_no_secret_to_who_knows_that_zeros_stay(tmp_path: Path) -> None:
    """A reader who takes 0 for possible finds 0 to 3 in each cell of the row; one who knows better finds 1."""
    text = "row,column,n\na,x,1\na,y,1\na,z,1\nb,x,9\nb,y,8\nb,z,7\nc,x,9\nc,y,9\nc,z,9\n"
    fields: dict[str, Any] = {"value": "n", "dimensions": {"row": "T", "column": "T"}, "protection": {"sliding": 1}}
    keep = [{"row": ["T", "a"], "column": "T"}, {"row": "T"}]
    plain, informed = (protect(tmp_path, text, keep=keep[1:], informed=informed, **fields) for informed in (False, True))
    assert secondary(plain) < secondary(informed)
    assert informed.pattern.withheld[informed.cells.codes.index(("a", "T"))], "the sum itself"


@pytest.mark.parametrize(
    ("fields", "attackers"),
    [
        ({}, ["reader", "informed"]),
        ({"protection": {"upper": 1}}, ["reader"]),
        ({"protection": {"upper": 1}, "informed": True}, ["reader", "informed"]),
        ({"informed": False}, ["reader"]),
        ({"rule": {"minimum": 3, "singletons": True}}, ["reader", "informed", "singletons"]),
    ],
)
def test_who_states_the_protection_gets_no_informed_reader_unasked(tmp_path: Path, fields: dict[str, Any], attackers: list[str]) -> None:
    assert protect(tmp_path, COUNTS, **fields).summary()["attackers"] == attackers


def test_cells_to_keep_stay_and_cells_preferred_go(tmp_path: Path) -> None:
    kept = protect(tmp_path, COUNTS, keep=[{"region": "C", "sex": "F"}])
    assert secondary(kept) == {"A|M", "B|F", "B|M"}
    preferred = protect(tmp_path, COUNTS, prefer_hidden=[{"region": "B", "sex": ["F", "M"]}])
    assert secondary(preferred) == {"A|M", "B|F", "B|M"}
    assert preferred.summary()["cost"] == pytest.approx(18 + 0.033)


@pytest.mark.parametrize(("costs", "cost"), [("unit", 3), ("value", 40), ("frequency", 40), ({"column": "worth"}, 9)])
def test_costs_are_what_the_spec_says(tmp_path: Path, costs: object, cost: float) -> None:
    worth = "region,sex,count,worth\nA,F,2,1\nA,M,18,1\nB,F,19,4\nB,M,14,4\nC,F,10,90\nC,M,12,90\n"
    assert protect(tmp_path, worth, costs=costs).summary()["cost"] == cost


def test_the_result_has_the_rows_in_their_order_and_no_other_column(tmp_path: Path) -> None:
    text = "note,sex,region,count\nx,M,A,18\nx,F,A,2\nx,F,B,19\nx,M,B,14\nx,T,T,75\nx,F,C,10\nx,M,C,12\n"
    rows = list(csv.DictReader(io.StringIO(write_protected(protect(tmp_path, text)))))
    assert list(rows[0]) == ["region", "sex", "count", "OBS_STATUS", "CONF_STATUS", "SUPPRESSION"]
    assert [f"{row['region']}{row['sex']}" for row in rows[:7]] == ["AM", "AF", "BF", "BM", "TT", "CF", "CM"]
    assert len(rows) == 12
    assert list(rows[1].values()) == ["A", "F", "", "Q", "A", "primary"]
    assert list(rows[0].values()) == ["A", "M", "", "Q", "D", "secondary"]
    assert list(rows[2].values()) == ["B", "F", "19", "A", "F", ""]


def test_without_reasons_nothing_tells_primary_from_secondary(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(write_protected(protect(tmp_path, COUNTS, reasons=False)))))
    assert {row["CONF_STATUS"] for row in rows if not row["count"]} == {"C"}
    assert "SUPPRESSION" not in rows[0]


def test_a_cell_that_nothing_protects_is_named_with_what_would_help(tmp_path: Path) -> None:
    protection = protect(tmp_path, COUNTS, keep=[{"region": "A", "sex": ["M", "T"]}])
    assert protection.summary()["unsafe_cells"] == [{"region": "A", "sex": "F"}]
    with pytest.raises(Refused, match=r"1 primary cells cannot be protected") as told:
        protection.check_is_safe()
    assert re.search(r"cells A\|F", told.value.where)
    assert "region 'A' with 'B'" in told.value.fix


def test_a_primary_cell_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"primary cells are to be kept: A\|F"):
        protect(tmp_path, COUNTS, keep=[{"region": "A"}])


def test_a_short_time_gives_a_safe_pattern(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    rows = [f"r{i},c{j},k{k},{n}" for (i, j, k), n in np.ndenumerate(generator.poisson(generator.gamma(0.6, 25, (12, 6, 3))))]
    text = "\n".join(["a,b,c,n", *rows]) + "\n"
    protection = protect(tmp_path, text, value="n", dimensions={"a": "T", "b": "T", "c": "T"}, rule={"minimum": 5}, seconds=0.001)
    assert protection.summary()["unsafe"] == 0
    assert protection.pattern.bound <= protection.pattern.cost
    assert not protection.summary()["optimal"]


def test_a_contributor_knows_every_cell_that_they_are_alone_in(tmp_path: Path) -> None:
    """Firm x is alone in A|F and in B|M; y and z are alone nowhere."""
    records = "region,sex,amount,firm\nA,F,5,x\nB,M,4,x\nA,M,3,y\nA,M,2,z\nB,F,1,y\nB,F,1,z\n"
    tree = {"region": {"T": ["A", "B"]}, "sex": {"T": ["F", "M"]}}
    protection = protect(tmp_path, records, rows="records", value="amount", contributor="firm", dimensions=tree, rule={"minimum": 3})
    table = PosedTable(protection.spec, protection.cells, protection.contents, protection.primary)
    assert [protection.cells.name(own) for own in insiders(table)] == ["A|F, B|M"]


def test_who_is_alone_in_a_cell_and_its_margin_is_one_insider(tmp_path: Path) -> None:
    counts = "region,sex,count\nA,F,1\nA,M,0\nB,F,1\nB,M,5\nC,F,9\nC,M,9\n"
    protection = protect(tmp_path, counts)
    table = PosedTable(protection.spec, protection.cells, protection.contents, protection.primary)
    assert [protection.cells.name(own) for own in insiders(table)] == ["A|T, A|F", "B|F"]
