"""Vintages against brute force: every table that a reader of both cannot rule out, and every pattern that could have been chosen."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset
from saime.core.protection import TableToProtect
from support.vintages import MINIMUM, Person, by_month, by_sex_and_month, released, safe_patterns

Tables = npt.NDArray[np.int64]  # one table a row: January, February, March before the correction, and after it
FARTHEST = 12  # persons in a withheld month in the enumeration; a reader may go farther
LEAST_AND_MOST = {"A": (1, MINIMUM - 1), "D": (MINIMUM, None), "C": (1, None)}
counts = st.lists(st.integers(0, 5), min_size=4, max_size=4)
months = st.tuples(*[st.booleans()] * 4)
persons = st.lists(st.tuples(st.sampled_from("FFM"), months), min_size=2, max_size=7)


@given(counts)
@example([1, 1, 2, 0])  # is refused: the year now has two persons, whom the vintage before tells to be one in each month
@settings(max_examples=60, deadline=None)
def test_both_vintages_together_leave_open_what_each_promised(given_counts: list[int]) -> None:
    *same, then, now = given_counts
    first = released(by_month([*same, then], 1))
    second = corrected(by_month([*same, now], 2), first)
    vintages = (first, second) if second else (first,)
    plain = possible(vintages)
    for number, dataset in enumerate(vintages):
        for place, status in enumerate(dataset.conf_status):
            if status != "F":
                assert len(np.unique(cells(informed(plain, vintages), number)[:, place])) >= 2
            if status == "A":
                assert set(range(1, MINIMUM + 1)) <= set(cells(plain, number)[:, place].tolist())


@given(persons)
@example([("F", (True, False, False, False)), ("F", (True, False, False, True)), ("M", (True, True, True, True))])  # is refused
@settings(max_examples=25, deadline=None)
def test_a_vintage_is_refused_only_where_no_pattern_is_safe(group: list[tuple[str, tuple[bool, ...]]]) -> None:
    corrected(by_sex_and_month(counted_in(group, 3), 2), released(by_sex_and_month(counted_in(group, 2), 1)))


def corrected(one: TableToProtect, first: Dataset) -> Dataset | None:
    """The second vintage; none where no pattern is safe."""
    try:
        return released(one, first)
    except Refused:
        assert not any(safe_patterns(one, [first]))
        return None


def counted_in(group: list[tuple[str, tuple[bool, ...]]], last: int) -> list[Person]:
    """The months of each person; of the two for March, the one at ``last``."""
    return [(sex, [month for month, place in enumerate((0, 1, last)) if flags[place]]) for sex, flags in group]


def possible(vintages: tuple[Dataset, ...]) -> Tables:
    """What a reader of the counts of both vintages cannot rule out; withheld months run from 0 to FARTHEST."""
    shown = (*vintages[0].values[1:], vintages[-1].values[3])
    tables = np.array(list(product(*(range(FARTHEST + 1) if value is None else (int(value),) for value in shown))))
    for number, dataset in enumerate(vintages):
        for place, value in enumerate(dataset.values):
            if value is not None:
                tables = tables[cells(tables, number)[:, place] == value]
    return tables


def informed(tables: Tables, vintages: tuple[Dataset, ...]) -> Tables:
    """Only the tables that also agree with what the statuses say."""
    for number, dataset in enumerate(vintages):
        for place, status in enumerate(dataset.conf_status):
            least, most = LEAST_AND_MOST.get(status, (0, None))
            values = cells(tables, number)[:, place]
            tables = tables[(values >= least) & ((most is None) | (values <= (most or 0)))]
    return tables


def cells(tables: Tables, vintage: int) -> Tables:
    """The cells of a vintage in the order of its dataset: the year and its months."""
    own = tables[:, [0, 1, 2 + vintage]]
    return np.concatenate([own.sum(axis=1, keepdims=True), own], axis=1)
