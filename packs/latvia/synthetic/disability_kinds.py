"""How many persons of each kind the published table asks for.

A person is of a kind: the set of their spells in the month, each with status, impairment and work. A kind belongs to a cell of the table
when one of its spells does, so the number of persons in a cell is a sum over kinds. We look for whole numbers of persons that meet every
published cell exactly and otherwise stay near a plausible spread: first the spread (iterative proportional scaling of a prior), then the
nearest whole numbers (an integer programme). Nothing is typed in but the prior.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

CHILD, NO_GROUP = "children", "group_na"
SCALING_ROUNDS = 200
Cell = tuple[str, str]


@dataclass(frozen=True, order=True)
class SpellKind:
    """``status`` is a leaf row of the table (children, group1, ...), ``impairment`` a leaf column."""

    status: str
    impairment: str
    working: bool


Kind = tuple[SpellKind, ...]


@dataclass(frozen=True)
class Target:
    """The published counts by (row, column); cells that the source does not print are absent."""

    cells: dict[Cell, int]
    groups: tuple[str, ...]
    impairments: tuple[str, ...]


def read_target(path: Path) -> Target:
    return target_of(json.loads(path.read_text(encoding="utf-8")))


def target_of(table: dict[str, Any]) -> Target:
    cells = {(row["id"], column): value for row in table["rows"] for column, value in row["values"].items() if value is not None}
    groups = tuple(row["id"] for row in table["rows"] if row["parent"] == "adults")
    impairments = tuple(column["id"] for column in table["columns"] if column["parent"] == "functional")
    return Target(cells, groups, impairments)


def cells_of(kind: Kind) -> set[Cell]:
    """The cells a person of the kind belongs to, each once, however many of their spells do."""
    found = set()
    for spell in kind:
        rows = ("all", CHILD) if spell.status == CHILD else ("all", "adults", spell.status)
        columns = ("total", spell.impairment, "working") if spell.working else ("total", spell.impairment)
        found |= set(itertools.product(rows, columns))
    return found


def count_kinds(target: Target) -> dict[Kind, int]:
    """Persons by kind. Raises: ValueError if no persons of these kinds have the published counts."""
    prior = _prior(target)
    kinds, cells = list(prior), list(target.cells)
    positions = {cell: place for place, cell in enumerate(cells)}
    member = np.zeros((len(cells), len(kinds)), dtype=bool)
    for column, kind in enumerate(kinds):
        member[[positions[cell] for cell in cells_of(kind) if cell in positions], column] = True
    wanted = np.array([target.cells[cell] for cell in cells])
    persons = _nearest_whole(member, wanted, _spread(member, wanted, np.array(list(prior.values()))))
    return {kind: int(count) for kind, count in zip(kinds, persons, strict=True) if count}


def _prior(target: Target) -> dict[Kind, float]:
    """Every kind with a first guess of its share: rarer with every further spell."""
    pairs = list(itertools.product(target.groups, target.impairments))
    prior: dict[Kind, float] = {(SpellKind(CHILD, impairment, False),): 1.0 for impairment in target.impairments}
    for (group, impairment), working in itertools.product(pairs, (False, True)):
        adult = SpellKind(group, impairment, working)
        prior[(adult,)] = 1.0
        prior[(SpellKind(CHILD, impairment, False), adult)] = 1e-4
    for one, other in itertools.combinations(pairs, 2):
        same_group, same_impairment = one[0] == other[0], one[1] == other[1]
        share = 1e-2 if same_impairment else 1e-3
        for works in itertools.product((False, True), repeat=2):
            if same_group and works[0] != works[1]:
                continue
            prior[(SpellKind(*one, works[0]), SpellKind(*other, works[1]))] = share if works[0] == works[1] else share / 100
    return prior


def _spread(member: NDArray[np.bool_], wanted: NDArray[np.int64], persons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale the prior cell by cell until the cells come near their counts."""
    for _ in range(SCALING_ROUNDS):
        for kinds, count in zip(member, wanted, strict=True):
            counted = persons[kinds].sum()
            persons[kinds] *= count / counted if counted > 0 else 0.0
    return persons


def _nearest_whole(member: NDArray[np.bool_], wanted: NDArray[np.int64], near: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers of persons that meet every cell, with the least sum of distances to ``near``."""
    start = np.rint(near).astype(np.int64)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    whole = highspy.HighsVarType.kInteger
    more = [solver.addVariable(lb=0, obj=1, type=whole) for _ in start]
    fewer = [solver.addVariable(lb=0, ub=int(count), obj=1, type=whole) for count in start]
    for kinds, missing in zip(member, wanted - member @ start, strict=True):
        solver.addConstr(
            solver.qsum([more[k] for k in np.flatnonzero(kinds)]) - solver.qsum([fewer[k] for k in np.flatnonzero(kinds)]) == int(missing)
        )
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ValueError(
            "no persons who are a child, an adult, both, or an adult with one or two spells have these counts.\n"
            "Where: the table of published counts (datasets/disability_table_2019_06.json).\n"
            "What to do: compare its cells with the source; children + adults may exceed all only by persons with one impairment type."
        )
    values = np.rint(np.array(solver.getSolution().col_value)).astype(np.int64)
    persons = start + values[: len(start)] - values[len(start) :]
    if (persons < 0).any() or (member @ persons != wanted).any():
        raise ValueError("the integer programme returned persons that do not meet the published counts; report a defect")
    return persons
