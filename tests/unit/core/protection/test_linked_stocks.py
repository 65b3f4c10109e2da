"""Entrants and leavers are protected with the stocks they come to and go from."""

from __future__ import annotations

import pytest

from saime.core.errors import BadInput, Refused
from saime.core.model.dataset import WITHHELD, Dataset
from saime.core.protection import TableToProtect, protect_release, verify
from saime.core.protection.attack import attack_together
from saime.core.protection.certification import prove_together
from saime.core.protection.constraints import check_declaration
from saime.core.protection.linked import connected, link
from support.movers import Person, entrants, leavers, stocks

# in a: 20 stay, 2 come, 12 leave; in b: 30 stay, 9 come, 7 leave; 4 move from a to b
PERSONS: list[Person] = [
    *[("a", "a")] * 20,
    *[(None, "a")] * 2,
    *[("a", None)] * 12,
    *[("b", "b")] * 30,
    *[(None, "b")] * 9,
    *[("b", None)] * 7,
    *[("a", "b")] * 4,
]


def values(one: TableToProtect) -> dict[str, int | None]:
    return {"|".join(cell): value for cell, value in zip(one.table.structure.cells(), one.table.values, strict=True)}


def hidden(dataset: Dataset) -> set[str]:
    return {"|".join(cell) for cell, status in zip(dataset.structure.cells(), dataset.obs_status, strict=True) if status == WITHHELD}


def test_who_moves_enters_a_code_and_not_the_code_above() -> None:
    come = entrants(PERSONS)
    assert values(come) == {"_T|2022-02": 11, "a|2022-02": 2, "b|2022-02": 13}
    check_declaration(come.table, nested=False)
    with pytest.raises(BadInput, match="part of '_T'"):
        check_declaration(come.table)


def test_alone_a_small_number_of_entrants_is_withheld_and_stocks_give_it_away() -> None:
    """22 = 36 + entrants - 16: stocks and leavers are large, and tell that two came."""
    tables = [stocks(PERSONS), entrants(PERSONS), leavers(PERSONS)]
    alone = [protect_release([one]).datasets[0].dataset for one in tables]
    assert [bool(hidden(dataset)) for dataset in alone] == [False, True, False]
    with pytest.raises(Refused, match="computed from the published") as refusal:
        prove_together(alone, [])
    assert "dataset entrants, cells a|2022-02" in refusal.value.where


def test_together_they_hold_and_the_order_does_not_matter() -> None:
    tables = [stocks(PERSONS), entrants(PERSONS), leavers(PERSONS)]
    found = [one.dataset for one in protect_release(tables).datasets]
    assert len(prove_together(found, [])) == 3
    assert len(set.union(*({(d.id, cell) for cell in hidden(d)} for d in found))) >= 2
    for one in protect_release(tables).datasets:
        verify(one.dataset, one.certificate)
    assert [one.dataset for one in protect_release(tables[::-1]).datasets] == found[::-1]


def test_an_earlier_release_of_stocks_is_part_of_the_system() -> None:
    before = [one.dataset for one in protect_release([stocks(PERSONS), leavers(PERSONS)]).datasets]
    with pytest.raises(Refused, match="can be computed whatever else is withheld"):
        protect_release([entrants(PERSONS)], before)


def test_stocks_and_entrants_are_linked_by_their_deliveries_only() -> None:
    come = entrants(PERSONS)
    described = [stocks(PERSONS).described, come.described]
    assert connected(described) == ((0, 1),)
    population = come.metadata.population
    assert population is not None
    other = population.model_copy(update={"data": {"2022-02": "of 2022-01+corrected"}})
    assert connected([described[0], (come.table.structure, other)]) == ((0,), (1,))


def test_the_rows_hold_for_the_true_counts_also_over_a_longer_period() -> None:
    persons: list[Person] = [("a", "b", None), ("a", None, "a"), (None, "b", "b"), ("b", "b", "a"), (None, None, "a"), ("a", "a", "a")]
    tables = [stocks(persons, quarter=True), entrants(persons), leavers(persons)]
    system = link([one.described for one in tables])
    truth = system.gather([one.shown[1] for one in tables])
    activity = system.rows.activity(truth)
    assert (activity >= system.rows.lower).all()
    assert (activity <= system.rows.upper).all()
    apart = sum(len(link([one.described]).rows.lower) for one in tables)
    assert len(system.rows.lower) == apart + 3 * (3 * 2 + 2 * 2 + 4 + 2)  # cells x (of each movement, equalities, of the quarter)


def test_the_quarter_bounds_who_came_in_it() -> None:
    """Everybody of the quarter was there in January or came later: nobody else can have come."""
    persons: list[Person] = [*[("a", "a", "a")] * 20, *[(None, "a", "a")] * 6, *[(None, None, "b")] * 2]
    tables = [stocks(persons, quarter=True), entrants(persons)]
    found = [one.dataset for one in protect_release(tables).datasets]
    assert prove_together(found, [])
    for own in attack_together(found, [3, 3]):
        assert all(finding.informed.width >= 1 for finding in own)
