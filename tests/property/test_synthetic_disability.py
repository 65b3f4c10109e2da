"""Whatever small set of persons a table was counted from, the generator finds persons with exactly the same table."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from support.synthetic import count_cells, generator_module, spells_of

kinds = generator_module("disability_kinds")
disability = generator_module("disability")
GROUPS, IMPAIRMENTS = ("group1", "group2", "group3", "group_na"), ("sight", "hearing", "movement", "mental", "other")
ROWS = ("all", "children", "adults", *GROUPS)
COLUMNS = ("total", *IMPAIRMENTS, "working")


@st.composite
def persons(draw: st.DrawFn) -> tuple:
    """A child, an adult, both, or an adult with two spells that differ in group or impairment."""
    impairment, group = st.sampled_from(IMPAIRMENTS), st.sampled_from(GROUPS)
    first = kinds.SpellKind(draw(group), draw(impairment), draw(st.booleans()))
    sort = draw(st.sampled_from(["child", "adult", "both", "two"]))
    if sort == "child":
        return (kinds.SpellKind("children", first.impairment, False),)
    if sort == "adult":
        return (first,)
    if sort == "both":
        return (kinds.SpellKind("children", first.impairment, False), first)
    other = draw(st.tuples(group, impairment).filter(lambda pair: pair != (first.status, first.impairment)))
    works = first.working if other[0] == first.status else draw(st.booleans())
    return (first, kinds.SpellKind(*other, works))


def table_of(people: list[tuple]) -> dict[tuple[str, str], int]:
    counted = {}
    for row, column in itertools.product(ROWS, COLUMNS):
        counted[row, column] = sum((row, column) in kinds.cells_of(person) for person in people)
    del counted["all", "working"], counted["children", "working"]
    return counted


def pool() -> object:
    """Forty residents of each age."""
    age = np.repeat(np.arange(0, 90), 40)
    return disability.People(np.arange(len(age)), (np.arange(len(age)) % 2).astype(np.uint8), age, np.ones(len(age)))


@settings(max_examples=25, deadline=None)
@given(st.lists(persons(), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_generated_spells_have_the_table_of_the_persons_it_was_counted_from(people: list[tuple], seed: int) -> None:
    published = table_of(people)
    found = kinds.count_kinds(kinds.Target(published, GROUPS, IMPAIRMENTS))
    rng = np.random.default_rng(seed)
    spells = disability.make_spells(found, pool(), disability.Month.of("2019-06"), rng)
    counted = count_cells(spells_of(spells))
    assert {cell: counted.get(cell, 0) for cell in published} == published
