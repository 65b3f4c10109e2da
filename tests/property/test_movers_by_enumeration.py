"""Stocks, entrants and leavers released together, against every set of persons that a reader cannot rule out."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import Refused
from saime.core.protection import TableToProtect, protect_release
from support.enumeration import attacked, candidates
from support.movers import entrants, kinds, leavers, stocks

Numbers = npt.NDArray[np.int64]
KINDS = kinds(2)
MINIMUM, MOST = 3, 5  # persons of one kind in the enumeration

persons_of_each_kind = st.lists(st.integers(0, 4), min_size=len(KINDS), max_size=len(KINDS)).filter(any)


def tables(counts: list[int]) -> list[TableToProtect]:
    persons = [kind for kind, count in zip(KINDS, counts, strict=True) for _ in range(count)]
    return [stocks(persons), entrants(persons), leavers(persons)]


@functools.cache
def cells_of_kinds() -> Numbers:
    """What one person of each kind adds to each cell of the three tables, in their order."""
    alone = [[table.table.values for table in (stocks([kind]), entrants([kind]), leavers([kind]))] for kind in KINDS]
    return np.array([[value for values in one for value in values] for one in alone], dtype=np.int64)


@functools.cache
def all_counts() -> Numbers:
    grid = np.indices((MOST + 1,) * len(KINDS), dtype=np.int8).reshape(len(KINDS), -1).T
    return np.asarray(grid @ cells_of_kinds().astype(np.int8), dtype=np.int64)


@given(persons_of_each_kind)
@settings(max_examples=25, deadline=None)
def test_the_attack_rules_out_nothing_that_can_be_and_nothing_is_known(counts: list[int]) -> None:
    try:
        datasets = [one.dataset for one in protect_release(tables(counts)).datasets]
    except Refused:
        return  # nothing protects so few persons
    possible = candidates(all_counts(), datasets)
    assert len(possible), "the true counts are among them"
    for finding, values in attacked(possible, datasets, MINIMUM):
        assert finding.plain.holds(int(values.min()), int(values.max()))
        assert len(np.unique(values)) > 1, "a withheld cell is known"
