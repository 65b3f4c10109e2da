"""Datasets become one system: shared cells are one unknown, and each row is said once."""

from __future__ import annotations

import numpy as np

from saime.core.model.dataset import DataStructure, Dimension, DimensionCode, Population
from saime.core.protection.constraints import as_numbers, knowledge
from saime.core.protection.linked import LinkedSystem, link
from support.protection import Tree, dimension, words

SEX: Tree = {"_T": None, "F": "_T", "M": "_T"}
AREA: Tree = {"LV": None, "RIX": "LV", "LGA": "LV"}
ALL = ("SEX", "AREA", "BENEFIT")


def structure(*trees: tuple[str, Tree], periods: tuple[str, ...] = ("2022",)) -> DataStructure:
    codes = tuple(DimensionCode(id=period, label=words(period)) for period in periods)
    time = Dimension(id="TIME_PERIOD", label=words("time"), codes=codes, role="time")
    return DataStructure(dimensions=(*(dimension(name, tree) for name, tree in trees), time))


def population(complete: tuple[str, ...] = ALL, feed: str = "benefits", data: str = "d1", **fields: str) -> Population:
    return Population(feed=feed, measure="distinct", data={"2022": data, "2021": data}, complete=complete, **fields)


def cells(system: LinkedSystem, dataset: int, of: DataStructure) -> dict[tuple[str, ...], int]:
    return dict(zip(of.cells(), system.places[dataset].tolist(), strict=True))


def test_a_total_of_everybody_is_the_cell_of_the_table_without_the_dimension() -> None:
    both, alone = structure(("AREA", AREA), ("SEX", SEX)), structure(("SEX", SEX))
    system = link([(both, population()), (alone, population())])
    first, second = cells(system, 0, both), cells(system, 1, alone)
    assert second[("F", "2022")] == first[("LV", "F", "2022")]
    assert second[("_T", "2022")] == first[("LV", "_T", "2022")]
    assert system.size == both.size
    assert len(system.rows.lower) == len(knowledge(both).lower)  # the table by sex says nothing new


def test_a_total_that_leaves_persons_out_is_a_cell_of_its_own() -> None:
    both, alone = structure(("AREA", AREA), ("SEX", SEX)), structure(("SEX", SEX))
    system = link([(both, population(("SEX",))), (alone, population(("SEX",)))])
    assert system.size == both.size + alone.size


def test_other_persons_periods_or_deliveries_are_other_cells() -> None:
    one = structure(("SEX", SEX))
    others = [
        (one, population(feed="disability")),
        (one, population(filter="adults")),
        (one, population(data="corrected")),
        (structure(("SEX", SEX), periods=("2021",)), population()),
        (one, None),
    ]
    assert link([(one, population()), *others]).size == 6 * one.size


def test_an_earlier_release_of_the_same_counts_is_the_same_cells() -> None:
    now, before = structure(("SEX", SEX), periods=("2021", "2022")), structure(("SEX", SEX), periods=("2021",))
    system = link([(now, population()), (before, population())])
    assert system.size == now.size
    assert cells(system, 1, before)[("F", "2021")] == cells(system, 0, now)[("F", "2021")]


def test_values_of_either_dataset_are_known() -> None:
    both, alone = structure(("AREA", AREA), ("SEX", SEX)), structure(("SEX", SEX))
    system = link([(both, population()), (alone, population())])
    known = system.gather([as_numbers((None,) * both.size), as_numbers((7, 3, 4))])
    first = cells(system, 0, both)
    assert [known[first[("LV", code, "2022")]] for code in SEX] == [7, 3, 4]
    assert np.isnan(known).sum() == both.size - 3


def test_the_system_depends_on_the_order_of_the_datasets_alone() -> None:
    tables = [(structure(("AREA", AREA), ("SEX", SEX)), population()), (structure(("SEX", SEX)), population())]
    first, again = link(tables), link(tables)
    assert all((one == other).all() for one, other in zip(first.places, again.places, strict=True))
    assert first.places[0].tolist() == list(range(9))
