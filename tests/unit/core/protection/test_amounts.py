"""Sums of amounts that a plan counts: primary by contributors and contributions, protected by suppression, proven from outside."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from saime.core.errors import BadInput, Refused
from saime.core.model.certificate import dataset_digest
from saime.core.model.dataset import CONFIDENTIAL, FREE, MagnitudeTable, Metadata
from saime.core.model.primary_rule import PrimaryRule
from saime.core.model.text import Text
from saime.core.protection import ProtectedDataset, verify
from saime.core.protection.amount_attack import withheld_intervals
from saime.core.protection.linked_amounts import protect_amounts
from saime.core.releases.store import ReleaseStore
from saime.core.tabulation.plan import ThresholdProtection
from support.tabulation import PAYMENTS, Counter, Fact, payment, plan, tree

TREES = {
    "BENEFIT": tree({"_T": None, "CHILD": "_T", "HOUSING": "_T", "BURIAL": "_T"}),
    "SEX": tree({"_T": None, "F": "_T", "M": "_T"}),
}
COLUMNS = {"BENEFIT": {"column": "benefit"}, "SEX": {"column": "sex"}}
MONTHS = ["2022-Q1", "2022-01", "2022-02", "2022-03"]
SUM = {"amount": "paid", "statistic": "sum"}
METADATA = Metadata(
    title=Text(lv="t", en="t"), unit_measure=Text(lv="eiro", en="euro"), reference_period="2022-Q1", source=Text(lv="s", en="s")
)


def payments() -> list[Fact]:
    """Twenty persons of each sex; every third has two benefits. Three women have a burial benefit, in January only."""
    facts = []
    for number in range(40):
        person, sex = f"p{number}", "FM"[number % 2]
        for month in MONTHS[1:]:
            facts.append(payment(person, month, f"{100 + number}.50", benefit="CHILD", sex=sex))
            if number % 3 == 0:
                facts.append(payment(person, month, f"{50 + number}.25", benefit="HOUSING", sex=sex))
        if number in (2, 4, 6) or number % 2:
            facts.append(payment(person, "2022-01", f"{200 + number}.00", benefit="BURIAL", sex=sex))
    return facts


def counted(folder: Path, facts: list[Fact], measure: dict[str, Any], **fields: Any) -> MagnitudeTable:
    wanted = plan(COLUMNS, MONTHS, measures={"m": measure}, population=PAYMENTS.feed, **fields)
    table = Counter("reference", folder, feed=PAYMENTS).table(facts, TREES, wanted)
    assert isinstance(table, MagnitudeTable)
    return table


def withheld(protected: ProtectedDataset) -> set[str]:
    cells = protected.dataset.structure.cells()
    return {"|".join(cell) for cell, status in zip(cells, protected.dataset.conf_status, strict=True) if status == CONFIDENTIAL}


@pytest.fixture
def sums(tmp_path: Path) -> MagnitudeTable:
    return counted(tmp_path, payments(), SUM)


def test_a_sum_of_few_persons_is_withheld_with_others_and_the_proof_holds_from_outside(sums: MagnitudeTable) -> None:
    protected = protect_amounts(sums, PrimaryRule(minimum=5), METADATA)
    assert {"BURIAL|F|2022-01", "BURIAL|F|2022-Q1"} < withheld(protected)
    verify(protected.dataset, protected.certificate)
    certificate = protected.certificate
    assert (certificate.kind, certificate.rules) == ("attack", {"rule": "amounts", "contributors": 5})
    assert (certificate.withheld, certificate.primary, certificate.secondary) == (len(withheld(protected)), 0, 0), "no reasons are told"
    assert certificate.narrowest_interval is not None
    assert protect_amounts(sums, PrimaryRule(minimum=5), METADATA) == protected, "the same input gives the same"


def test_the_interval_of_a_small_sum_reaches_the_safety_range(sums: MagnitudeTable) -> None:
    protected = protect_amounts(sums, PrimaryRule(minimum=5, safety_range=30), METADATA)
    places, intervals = withheld_intervals(protected.dataset)
    value = float(sums["BURIAL", "F", "2022-01"] or 0)
    low, high = intervals[places.tolist().index(protected.dataset.structure.position(("BURIAL", "F", "2022-01")))]
    assert value == 612.0
    assert low <= value * 0.7
    assert high >= value * 1.3


def test_months_and_benefits_overlap_for_persons_and_add_up_for_amounts(sums: MagnitudeTable) -> None:
    """A reader who adds up must not find more than the attack did: the dataset says that its sums add up."""
    assert [dimension.overlaps for dimension in sums.structure.dimensions] == [True, True, True]
    dataset = protect_amounts(sums, PrimaryRule(minimum=5), METADATA).dataset
    assert [dimension.overlaps for dimension in dataset.structure.dimensions] == [False, False, False]


def test_dominance_and_p_percent_look_at_contributions(tmp_path: Path) -> None:
    rich = [*payments(), payment("p1", "2022-02", "90000.00", benefit="HOUSING", sex="M")]
    table = counted(tmp_path, rich, SUM)
    for rule in (PrimaryRule.model_validate({"dominance": {"n": 1, "k": 80}}), PrimaryRule(p_percent=15)):
        protected = protect_amounts(table, rule, METADATA)
        assert "HOUSING|M|2022-02" in withheld(protected)
        verify(protected.dataset, protected.certificate)


def test_person_months_are_protected_by_their_contributors(tmp_path: Path) -> None:
    protected = protect_amounts(counted(tmp_path, payments(), {"count": "person_months"}), PrimaryRule(minimum=5), METADATA)
    assert "BURIAL|F|2022-01" in withheld(protected)
    assert all(isinstance(value, int) for value in protected.dataset.values if value is not None)
    verify(protected.dataset, protected.certificate)


def test_a_withheld_sum_that_is_published_after_all_is_refused(sums: MagnitudeTable) -> None:
    protected = protect_amounts(sums, PrimaryRule(minimum=5), METADATA)
    dataset = protected.dataset
    shown = [float(value) if value is not None else None for value in sums.values]
    open_ = dataset.model_copy(update={"values": tuple(shown), "obs_status": ("A",) * len(shown), "conf_status": (FREE,) * len(shown)})
    with pytest.raises(Refused, match="made for other observations"):
        verify(open_, protected.certificate)
    place = dataset.structure.position(("BURIAL", "F", "2022-Q1"))
    only = [None if at == place else value for at, value in enumerate(shown)]
    statuses = tuple("Q" if at == place else "A" for at in range(len(shown)))
    alone = dataset.model_copy(update={"values": tuple(only), "obs_status": statuses})
    forged = protected.certificate.model_copy(update={"dataset_digest": dataset_digest(alone)})
    with pytest.raises(Refused, match="1 withheld cells can be computed"):
        verify(alone, forged)


def test_the_release_store_takes_it_and_proves_it_again(sums: MagnitudeTable, tmp_path: Path) -> None:
    protected = protect_amounts(sums, PrimaryRule(minimum=5), METADATA)
    store = ReleaseStore(tmp_path / "releases")
    kept = store.kept(store.add(protected))
    assert (kept.dataset, kept.certificate) == (protected.dataset, protected.certificate)
    verify(kept.dataset, kept.certificate)


def test_what_cannot_be_protected_is_told(tmp_path: Path, sums: MagnitudeTable) -> None:
    with pytest.raises(BadInput, match="'person_months' tells fewer"):
        protect_amounts(counted(tmp_path / "months", payments(), {"count": "person_months"}), PrimaryRule(p_percent=15), METADATA)
    below = sums.model_copy(update={"values": (Decimal(-1), *sums.values[1:])})
    with pytest.raises(BadInput, match="below 0"):
        protect_amounts(below, PrimaryRule(minimum=5), METADATA)


def test_a_plan_states_its_rule_as_one_of_two_kinds() -> None:
    assert plan(COLUMNS).protection == ThresholdProtection()
    assert plan(COLUMNS, protection={"minimum": 7}).protection == ThresholdProtection(minimum=7)
    stated = plan(COLUMNS, measures={"m": SUM}, protection={"minimum": 5, "p_percent": 15})
    assert stated.protection == PrimaryRule(minimum=5, p_percent=15)
    with pytest.raises(ValidationError, match="protected by a threshold"):
        plan(COLUMNS, protection={"p_percent": 15})
    with pytest.raises(ValidationError, match="not zeros or singletons"):
        plan(COLUMNS, measures={"m": SUM}, protection={"minimum": 5, "singletons": True})
