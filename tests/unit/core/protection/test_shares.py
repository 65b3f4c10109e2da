"""Shares are withheld with the counts that they are made of, and a published share tells its count."""

from __future__ import annotations

from pathlib import Path

import pytest

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset, FrequencyTable
from saime.core.protection import verify
from saime.core.protection.certification import prove_together
from saime.core.protection.shares import counts_told, publish_shares
from support.protected_plans import Plans, protected, statuses, withheld
from support.protection import withhold
from support.tabulation import payment, tree

TREES = {
    "AREA": tree({"_T": None, "RIGA": "_T", "OGRE": "_T", "JELGAVA": "_T", "LIMBAZI": "_T"}),
    "SEX": tree({"_T": None, "F": "_T", "M": "_T"}),
}
AREA, SEX = {"AREA": {"column": "municipality", "overlaps": False}}, {"SEX": {"column": "sex", "overlaps": False}}
PERSONS, SHARES = {"count": "distinct"}, {"count": "distinct", "share_of": "SEX"}
SIZES = {"RIGA": (20, 11), "OGRE": (3, 9), "JELGAVA": (8, 7), "LIMBAZI": (0, 0)}
PERCENT = {"unit_measure": {"lv": "procenti", "en": "percent"}}


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    facts = [
        payment(f"{area}{sex}{number}", "2022-01", "1.00", municipality=area, sex=sex)
        for area, counts in SIZES.items()
        for sex, count in zip("FM", counts, strict=True)
        for number in range(count)
    ]
    return Plans(tmp_path / "facts", facts, TREES, ["2022-01"])


def shown(dataset: Dataset) -> dict[str, float | None]:
    return {"|".join(cell): value for cell, value in zip(dataset.structure.cells(), dataset.values, strict=True)}


def test_a_share_is_withheld_where_a_count_in_it_is(plans: Plans) -> None:
    found = protected([plans.counted("shares", SHARES, AREA | SEX, **PERCENT), plans.counted("persons", PERSONS, AREA | SEX)])
    assert withheld(found["shares"]) == withheld(found["persons"])
    assert {"OGRE|F|2022-01", "OGRE|M|2022-01"} < withheld(found["shares"])
    assert shown(found["shares"].dataset)["_T|F|2022-01"] == 53.4
    assert statuses(found["shares"], "M") == {f"LIMBAZI|{sex}|2022-01" for sex in ("_T", "F", "M")}, "no share of nobody"
    for one in found.values():
        verify(one.dataset, one.certificate)
    together = prove_together([one.dataset for one in found.values()], [])
    assert [one.dataset for one in together["shares"].linked] == ["persons"]


def test_alone_it_is_protected_as_if_its_counts_were_published(plans: Plans) -> None:
    alone = protected([plans.counted("shares", SHARES, AREA | SEX, **PERCENT)])["shares"]
    counts = protected([plans.counted("persons", PERSONS, AREA | SEX)])["persons"]
    assert withheld(alone) == withheld(counts)
    assert (alone.certificate.kind, alone.certificate.rules) == ("attack", {"rule": "shares", "minimum": 5, "share_of": "SEX"})


def careless(plans: Plans, hidden: set[str]) -> Dataset:
    """Shares of which only some are withheld."""
    asked = plans.counted("shares", SHARES, AREA | SEX, **PERCENT)
    assert isinstance(asked.table, FrequencyTable)
    counts = withhold(asked.table, {tuple(cell.split("|")): "C" for cell in hidden})
    return publish_shares(counts.model_copy(update={"id": "shares", "metadata": asked.of_counts}), "SEX", asked.metadata)[0]


def test_shares_and_published_totals_give_withheld_counts_away(plans: Plans) -> None:
    """75 % of 12 men is 9, so 3 women: the shares show what the table of counts hides."""
    persons = protected([plans.counted("persons", PERSONS, AREA | SEX)])["persons"].dataset
    open_ = careless(plans, set())
    told = shown(counts_told(open_, [persons]))
    assert (told["OGRE|F|2022-01"], told["OGRE|M|2022-01"]) == (3, 9)
    with pytest.raises(Refused, match="computed from the published") as refusal:
        prove_together([persons, open_], [])
    assert "OGRE|F|2022-01" in refusal.value.where
    with pytest.raises(Refused, match="give away 1 cells that an earlier release withholds"):
        prove_together([open_], [persons])


def test_a_count_that_earlier_shares_tell_cannot_be_hidden_any_more(plans: Plans) -> None:
    totals = protected([plans.counted("totals", PERSONS, AREA)])["totals"].dataset
    found = protected([plans.counted("persons", PERSONS, AREA | SEX)], [totals, careless(plans, set())])["persons"]
    assert "OGRE|F|2022-01" not in withheld(found)


def test_a_withheld_share_that_follows_from_the_other_is_refused(plans: Plans) -> None:
    with pytest.raises(Refused, match="withheld shares follow"):
        careless(plans, {"OGRE|F|2022-01"})


def test_the_reason_of_a_share_is_that_of_its_count(plans: Plans) -> None:
    found = protected([plans.counted("shares", SHARES, AREA | SEX, **PERCENT), plans.counted("persons", PERSONS, AREA | SEX)])
    assert found["shares"].dataset.conf_status == found["persons"].dataset.conf_status
    assert {"A", "D"} <= set(found["shares"].dataset.conf_status)


def test_the_same_release_again_is_the_same(plans: Plans) -> None:
    asked = [
        plans.counted("shares", SHARES, AREA | SEX, **PERCENT),
        plans.counted("persons", PERSONS, AREA | SEX),
        plans.counted("sum", {"amount": "paid", "statistic": "sum"}, AREA | SEX),
        plans.counted("mean", {"amount": "paid", "statistic": "mean"}, AREA),
    ]
    first = protected(asked)
    assert protected(asked, [one.dataset for one in first.values()]) == first
    prove_together([one.dataset for one in first.values()], [one.dataset for one in first.values()])


def test_where_only_the_total_is_withheld_the_count_of_a_share_is_not_hidden(plans: Plans) -> None:
    asked = plans.counted("shares", SHARES, AREA | SEX, **PERCENT)
    hidden = {f"{area}|_T|2022-01" for area in ("RIGA", "OGRE")} | {f"{area}|M|2022-01" for area in ("RIGA", "OGRE")}
    dataset = careless(plans, hidden)
    told = counts_told(dataset, [protected([plans.counted("totals", PERSONS, AREA)])["totals"].dataset])
    statuses_told = dict(zip(told.structure.cells(), told.obs_status, strict=True))
    assert asked.table.structure == told.structure
    assert statuses_told["OGRE", "F", "2022-01"] == "O", "its share is withheld because of the total"
