"""Sets of cells whose shape was met before are counted like any other, wherever in the trees they are."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.kernel import KernelEngine, array_loops, compiled_loops
from saime.core.tabulation.kernel_layout import lay_out
from saime.core.tabulation.kernel_rows import read_blocks
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from support.tabulation import Fact, fact, plan, tree, write_facts

PLACES = {"COAST": None, "RIGA": "COAST", "WEST": None, "PLAIN": "WEST", "JELGAVA": "PLAIN", "OGRE": "PLAIN", "LIMBAZI": "WEST"}
BENEFITS = {"_T": None, "FAMILY": "_T", "CHILD": "FAMILY", "HOUSING": "FAMILY", "PENSION": "_T", "BURIAL": "_T"}
BY = {
    "MUNICIPALITY": tree(PLACES),
    "BENEFIT": tree(BENEFITS),
    "SEX": tree({"_T": None, "F": "_T", "M": "_T"}),
    "IMPAIRMENT": tree({"sight": None, "hearing": None}),
}
VALUES = {
    "municipality": ("RIGA", "JELGAVA", "OGRE", "LIMBAZI"),
    "benefit": ("CHILD", "HOUSING", "PENSION", "BURIAL"),
    "sex": ("F", "M"),
    "impairment": ("sight", "hearing"),
}
MONTHS = [f"2022-0{month}" for month in range(1, 5)]


def sets_of_cells(random: np.random.Generator, persons: int) -> list[Fact]:
    """Persons with up to eight cells that differ in one, two, three or four columns, each in a few months."""
    rows = []
    for person in range(persons):
        differing = random.choice(list(VALUES), random.integers(1, 5), replace=False)
        fixed = {name: str(random.choice(codes)) for name, codes in VALUES.items()}
        ways = list(
            product(*(random.choice(VALUES[name], min(len(VALUES[name]), random.integers(1, 4)), replace=False) for name in differing))
        )
        for way in ways[:8]:
            first, last = sorted(random.integers(1, 5, 2))
            values = fixed | dict(zip(differing, map(str, way), strict=True))
            rows.append(fact(f"p{person}", f"2022-0{first}-01", f"2022-0{last}-28", **values))
    return rows


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FactTable:
    folder: Path = tmp_path_factory.mktemp("shapes")
    return write_facts(folder, sets_of_cells(np.random.default_rng(3), 1500), partitions=2)


def specification(facts: FactTable) -> Specification:
    asked = plan({name: {"column": name.lower(), "overlaps": True} for name in BY}, ["2022", *MONTHS])
    return compile_plan(asked, BY, facts)


def test_compiled_loops_count_what_whole_array_steps_count(facts: FactTable) -> None:
    asked = specification(facts)
    right = KernelEngine(loops=array_loops(), layers=False).count(asked, facts)
    for layers in (False, True):
        assert np.array_equal(KernelEngine(threads=1, loops=compiled_loops(), layers=layers).count(asked, facts), right)


def test_counting_everybody_out_again_leaves_nothing(facts: FactTable) -> None:
    asked = specification(facts)
    counted = KernelEngine(threads=1, loops=compiled_loops(), layers=False).counted(asked, facts)
    assert counted.persons_by_cell().any()
    for files in facts.partitions:
        for rows in read_blocks(files, lay_out(asked, facts).classes):
            counted.add_rows(rows, -1)
    assert not counted.persons_by_cell().any()


def test_counts_at_the_same_time_do_not_share_what_they_remember(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    facts = write_facts(tmp_path, sets_of_cells(np.random.default_rng(7), 40))
    engine = KernelEngine(threads=1, layers=False)
    specification = compile_plan(plan({"SEX": {"column": "sex"}, "IMPAIRMENT": {"column": "impairment"}}, MONTHS), BY, facts)
    one, other = engine.counted(specification, facts), engine.counted(specification, facts)
    assert one.cubes[0].remembered is not None
    assert one.cubes[0].remembered is not other.cubes[0].remembered
    known = id(other.cubes[0].remembered)
    del other
    assert id(engine.counted(specification, facts).cubes[0].remembered) == known
