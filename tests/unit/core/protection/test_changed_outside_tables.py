"""Tables from outside whose counts are changed: perturbed by cell keys, or rounded to multiples of a base."""

from __future__ import annotations

import csv
import io
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saime.core.errors import BadInput, Refused
from saime.core.protection.table_output import write_protected
from saime.core.protection.table_perturbation import PerturbedTable, perturb_table
from saime.core.protection.table_reading import read_outside
from saime.core.protection.table_rounding import RoundedTable, round_table
from saime.core.protection.table_spec import TableSpec, read_spec
from support.outside_tables import COUNTS, HIERARCHIES, spec_of

DESIGN = {"largest_change": 2, "variance": 1.05, "blocked": 1, "falling": [True, True, False, True]}
RECORDS = "region,sex,key\nA,F,0.25\nA,F,0.5\nA,M,0.75\nB,F,0.125\n"
PERTURBATIONS = "i;v;p\n0;0;1\n1;-1;0,25\n1;1;0,75\n2;-2;0,5\n2;2;0,5\n"


def perturb(folder: Path, text: str, cell_key: dict[str, Any], **fields: Any) -> PerturbedTable:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    wanted: dict[str, Any] = {"dimensions": HIERARCHIES, "method": "cell-key", "cell_key": cell_key, "missing": "zero"}
    return perturb_table(read_outside(folder / "table.csv", TableSpec.model_validate(wanted | fields)))


def rounded(folder: Path, text: str, base: int, **fields: Any) -> RoundedTable:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    return round_table(read_outside(folder / "table.csv", spec_of(method="rounding", rounding={"base": base}, **fields)))


def changes_of(table: PerturbedTable) -> dict[str, int]:
    return {"|".join(cell): int(change) for cell, change in zip(table.cells.codes, table.changes, strict=True)}


@pytest.fixture
def perturbations(tmp_path: Path) -> Path:
    (tmp_path / "changes.csv").write_text(PERTURBATIONS, encoding="utf-8")
    return tmp_path / "changes.csv"


def test_every_cell_and_margin_is_perturbed_from_the_keys_of_its_own_records(tmp_path: Path, perturbations: Path) -> None:
    """By hand: T|T has 4 records with keys 1.625, so 0.625, and of a count of 2 or more the upper half grows by 2."""
    table = perturb(tmp_path, RECORDS, {"column": "key", "table": str(perturbations)}, rows="records")
    assert changes_of(table) == {
        **{"T|T": 2, "T|F": 2, "T|M": 1, "A|T": 2, "A|F": 2, "A|M": 1},
        **{"B|T": -1, "B|F": -1, "B|M": 0, "C|T": 0, "C|F": 0, "C|M": 0},
    }
    summary = table.summary()
    assert (summary["changed"], summary["largest_change"], summary["mean_change"]) == (8, 2, round(table.changes.mean(), 6))
    assert table.published.min() >= 0


def test_the_same_table_comes_from_records_and_from_cells_with_their_keys(tmp_path: Path) -> None:
    keys = {"column": "key", "design": DESIGN}
    from_records = perturb(tmp_path, RECORDS, keys, rows="records")
    cells = "region,sex,n,key\nT,T,4,0.625\nT,F,3,0.875\nT,M,1,0.75\nA,T,3,0.5\nA,F,2,0.75\nA,M,1,0.75\nB,T,1,0.125\nB,F,1,0.125\n"
    from_cells = perturb(tmp_path, cells, keys, value="n")
    assert changes_of(from_cells) == changes_of(from_records)
    whole = "region,sex,n,key\n" + "".join(
        f"{place},{count},{int(float(key) * 256)}\n" for place, count, key in (line.rsplit(",", 2) for line in cells.splitlines()[1:])
    )
    assert changes_of(perturb(tmp_path, whole, keys | {"range": 256}, value="n")) == changes_of(from_records)


