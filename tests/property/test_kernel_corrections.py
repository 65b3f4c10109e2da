"""Taking a person's old rows out of the signed terms and putting the new ones in gives what counting everything anew gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_tabulation_properties import facts_of_some_persons, hierarchies_by_dimension, some_periods, spells

from saime.core.model.classification import Classification
from saime.core.tabulation import kernel, kernel_months
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.kernel import KernelEngine, array_loops, compiled_loops
from support.tabulation import Fact, plan, write_facts

careful = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
LOOPS = {"compiled": compiled_loops(), "arrays": array_loops()}


@pytest.mark.parametrize("loops", sorted(LOOPS))
@careful
@given(st.lists(spells(), max_size=60), st.lists(spells(), max_size=30), hierarchies_by_dimension, some_periods)
def test_a_correction_is_a_subtraction_and_an_addition(
    loops: str, facts: list[Fact], late: list[Fact], by: dict[str, Classification], periods: list[str]
) -> None:
    person = late[0].person if late else "a"
    corrected = [row for row in facts if row.person != person] + [row for row in late if row.person == person]
    everybody = [*facts, *late]
    with tempfile.TemporaryDirectory() as folder:
        kept = [row for row in everybody if row in facts], [row for row in everybody if row in corrected]
        before, after = (write_facts(Path(folder) / name, rows, partitions=1) for name, rows in zip("ba", kept, strict=True))
        asked = compile_plan(plan({name: {} for name in by}, periods), by, before)
        engine = KernelEngine(loops=LOOPS[loops])
        counted = engine.counted(asked, before)
        numbers = [
            sorted({row.key for row in rows}).index(Fact(person, {}).key) if rows and person in {r.person for r in rows} else 9999
            for rows in kept
        ]
        counted.correct(counted.person_rows(before, numbers[0]), counted.person_rows(after, numbers[1]))
        assert np.array_equal(counted.persons_by_cell(), engine.count(asked, after))


@careful
@given(facts_of_some_persons, hierarchies_by_dimension, hierarchies_by_dimension)
def test_another_plan_is_answered_without_reading_facts(
    facts: list[Fact], first: dict[str, Classification], other: dict[str, Classification]
) -> None:
    """Layers of months hold persons with their combinations of values, so other hierarchies and margins need nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        stored = write_facts(Path(folder), facts)
        asked = [compile_plan(plan({name: {} for name in by}, ["2022"]), by, stored) for by in (first, other)]
        right = KernelEngine(layers=False).count(asked[1], stored)
        KernelEngine().count(asked[0], stored)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernel, "read_blocks", None)
            patch.setattr(kernel_months, "derive", None)
            assert np.array_equal(KernelEngine().count(asked[1], stored), right)
