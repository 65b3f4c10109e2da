from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saime.core.exchange.layout import arrange, depths
from support.example_datasets import cube, disability, flat

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=4)


@given(sizes=SIZES, data=st.data())
def test_the_grid_holds_every_observation_once_at_its_own_codes(sizes, data):
    dimensions = tuple(flat(f"D{n}", size, prefix=f"d{n}_") for n, size in enumerate(sizes))
    names = data.draw(st.permutations([d.id for d in dimensions]))
    cut = data.draw(st.integers(0, len(names)))
    dataset = cube("cube", dimensions, rows=tuple(names[:cut]), columns=tuple(names[cut:]))
    layout = arrange(dataset)
    grid = layout.grid(dataset.structure)
    assert sorted(place for row in grid for place in row) == list(range(math.prod(sizes)))
    cells = list(dataset.structure.cells())
    for row, places in zip(layout.row_cells, grid, strict=True):
        for column, place in zip(layout.column_cells, places, strict=True):
            assert {code.id for code in (*row, *column)} <= set(cells[place])


def test_the_datasets_own_layout_is_followed_and_one_code_stands_in_the_caption():
    layout = arrange(disability())
    assert [d.id for d in layout.rows] == ["DISABILITY_STATUS"]
    assert [d.id for d in layout.columns] == ["CHARACTERISTIC"]
    assert [d.id for d in layout.fixed] == ["TIME_PERIOD"]


@pytest.mark.parametrize(("selection", "rows"), [({}, 5), ({"DISABILITY_STATUS": ["adults"]}, 1)])
def test_some_dimension_always_runs_down(selection, rows):
    assert len(arrange(disability().select(selection)).row_cells) == rows


def test_without_a_layout_the_largest_dimension_runs_down_and_small_ones_across():
    dataset = cube("cube", (flat("SEX", 3), flat("REF_AREA", 43, "geo"), flat("AGE", 20)))
    layout = arrange(dataset)
    assert ([d.id for d in layout.rows], [d.id for d in layout.columns]) == (["REF_AREA", "AGE"], ["SEX"])


def test_depth_counts_only_parents_that_are_shown():
    whole, part = disability(), disability().select({"DISABILITY_STATUS": ["adults", "group1"]})
    assert depths(whole.structure.dimensions[0])["group1"] == 2
    assert depths(part.structure.dimensions[0]) == {"adults": 0, "group1": 1}


def test_a_selection_of_a_selection_keeps_each_number_at_its_codes():
    dataset = cube("cube", (flat("A", 4, prefix="a"), flat("B", 3, prefix="b")))
    assert dataset.structure.position(("a3", "b2")) == 11
    part = dataset.select({"A": ["a1", "a3"], "B": ["b1", "b2"]}).select({"A": ["a3"]})
    assert part.values == (10, 11)
    assert part.structure.position(("a3", "b2")) == 1
