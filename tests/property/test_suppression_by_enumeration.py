"""Suppression against brute force: every pattern of a small table, and every other table of whole counts that a reader cannot rule out."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput
from saime.core.protection.audit import audit
from saime.core.protection.problem import SuppressionProblem
from saime.core.protection.suppression import is_protected, suppress
from support.suppression import Counts, small_counts, with_margins

THRESHOLD = 3
FARTHEST = 2  # the largest protection; along a cycle no other cell moves farther
inner_counts = st.integers(2, 3).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 5), min_size=width, max_size=width), min_size=2, max_size=2)
)


def movements(full: Counts) -> npt.NDArray[np.int64]:
    """Every change of the inner counts by up to FARTHEST each, with margins, that leaves counts 0 or more."""
    shape = tuple(length - 1 for length in full.shape)
    steps = range(-FARTHEST, FARTHEST + 1)
    changes = np.array([with_margins(np.reshape(change, shape)).ravel() for change in product(steps, repeat=int(np.prod(shape)))])
    return changes[(changes + full.ravel() >= 0).all(axis=1)]


def cheapest_by_enumeration(full: Counts, posed: SuppressionProblem) -> float:
    """The cost of the cheapest pattern; infinite if none is safe. A pattern is a set of bits, and so is the set of demands met."""
    changes = movements(full)
    demands = [changes[:, k] <= -1 for k in posed.primary] + [
        changes[:, k] >= up for k, up in zip(posed.primary, posed.upper_protection, strict=True)
    ]
    reached = sum(met.astype(np.int64) << bit for bit, met in enumerate(demands))
    supports = (changes != 0) @ (1 << np.arange(full.size))
    met = np.zeros(1 << full.size, dtype=np.int64)
    np.bitwise_or.at(met, supports, reached)
    patterns = np.arange(1 << full.size)
    for bit in range(full.size):
        with_bit = patterns[patterns >> bit & 1 == 1]
        met[with_bit] |= met[with_bit ^ (1 << bit)]
    forced, shown = (int((1 << np.asarray(places)).sum()) for places in (posed.primary, np.flatnonzero(posed.published)))
    safe = (met == (1 << len(demands)) - 1) & (patterns & forced == forced) & (patterns & shown == 0)
    bits = patterns[safe][:, None] >> np.arange(full.size) & 1
    costs = bits @ posed.costs - posed.costs[posed.primary].sum()
    return float(costs.min(initial=np.inf))


@given(inner_counts, st.lists(st.integers(1, 9), min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_the_pattern_is_the_cheapest_that_enumeration_finds(inner: list[list[int]], costs: list[int]) -> None:
    full = with_margins(inner)
    posed = small_counts(full, THRESHOLD, costs=np.array(costs[: full.size], dtype=np.float64))
    assume(len(posed.primary) > 0)
    pattern, expected = suppress(posed), cheapest_by_enumeration(full, posed)
    assert (len(pattern.unsafe) > 0) == (expected == np.inf)
    if len(pattern.unsafe) == 0:
        assert pattern.cost == expected
        assert pattern.is_optimal
        assert is_protected(posed, pattern.intervals).all()


tables = st.sampled_from([(3, 4), (5, 3), (2, 3, 2), (3, 2, 2)]).flatmap(
    lambda shape: st.lists(st.integers(0, 8), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
        lambda counts: with_margins(np.reshape(counts, shape))
    )
)


@given(tables)
@settings(max_examples=40, deadline=None)
def test_no_primary_cell_is_left_unsafe_in_two_or_three_dimensions(full: Counts) -> None:
    posed = small_counts(full, THRESHOLD)
    pattern = suppress(posed)
    shown = np.where(pattern.withheld, np.nan, posed.values)
    intervals = audit(posed.rows, shown, (posed.lower, posed.upper), posed.primary, flows=False)
    safe = np.setdiff1d(posed.primary, pattern.unsafe)
    assert is_protected(posed, intervals)[np.isin(posed.primary, safe)].all()
    assert not pattern.withheld[posed.published].any()
    assert pattern.bound <= pattern.cost


@given(tables)
@settings(max_examples=20, deadline=None)
def test_a_changed_margin_is_refused(full: Counts) -> None:
    posed = small_counts(full, THRESHOLD)
    posed.values[-1] += 1
    with pytest.raises(BadInput, match="contradict"):
        suppress(posed)