def test_the_result_holds_perturbed_counts_and_no_key(tmp_path: Path) -> None:
    table = perturb(tmp_path, RECORDS, {"column": "key", "design": DESIGN}, rows="records")
    rows = list(csv.DictReader(io.StringIO(write_protected(table))))
    assert list(rows[0]) == ["region", "sex", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"]
    assert {(row["OBS_STATUS"], row["CONF_STATUS"]) for row in rows} == {("A", "F")}
    assert "1" not in {row["OBS_VALUE"] for row in rows}, "blocked"


@pytest.mark.parametrize(
    ("text", "cell_key", "fields", "told"),
    [
        ("region,sex,n,key\nA,F,2,0.5\n", {"design": DESIGN}, {"value": "n"}, r"no row with a key for 3 cells: T\|T, T\|F, A\|T"),
        (RECORDS.replace("0.75", "75"), {"design": DESIGN}, {"rows": "records"}, "keys are not fractions from 0 to below 1"),
        (RECORDS, {"design": DESIGN, "range": 256}, {"rows": "records"}, "keys are not whole numbers from 0 to 255"),
        ("region,sex,n,key\nA,F,2.5,0.5\n", {"design": DESIGN}, {"value": "n"}, "values are no whole numbers"),
        (
            RECORDS,
            {"design": DESIGN | {"variance": 900}},
            {"rows": "records"},
            "variance 900 is too(?s:.*)spec, cell_key: design",
        ),
        (RECORDS, {"table": "nowhere.csv"}, {"rows": "records"}, "no such perturbation table"),
    ],
)
def test_what_cannot_be_perturbed_is_told(tmp_path: Path, text: str, cell_key: dict[str, Any], fields: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        perturb(tmp_path, text, {"column": "key"} | cell_key, **fields)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("i,v,p\n0,0,1\n1,0.5,1\n", "counts and changes are not whole numbers"),
        ("i,v,p\n0,0,one\n", "there is no number"),
        ("i,v,p\n0,0,1\n1,1,0.5\n", "add up to 1"),
    ],
)
def test_a_faulty_perturbation_table_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "faulty.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=told):
        perturb(tmp_path, RECORDS, {"column": "key", "table": str(tmp_path / "faulty.csv")}, rows="records")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"method": "cell-key"', "cell_key belong together"),
        ('"method": "rounding", "rounding": {"base": 5}, "seconds": 3', "makes no use of seconds"),
        ('"method": "rounding", "rounding": {"base": 5}, "frequency": "n"', "is for counts"),
        ('"method": "cell-key", "cell_key": {"column": "k"}', "name either design or table"),
        ('"method": "cell-key", "cell_key": {"column": "k", "table": "t.csv", "range": 1000}', "power of two"),
        ('"method": "cell-key", "cell_key": {"column": "k", "table": "t.csv"}, "protection": {"upper": 1}', "makes no use of protection"),
    ],
)
def test_a_spec_that_asks_what_its_method_cannot_do_is_told(tmp_path: Path, text: str, told: str) -> None:
    rule = "" if "cell-key" in text else '"rule": {"minimum": 3}, '
    (tmp_path / "spec.json").write_text(f'{{"dimensions": {{"a": "T"}}, "value": "count", {rule}{text}}}', encoding="utf-8")
    with pytest.raises(BadInput, match=told):
        read_spec(tmp_path / "spec.json")


def test_a_rounded_table_adds_up_and_tells_what_was_changed(tmp_path: Path) -> None:
    table = rounded(tmp_path, COUNTS, 5)
    assert not (table.published % 5).any()
    assert not table.cells.rows().activity(table.published.astype(float)).any()
    summary = table.summary()
    differences = np.abs(table.published - table.contents.values)
    assert (summary["sum_of_changes"], summary["largest_change"], summary["within"]) == (differences.sum(), differences.max(), 4)
    assert (summary["primary"], summary["unsafe"]) == (1, 0)
    rows = list(csv.DictReader(io.StringIO(write_protected(table))))
    assert list(rows[0]) == ["region", "sex", "count", "OBS_STATUS", "CONF_STATUS"]


@pytest.mark.parametrize(("base", "is_safe"), [(2, False), (3, False), (5, True)])
def test_a_reader_of_the_rounded_table_finds_what_trying_all_tables_finds(tmp_path: Path, base: int, is_safe: bool) -> None:
    """A row of three counts: all counts within the rounding of what is published that add up to one within that of the total."""
    table = rounded(tmp_path, "row,n\na,1\nb,4\nc,6\n", base, dimensions={"row": "T"}, value="n")
    published = dict(zip(("".join(cell) for cell in table.cells.codes), table.published.tolist(), strict=True))
    near = {cell: range(max(0, value - table.within), value + table.within + 1) for cell, value in published.items()}
    possible = [counts[0] for counts in product(near["a"], near["b"], near["c"]) if sum(counts) in near["T"]]
    assert table.intervals.tolist() == [[min(possible), max(possible)]]
    assert (not len(table.unsafe)) == is_safe == (min(possible) <= 1 and max(possible) >= 3)
    if not is_safe:
        with pytest.raises(Refused, match="1 primary cells are not protected"):
            table.check_is_safe()
