"""Sums, means and counts released together, against a reader who multiplies, divides and eliminates."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import Refused
from saime.core.protection import ProtectedDataset
from support.protected_plans import Plans, protected
from support.tabulation import payment, tree

AREAS, SEXES = ("RIGA", "OGRE", "JELGAVA"), ("F", "M")
TREES = {"AREA": tree({"_T": None, **dict.fromkeys(AREAS, "_T")}), "SEX": tree({"_T": None, **dict.fromkeys(SEXES, "_T")})}
BY_AREA = {"AREA": {"column": "municipality", "overlaps": False}}
BY_SEX = {"SEX": {"column": "sex", "overlaps": False}}
LEAVES = list(product(AREAS, SEXES))
Row = npt.NDArray[np.float64]
Cell = tuple[str, str]

sizes = st.lists(st.integers(0, 9), min_size=len(LEAVES), max_size=len(LEAVES)).filter(any)


def row(cell: Cell) -> Row:
    """The leaves that add up to the cell."""
    return np.array([all(code in ("_T", part) for code, part in zip(cell, leaf, strict=True)) for leaf in LEAVES], dtype=np.float64)


def cells_of(one: ProtectedDataset) -> dict[Cell, str]:
    """The status of each cell, by area and sex."""
    axes = [dimension.id for dimension in one.dataset.structure.dimensions]
    found = {}
    for cell, status in zip(one.dataset.structure.cells(), one.dataset.obs_status, strict=True):
        code = dict(zip(axes, cell, strict=True))
        found[code.get("AREA", "_T"), code.get("SEX", "_T")] = status
    return found


def follows(wanted: Cell, known: Iterable[Cell]) -> bool:
    rows = np.array([row(cell) for cell in known]).reshape(-1, len(LEAVES))
    return bool(np.linalg.matrix_rank(np.vstack([rows, row(wanted)])) == np.linalg.matrix_rank(rows))


@given(sizes)
@settings(max_examples=20, deadline=None)
def test_nothing_withheld_follows_by_elimination(counts: list[int]) -> None:
    facts = [
        payment(f"{area}{sex}{number}", "2022-01", f"{100 + 13 * number}.00", municipality=area, sex=sex)
        for (area, sex), size in zip(LEAVES, counts, strict=True)
        for number in range(size)
    ]
    with tempfile.TemporaryDirectory() as folder:
        plans = Plans(Path(folder), facts, TREES, ["2022-01"])
        asked = [
            plans.counted("sums", {"amount": "paid", "statistic": "sum"}, BY_AREA | BY_SEX, protection={"minimum": 3}),
            plans.counted("means", {"amount": "paid", "statistic": "mean"}, BY_AREA, protection={"minimum": 3, "p_percent": 10}),
            plans.counted("persons", {"count": "distinct"}, BY_SEX, protection={"minimum": 3}),
        ]
        try:
            found = {name: cells_of(one) for name, one in protected(asked).items()}
        except Refused:
            return  # nothing protects so few persons
    shown = {name: {cell for cell, status in own.items() if status != "Q"} for name, own in found.items()}
    sums = shown["sums"] | shown["means"]  # whoever knows the persons can multiply
    persons = shown["persons"] | (shown["sums"] & shown["means"])  # and divide
    for name, known in (("sums", sums), ("means", sums), ("persons", persons)):
        for cell, status in found[name].items():
            assert status != "Q" or not follows(cell, known), f"{name} gives {cell} away"
