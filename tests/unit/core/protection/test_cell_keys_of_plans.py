"""A plan whose counts are changed by cell keys: what is released, what it tells, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from saime.core.errors import Refused
from saime.core.exchange.explanation import explain_certificate
from saime.core.model.certificate import dataset_digest
from saime.core.model.dataset import Dataset
from saime.core.protection import ProtectedDataset, verify
from saime.core.protection.certification import prove_together
from saime.core.protection.perturbation import keys_of
from saime.production.plan_protection import CountedPlan
from support.protected_plans import Plans, protected
from support.tabulation import payment, plan, tree

TREES = {"AREA": tree({"_T": None, "RIGA": "_T", "OGRE": "_T", "LIMBAZI": "_T"}), "SEX": tree({"_T": None, "F": "_T", "M": "_T"})}
AREA, SEX = {"AREA": {"column": "municipality"}}, {"SEX": {"column": "sex"}}
PERSONS = {"count": "distinct"}
CELL_KEY = {"cell_key": {"largest_change": 3, "variance": 2, "blocked": 2, "stay": 0.4}}
SIZES = {"RIGA": 40, "OGRE": 3, "LIMBAZI": 0}


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    facts = [
        payment(f"{area}{number}", "2022-01", "1.00", municipality=area, sex="FM"[number % 2])
        for area, size in SIZES.items()
        for number in range(size)
    ]
    return Plans(tmp_path / "facts", facts, TREES, ["2022-01"])


def perturbed(plans: Plans, name: str = "changed", seed: int = 1, **dimensions: Any) -> CountedPlan:
    counted = plans.counted(name, PERSONS, dimensions or AREA | SEX, protection=CELL_KEY)
    keys = keys_of(np.random.default_rng(seed).random(counted.table.structure.size))
    return replace(counted, cell_keys=keys)


def changed(one: ProtectedDataset, values: tuple[int | None, ...]) -> Dataset:
    return one.dataset.model_copy(update={"values": values})


def test_counts_change_zeros_stay_and_readers_are_told(plans: Plans) -> None:
    asked = perturbed(plans)
    found = protected([asked])["changed"]
    changes = np.array(found.dataset.values) - np.array(asked.table.values)
    true = np.array(asked.table.values)
    assert (changes[true == 0] == 0).all()
    assert 0 < np.abs(changes).max() <= 3
    assert not set(found.dataset.values) & {1, 2}
    assert set(found.dataset.obs_status) == {"A"}
    assert "by 3 at most" in found.dataset.metadata.notes[-1].en
    assert "ne vairāk kā par 3" in found.dataset.metadata.notes[-1].lv
    assert "need not add up" in found.dataset.metadata.notes[-1].en


def test_the_certificate_names_method_and_table(plans: Plans) -> None:
    found = protected([perturbed(plans)])["changed"]
    certificate = found.certificate
    assert (certificate.kind, certificate.withheld) == ("perturbation", 0)
    assert certificate.rules["rule"] == "cell-key"
    assert len(str(certificate.rules["table_digest"])) == 64
    verify(found.dataset, certificate)
    assert any("at most 3" in text.en for text in explain_certificate(certificate))


def test_what_the_table_never_gives_is_refused(plans: Plans) -> None:
    found = protected([perturbed(plans)])["changed"]
    forged = changed(found, (2, *found.dataset.values[1:]))
    with pytest.raises(Refused, match="from 1 to 2"):
        verify(forged, found.certificate.model_copy(update={"dataset_digest": dataset_digest(forged)}))
    silent = found.dataset.model_copy(update={"metadata": found.dataset.metadata.model_copy(update={"notes": ()})})
    with pytest.raises(Refused, match="no note tells readers"):
        verify(silent, found.certificate.model_copy(update={"dataset_digest": dataset_digest(silent)}))


def test_changed_and_exact_counts_of_the_same_persons_are_not_published_together(plans: Plans) -> None:
    exact, other = plans.counted("exact", PERSONS, AREA), perturbed(plans)
    with pytest.raises(Refused, match="stand beside exact counts"):
        protected([other, exact])
    before = protected([exact])["exact"].dataset
    with pytest.raises(Refused, match="datasets changed and exact"):
        protected([other], [before])
    with pytest.raises(Refused, match="datasets changed and exact"):
        prove_together([before], [protected([other])["changed"].dataset])


def test_means_tell_exact_counts_too(plans: Plans) -> None:
    with pytest.raises(Refused, match="datasets changed and mean"):
        protected([perturbed(plans), plans.counted("mean", {"amount": "paid", "statistic": "mean"}, AREA)])


def test_two_changed_tables_may_stand_together(plans: Plans) -> None:
    by_area = replace(perturbed(plans, "by-area", AREA=AREA["AREA"]))
    assert len(protected([perturbed(plans), by_area])) == 2


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"measures": {"m": {"count": "entrants"}}}, "counts of distinct persons only"),
        ({"unit": "household", "unit_measure": {"lv": "m", "en": "h"}}, "counts of distinct persons only"),
    ],
)
def test_other_measures_take_no_cell_keys(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        plan(AREA, protection=CELL_KEY, **fields)
    with pytest.raises(ValidationError, match="membership: per_person"):
        plan({"AREA": {"column": "municipality", "membership": "per_person"}}, protection=CELL_KEY)
