"""Results that the test suite of the R package sdcTable 0.34.0 asserts, and optima that were proven apart from Saime.

The files are not ours to copy (GPL): the tests run where they lie beside the repository.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saime.core.protection.table_protection import SuppressedTable, suppress_table
from saime.core.protection.table_reading import read_outside
from saime.core.protection.table_spec import TableSpec
from support.reference import reference_file

FOLDER = reference_file("sdc/suppression_benchmarks.json").parent
LEVELS = {"LPL": "lower", "UPL": "upper", "SPL": "sliding"}
RULES: dict[str, dict[str, Any]] = {
    "nk_rule_n2_k75_flags": {"dominance": {"n": 2, "k": 75}},
    "p_rule_p70_flags": {"p_percent": 70},
    "pq_rule_60_80_flags": {"pq": {"p": 60, "q": 80}},
}


@pytest.fixture(scope="module")
def benchmarks() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "suppression_benchmarks.json").read_text(encoding="utf-8"))
    return found


def protect(path: Path, **fields: Any) -> SuppressedTable:
    return suppress_table(read_outside(path, TableSpec.model_validate(fields)))


def names(protection: SuppressedTable, flags: np.ndarray[Any, np.dtype[np.bool_]]) -> list[str]:
    return sorted("|".join(protection.cells.codes[place]) for place in np.flatnonzero(flags))


def test_records_are_counted_and_protected_as_proven(benchmarks: dict[str, Any]) -> None:
    problem = benchmarks["sdctable_testproblem"]
    found = protect(FOLDER / problem["data"], rows="records", dimensions=problem["hierarchies"], rule={"minimum": 3})
    counts = {"|".join(cell): found.contents.values[place] for place, cell in enumerate(found.cells.codes)}
    assert {cell: counts[cell] for cell in problem["published"]["counts"]} == problem["published"]["counts"]
    assert counts == {cell: pair[0] for cell, pair in problem["optimum"]["cells"].items()}
    assert names(found, found.primary.flags) == problem["optimum"]["primary"]
    assert names(found, found.pattern.withheld) == sorted(problem["published"]["OPT=HYPERCUBE=HITAS=SIMPLEHEURISTIC_suppressed"])
    assert found.pattern.cost == problem["optimum"]["solutions"]["LPL1_UPL1"]["cost_freq"]


@pytest.mark.parametrize("published", RULES)
def test_rules_for_magnitudes_flag_what_sdctable_flags(benchmarks: dict[str, Any], published: str) -> None:
    problem = benchmarks["sdctable_testproblem"]
    fields = {"rows": "records", "value": "val", "dimensions": problem["hierarchies"], "rule": RULES[published]}
    found = protect(FOLDER / problem["data"], **fields)
    assert names(found, found.primary.flags) == problem["published"][published]


@pytest.mark.parametrize(
    ("name", "solution"),
    [
        *(("sdctable_4x4", solution) for solution in ("SPL1", "LPL1_UPL1")),
        *(("fischetti_salazar_3x3", solution) for solution in ("LPL5_UPL5", "LPL4_UPL6", "LPL8_UPL8")),
    ],
)
def test_tables_with_given_primary_cells_cost_what_is_proven(tmp_path: Path, benchmarks: dict[str, Any], name: str, solution: str) -> None:
    optimum = benchmarks[name]["optimum"]
    rows = [f"{cell.replace('|', ',')},{value}" for cell, value in optimum["cells"].items()]
    (tmp_path / "table.csv").write_text("\n".join(["row,column,n", *rows]) + "\n", encoding="utf-8")
    total = next(iter(optimum["cells"])).split("|")[0]
    found = protect(
        tmp_path / "table.csv",
        dimensions={"row": total, "column": total},
        value="n",
        withhold=[dict(zip(("row", "column"), cell.split("|"), strict=True)) for cell in optimum["primary"]],
        protection={LEVELS[level]: float(amount) for level, amount in re.findall(r"([A-Z]{3})(\d+)", solution)},
    )
    assert names(found, found.secondary) == sorted(optimum["solutions"][solution]["secondary"])
    assert found.pattern.cost == pytest.approx(next(v for k, v in optimum["solutions"][solution].items() if k.startswith("cost")))
    assert found.pattern.is_optimal


def test_linked_tables_need_one_more_cell_in_both(tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    published = benchmarks["linked_tables"]["published"]
    trees = [_tree(published["rows"], column) for column in (1, 2)]
    (tmp_path / "table.csv").write_text("".join(["region,n\n", *(f"{row[0]},{row[3]}\n" for row in published["rows"])]), encoding="utf-8")
    fields: dict[str, Any] = {"value": "n", "rule": {"minimum": 4}, "protection": {"sliding": 1}}
    for tree in trees:
        alone = protect(tmp_path / "table.csv", dimensions={"region": tree}, **fields)
        assert int(alone.secondary.sum()) == published["each_table_alone_needs_secondary"]
    linked = protect(tmp_path / "table.csv", tables=[{"dimensions": {"region": tree}} for tree in trees], **fields)
    assert names(linked, linked.secondary) == [published["linked_protection_adds"]["cell"]]


def _tree(rows: list[list[Any]], column: int) -> dict[str, str]:
    return {row[0]: row[column] for row in rows} | {row[column]: "total" for row in rows}
