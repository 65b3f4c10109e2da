"""Persons and households released together, against every set of them that a reader cannot rule out."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import Refused
from saime.core.model.dataset import PRIMARY, DataStructure, FrequencyTable, LineageStep, Population
from saime.core.protection import TableToProtect, protect_release
from saime.core.protection.linked_stocks import DISTINCT, HOUSEHOLDS
from saime.core.tabulation.plan import ThresholdProtection
from support.enumeration import attacked, candidates
from support.movers import periods
from support.protection import METADATA, flat, words

Numbers = npt.NDArray[np.int64]
MINIMUM, MOST = 3, 9  # of either kind in an area
STRUCTURE = DataStructure(dimensions=(flat("AREA", "ab", overlaps=False), periods({"2022": None})))
# of each area, how many households of one, and how many persons more: members of these, or persons without a household
of_each_area = st.lists(st.integers(0, 6), min_size=4, max_size=4).filter(any)


def tables(counts: list[int]) -> list[TableToProtect]:
    (own, more), (other, others) = counts[:2], counts[2:]
    persons, households = (own + more, other + others), (own, other)
    return [
        TableToProtect(
            FrequencyTable(dataset=name, structure=STRUCTURE, values=(sum(of_area), *of_area)),
            ThresholdProtection(minimum=MINIMUM),
            METADATA.model_copy(update={"population": Population(feed="f", measure=measure, data={"2022": "d"}, complete=("AREA",))}),
            (LineageStep(kind="feed", id="f", label=words("f")),),
        )
        for name, measure, of_area in (("persons", DISTINCT, persons), ("households", HOUSEHOLDS, households))
    ]


@functools.cache
def all_counts() -> Numbers:
    own, more, other, others = np.indices((MOST + 1,) * 4).reshape(4, -1)
    persons, households = (own + more, other + others), (own, other)
    return np.stack([sum(persons), *persons, sum(households), *households], axis=1).astype(np.int64)


@given(of_each_area)
@settings(max_examples=60, deadline=None)
def test_the_attack_rules_out_nothing_that_can_be_and_nothing_is_known(counts: list[int]) -> None:
    try:
        datasets = [one.dataset for one in protect_release(tables(counts)).datasets]
    except Refused:
        return  # nothing protects so few
    possible = candidates(all_counts(), datasets)
    assert len(possible), "the true counts are among them"
    for finding, values in attacked(possible, datasets, MINIMUM):
        assert finding.plain.holds(int(values.min()), int(values.max()))
        assert len(np.unique(values)) > 1, "a withheld cell is known"
        if finding.conf_status == PRIMARY:
            assert values.min() <= 1
            assert values.max() >= MINIMUM, "a small count is known to be within less than its rule asks"
