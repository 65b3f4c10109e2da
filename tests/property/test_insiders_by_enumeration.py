"""Contributors who know their own cell, against brute force: every other table of whole counts that they cannot rule out."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.protection.table_protection import SuppressedTable, suppress_table
from saime.core.protection.table_reading import read_outside
from support.outside_tables import spec_of

MINIMUM = 3
FARTHEST = MINIMUM - 1  # the largest protection required; along a cycle no other cell moves farther
ROWS, COLUMNS = "abc", "xy"
CHANGES = np.array(list(product(range(-FARTHEST, FARTHEST + 1), repeat=len(ROWS) * len(COLUMNS))))

counts = st.lists(st.sampled_from([0, 1, 1, 2, 4, 7]), min_size=len(CHANGES[0]), max_size=len(CHANGES[0]))


def movements(protection: SuppressedTable) -> npt.NDArray[np.int64]:
    """Every change of the inner counts, with margins, that the published cells and the bound 0 leave open. Shape: changes x cells."""
    inner = list(product(ROWS, COLUMNS))
    belongs = np.array(
        [[all(code in ("T", own) for own, code in zip(leaf, cell, strict=True)) for cell in protection.cells.codes] for leaf in inner]
    )
    changes = CHANGES @ belongs.astype(np.int64)
    is_open = (changes[:, ~protection.pattern.withheld] == 0).all(axis=1) & (changes + protection.contents.values >= 0).all(axis=1)
    return changes[is_open]


def too_near(protection: SuppressedTable, changes: npt.NDArray[np.int64], places: list[int]) -> list[int]:
    down, up = -changes[:, places].min(axis=0), changes[:, places].max(axis=0)
    lower, upper = protection.primary.lower[places], protection.primary.upper[places]
    return [place for place, is_near in zip(places, (down < lower) | (up < upper), strict=True) if is_near]


def protect(folder: Path, inner: list[int], *, singletons: bool) -> SuppressedTable:
    rows = [f"{row},{column},{count}" for (row, column), count in zip(product(ROWS, COLUMNS), inner, strict=True)]
    (folder / "table.csv").write_text("\n".join(["row,column,n", *rows]) + "\n", encoding="utf-8")
    spec = spec_of(value="n", dimensions={"row": "T", "column": "T"}, rule={"minimum": MINIMUM, "singletons": singletons})
    return suppress_table(read_outside(folder / "table.csv", spec))


def told_to_insiders(protection: SuppressedTable) -> list[tuple[str, int]]:
    """Pairs of an inner cell with one person, who knows each cell that they are alone in, and another primary cell that they come too
    near to; cells that are unsafe anyway are left out."""
    changes, codes, values = movements(protection), protection.cells.codes, protection.contents.values
    primary = [place for place in np.flatnonzero(protection.primary.flags).tolist() if place not in protection.pattern.unsafe]
    found = []
    for leaf in (codes[place] for place in np.flatnonzero(values == 1) if "T" not in codes[place]):
        own = [
            place for place in np.flatnonzero(values == 1).tolist() if all(c in ("T", o) for o, c in zip(leaf, codes[place], strict=True))
        ]
        others = [place for place in primary if place not in own]
        if others:
            known = changes[(changes[:, own] == 0).all(axis=1)]
            found += [("|".join(leaf), near) for near in too_near(protection, known, others)]
    return found


@given(inner=counts)
@settings(max_examples=40, deadline=None)
def test_no_insider_comes_too_near_to_another_primary_cell(tmp_path_factory: object, inner: list[int]) -> None:
    protection = protect(tmp_path_factory.mktemp("table"), inner, singletons=True)  # type: ignore[attr-defined]
    assert told_to_insiders(protection) == []


def test_without_them_in_mind_an_insider_subtracts_their_own_count(tmp_path: Path) -> None:
    """1 and 2 protect each other in a row until the one person of the 1 looks at the total."""
    inner = [1, 2, 7, 7, 7, 4]
    unaware, aware = (protect(tmp_path, inner, singletons=singletons) for singletons in (False, True))
    assert told_to_insiders(unaware) != []
    assert told_to_insiders(aware) == []
    assert aware.pattern.withheld[unaware.pattern.withheld].all()
    assert aware.pattern.cost > aware.pattern.bound == unaware.pattern.bound
