"""Counts of households are protected as counts of persons are, and with them: there are no more households than persons."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput, Refused
from saime.core.exchange.explanation import explain_certificate
from saime.core.model.dataset import Dataset
from saime.core.protection import ProtectedDataset, verify
from saime.core.protection.certification import prove_together
from saime.core.protection.constraints import as_numbers
from saime.core.protection.linked import connected, link
from saime.core.protection.perturbation import keys_of
from saime.production.plan_protection import CountedPlan
from support.protected_plans import Plans, protected, withheld
from support.tabulation import ASSISTANCE, Fact, fact, tree

AREAS = ["RIGA", "JELGAVA", "OGRE", "LIMBAZI"]
TREES = {"AREA": tree({"_T": None, **dict.fromkeys(AREAS, "_T")}), "BENEFIT": tree({"_T": None, "CHILD": "_T", "HOUSING": "_T"})}
AREA: dict[str, dict[str, Any]] = {"AREA": {"column": "municipality", "overlaps": False}}
OVERLAPPING: dict[str, dict[str, Any]] = {"AREA": {"column": "municipality"}, "BENEFIT": {"column": "benefit"}}
COUNT = {"count": "distinct"}
OF_HOUSEHOLDS = {"unit": "household", "unit_measure": {"lv": "mājsaimniecības", "en": "households"}}
# households of each area, by the number of their members: two of three in Riga, six of one in Jelgava
SIZES = {"RIGA": [3, 3], "JELGAVA": [1] * 6, "OGRE": [2] * 20, "LIMBAZI": [2] * 20}

Of = Callable[[Iterable[Fact]], Plans]


@pytest.fixture
def of(tmp_path: Path) -> Of:
    return lambda facts: Plans(tmp_path / "facts", facts, TREES, ["2022"], ASSISTANCE)


def living(sizes: dict[str, list[int]]) -> list[Fact]:
    homes = [(area, size) for area, of_area in sizes.items() for size in of_area]
    return [
        fact(f"{home}-{member}", household=home, municipality=area, benefit="CHILD", sex="F")
        for home, (area, size) in enumerate(homes)
        for member in range(size)
    ]


def both(plans: Plans, dimensions: dict[str, dict[str, Any]] = AREA) -> list[CountedPlan]:
    return [plans.counted("persons", COUNT, dimensions), plans.counted("households", COUNT, dimensions, **OF_HOUSEHOLDS)]


def datasets(found: dict[str, ProtectedDataset]) -> list[Dataset]:
    return [one.dataset for one in found.values()]


def test_a_small_number_of_households_is_withheld_however_many_their_members(of: Of) -> None:
    persons, households = both(of(living({"RIGA": [9], "OGRE": [1] * 30, "LIMBAZI": [2] * 30})))
    found = protected([households])["households"]
    assert households.table.values == (61, 1, 0, 30, 30)
    assert "RIGA|2022" in withheld(found)
    assert not withheld(protected([persons])["persons"])
    verify(found.dataset, found.certificate)


def test_the_certificate_speaks_of_households(of: Of) -> None:
    persons, households = both(of(living(SIZES)))
    told = " ".join(f"{text.lv} {text.en}" for text in explain_certificate(protected([households])["households"].certificate))
    for words in ("fewer than 5 households", "mazāks par 5 mājsaimniecībām", "(households)", "(mājsaimniecības)"):
        assert words in told
    assert "person" not in told
    assert "household" not in " ".join(text.en for text in explain_certificate(protected([persons])["persons"].certificate))


def test_households_and_persons_are_not_the_same_cells_but_tied_ones(of: Of) -> None:
    described = [(one.table.structure, one.metadata.population) for one in both(of(living(SIZES)))]
    system = link(described)
    assert not set(system.places[0]) & set(system.places[1])
    assert connected(described) == ((0, 1),)
    assert len(system.rows.lower) == sum(len(link([one]).rows.lower) for one in described) + 5
    (structure, population) = described[1]
    assert population is not None
    corrected = population.model_copy(update={"data": {"2022": "of other deliveries"}})
    assert connected([described[0], (structure, corrected)]) == ((0,), (1,))


def test_published_persons_give_away_households_that_were_protected_alone(of: Of) -> None:
    """8 in Riga and Jelgava, and at most 6 in Jelgava, where 6 persons are: a reader knows that Riga has at least two."""
    persons, households = both(of(living(SIZES)))
    alone = [*datasets(protected([persons])), *datasets(protected([households]))]
    assert [withheld(protected([one])[one.plan.dataset]) for one in (persons, households)] == [set(), {"RIGA|2022", "JELGAVA|2022"}]
    with pytest.raises(Refused, match="computed from the published") as refusal:
        prove_together(alone, [])
    assert "dataset households, cells RIGA|2022" in refusal.value.where


def test_together_they_hold_also_beside_an_earlier_release_of_persons(of: Of) -> None:
    persons, households = both(of(living(SIZES)))
    found = protected([persons, households])
    assert len(prove_together(datasets(found), [])) == 2
    assert "JELGAVA|2022" not in withheld(found["households"])
    before = datasets(protected([persons]))
    later = protected([households], before)["households"]
    assert prove_together([later.dataset], before)
    assert "RIGA|2022" in withheld(later)


def test_persons_who_count_in_several_households_are_no_ground_to_stand_on(of: Of) -> None:
    mover = [fact("mover", household=900 + home, municipality="RIGA", benefit="CHILD") for home in range(8)]
    persons, households = both(of([*living({"OGRE": [2] * 20, "LIMBAZI": [1] * 9}), *mover]))
    with pytest.raises(Refused, match="1 cells have more households than persons: persons count in several") as refusal:
        protected([persons, households])
    assert refusal.value.where == "datasets households and persons"
    alone = [protected([households])["households"].dataset, protected([persons])["persons"].dataset]
    assert "RIGA|2022" in withheld(protected([persons])["persons"])
    for publish in (lambda: prove_together(alone, []), lambda: protected([households], alone[1:]), lambda: protected([persons], alone[:1])):
        with pytest.raises(BadInput, match="no counts agree with the published ones"):
            publish()


def test_what_was_published_of_more_households_than_persons_is_refused_too(of: Of) -> None:
    persons, households = both(of(living({"RIGA": [1] * 9, "OGRE": [2] * 20, "LIMBAZI": [2] * 20})))
    counted = list(households.table.values)
    counted[0], counted[1] = 50, 10
    more = replace(households, table=households.table.model_copy(update={"values": tuple(counted)}))
    before = datasets(protected([more]))
    with pytest.raises(Refused, match="1 cells have more households than persons: persons count in several"):
        prove_together(datasets(protected([persons])), before)


@pytest.mark.parametrize(
    ("measure", "dimensions"),
    [
        ({"count": "entrants"}, {}),
        ({"count": "distinct", "concept": "at_end"}, {}),
        ({"count": "distinct", "share_of": "AREA"}, {}),
        ({"count": "distinct"}, {"membership": "per_person"}),
    ],
)
def test_other_counts_of_households_are_refused(of: Of, measure: dict[str, Any], dimensions: dict[str, Any]) -> None:
    by = {"AREA": {"column": "municipality", **dimensions}}
    with pytest.raises(Refused, match="households are protected where they are counted once a period") as refusal:
        protected([of(living(SIZES)).counted("households", measure, by, **OF_HOUSEHOLDS)])
    assert "release: false" in refusal.value.fix


def test_exact_households_do_not_stand_beside_changed_persons(of: Of) -> None:
    plans = of(living(SIZES))
    changed = plans.counted(
        "changed", COUNT, AREA, protection={"cell_key": {"largest_change": 3, "variance": 2, "blocked": 2, "stay": 0.4}}
    )
    changed = replace(changed, cell_keys=keys_of(np.linspace(0, 0.9, changed.table.structure.size)))
    with pytest.raises(Refused, match="stand beside exact counts"):
        protected([changed, both(plans)[1]])


HOMES = st.lists(st.tuples(st.sampled_from(AREAS), st.integers(1, 3), st.sampled_from(["CHILD", "HOUSING"])), min_size=20, max_size=60)


@given(HOMES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_rows_hold_and_what_is_protected_together_is_proven(
    tmp_path_factory: pytest.TempPathFactory, homes: list[tuple[str, int, str]]
) -> None:
    facts = [
        fact(f"{home}-{member}", household=home, municipality=area, benefit=benefit if member else "CHILD")
        for home, (area, size, benefit) in enumerate(homes)
        for member in range(size)
    ]
    plans = both(Plans(tmp_path_factory.mktemp("facts"), facts, TREES, ["2022"], ASSISTANCE), OVERLAPPING)
    system = link([(one.table.structure, one.metadata.population) for one in plans])
    activity = system.rows.activity(system.gather([as_numbers(one.table.values) for one in plans]))
    assert (activity >= system.rows.lower).all()
    assert (activity <= system.rows.upper).all()
    try:
        found = protected(plans)
    except Refused as refusal:  # too small a table for its rule
        assert "can be computed whatever else is withheld" in str(refusal)  # noqa: PT017
        return
    assert len(prove_together(datasets(found), [])) == 2
