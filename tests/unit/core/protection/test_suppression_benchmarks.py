"""Proven optima of published tables, reproduced exactly (tests/data/sdc)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saime.core.protection.audit import audit
from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.suppression import suppress
from support.suppression import problem

BENCHMARKS = json.loads((Path(__file__).parents[3] / "data" / "sdc" / "suppression_benchmarks.json").read_text("utf-8"))
TOTALS = {"total", "tot", "T"}


def table(name: str) -> tuple[list[str], list[float], list[Any]]:
    cells = BENCHMARKS[name]["optimum"]["cells"]
    names = list(cells)
    rows, columns = ([*dict.fromkeys(cell.split("|")[side] for cell in names)] for side in (0, 1))
    values = [cell[0] if isinstance(cell, list) else cell for cell in cells.values()]
    lines = [[f"{row}|{column}" for column in columns] for row in rows] + [[f"{row}|{column}" for row in rows] for column in columns]
    equations = [
        [(names.index(cell), -1.0 if set(cell.split("|")) & TOTALS and is_total(cell, line) else 1.0) for cell in line] for line in lines
    ]
    return names, values, equations


def is_total(cell: str, line: list[str]) -> bool:
    """Whether the cell is the total of its line: in the part in which the line's cells differ."""
    side = 0 if len({other.split("|")[0] for other in line}) > 1 else 1
    return cell.split("|")[side] in TOTALS


def pose(name: str, solution: str) -> tuple[list[str], SuppressionProblem]:
    names, values, equations = table(name)
    primary = [names.index(cell) for cell in BENCHMARKS[name]["optimum"]["primary"]]
    asked = np.ones(len(primary))
    if solution.startswith("SPL"):
        none = np.zeros(len(primary))
        levels = {"lower_protection": none, "upper_protection": none, "sliding_protection": asked * float(solution[3:])}
    else:
        down, up = (float(part[3:]) for part in solution.split("_"))
        levels = {"lower_protection": asked * down, "upper_protection": asked * up, "sliding_protection": asked * 0.0}
    return names, problem(values, equations, primary, **levels)


def secondary(names: list[str], posed: SuppressionProblem, pattern: SuppressionPattern) -> set[str]:
    return {names[place] for place in np.flatnonzero(pattern.withheld)} - {names[place] for place in posed.primary}


PROVEN = ("sdctable_testproblem", "sdctable_4x4", "fischetti_salazar_3x3")
CASES = [(name, solution) for name in PROVEN for solution in BENCHMARKS[name]["optimum"]["solutions"]]


@pytest.mark.parametrize(("name", "solution"), CASES)
def test_the_proven_optimum_is_found_and_proven(name: str, solution: str) -> None:
    names, posed = pose(name, solution)
    pattern = suppress(posed)
    expected = BENCHMARKS[name]["optimum"]["solutions"][solution]
    assert secondary(names, posed, pattern) == set(expected["secondary"])
    assert pattern.cost == pytest.approx(expected.get("cost_freq", expected.get("cost_value")))
    assert pattern.is_optimal


@pytest.mark.parametrize("flows", [True, False])
def test_two_in_every_row_and_column_is_not_enough(flows: bool) -> None:
    names, posed = pose("sdctable_4x4", "SPL1")
    shown = posed.values.copy()
    shown[posed.primary] = np.nan
    intervals = audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary, flows=flows)
    expected = BENCHMARKS["sdctable_4x4"]["optimum"]["attack_primary_only"]
    assert {names[place]: pytest.approx(ends) for place, ends in zip(posed.primary, intervals.tolist(), strict=True)} == expected


def test_the_intervals_after_suppression_are_the_published_ones() -> None:
    names, posed = pose("sdctable_4x4", "SPL1")
    expected = BENCHMARKS["sdctable_4x4"]["optimum"]["solutions"]["SPL1"]["attack_after"]
    for place, ends in zip(posed.primary, suppress(posed).intervals.tolist(), strict=True):
        assert ends == pytest.approx(expected[names[place]])
    names, posed = pose("fischetti_salazar_3x3", "LPL5_UPL5")
    assert suppress(posed).intervals.tolist() == [pytest.approx(BENCHMARKS["fischetti_salazar_3x3"]["optimum"]["attack_II|C"])]
