"""Means are protected as the sums that they are made of, together with the persons behind them; medians by persons on either side."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from saime.core.errors import Refused
from saime.core.exchange.explanation import details_in_words, explain_certificate
from saime.core.model.certificate import Certificate, dataset_digest
from saime.core.model.dataset import NOT_APPLICABLE, Dataset, MagnitudeTable
from saime.core.protection import ProtectedDataset, verify
from saime.core.protection.certification import prove_together
from saime.core.protection.quantiles import persons_on_either_side
from saime.core.releases.store import ReleaseStore
from support.protected_plans import Plans, protected, statuses, withheld
from support.tabulation import Fact, payment, tree

TREES = {
    "AREA": tree({"_T": None, "RIGA": "_T", "OGRE": "_T", "JELGAVA": "_T", "LIMBAZI": "_T"}),
    "SEX": tree({"_T": None, "F": "_T", "M": "_T"}),
}
AREA, SEX = {"AREA": {"column": "municipality"}}, {"SEX": {"column": "sex"}}
SUM, MEAN, MEDIAN = ({"amount": "paid", "statistic": name} for name in ("sum", "mean", "median"))
PERSONS = {"count": "distinct"}
SIZES = {"RIGA": 30, "OGRE": 12, "JELGAVA": 3, "LIMBAZI": 0}


def payments() -> list[Fact]:
    facts = []
    for area, size in SIZES.items():
        for number in range(size):
            sex = "FM"[number % 2]
            facts.append(payment(f"{area}{number}", "2022-01", f"{100 + 7 * number}.37", municipality=area, sex=sex))
    return facts


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    return Plans(tmp_path / "facts", payments(), TREES, ["2022-01"])


def test_sums_means_and_counts_are_withheld_in_the_same_cells(plans: Plans) -> None:
    asked = [plans.counted(name, measure, AREA) for name, measure in (("sum", SUM), ("mean", MEAN), ("persons", PERSONS))]
    found = protected(asked)
    assert withheld(found["mean"]) == withheld(found["sum"])
    assert withheld(found["persons"]) <= withheld(found["mean"])
    assert "JELGAVA|2022-01" in withheld(found["persons"])
    assert statuses(found["mean"], NOT_APPLICABLE) == {"LIMBAZI|2022-01"}
    assert found["mean"].certificate.rules == {"rule": "means", "contributors": 5}
    for one in found.values():
        verify(one.dataset, one.certificate)
    assert prove_together([one.dataset for one in found.values()], []).keys() == {"sum", "mean"}


def test_a_mean_alone_is_withheld_where_its_persons_would_be(plans: Plans) -> None:
    """Nobody publishes the counts, but a sum beside the mean would tell them."""
    alone = protected([plans.counted("mean", MEAN, AREA)])["mean"]
    with_counts = protected([plans.counted("mean", MEAN, AREA), plans.counted("persons", PERSONS, AREA)])
    assert withheld(alone) >= withheld(with_counts["persons"])


def test_dominance_withholds_a_mean(tmp_path: Path) -> None:
    rich = [*payments(), payment("OGRE1", "2022-01", "90000.00", municipality="OGRE", sex="M")]
    plans = Plans(tmp_path / "facts", rich, TREES, ["2022-01"])
    mean = plans.counted("mean", MEAN, AREA, protection={"dominance": {"n": 1, "k": 80}})
    assert "OGRE|2022-01" in withheld(protected([mean])["mean"])


def careless(dataset: Dataset, means: MagnitudeTable, keep: str) -> Dataset:
    """The dataset with only one cell withheld."""
    cells = ["|".join(cell) for cell in dataset.structure.cells()]
    shown = [None if cell == keep or value is None else float(value) for cell, value in zip(cells, means.values, strict=True)]
    told = ["Q" if cell == keep else "M" if value is None else "A" for cell, value in zip(cells, shown, strict=True)]
    confidential = tuple("C" if status == "Q" else "F" for status in told)
    return dataset.model_copy(update={"values": tuple(shown), "obs_status": tuple(told), "conf_status": confidential})


def test_a_withheld_mean_alone_in_its_equation_is_refused_whatever_the_persons(plans: Plans, tmp_path: Path) -> None:
    mean = plans.counted("mean", MEAN, AREA)
    proper = protected([mean])["mean"]
    alone = careless(proper.dataset, mean.magnitudes, "JELGAVA|2022-01")
    with pytest.raises(Refused, match="cells JELGAVA"):
        prove_one(alone, proper.certificate, tmp_path)


def prove_one(dataset: Dataset, certificate: Certificate, folder: Path) -> None:
    forged = certificate.model_copy(update={"dataset_digest": dataset_digest(dataset), "withheld": 1})
    ReleaseStore(folder / "releases").add(ProtectedDataset(dataset, forged))


def test_a_mean_that_shows_what_the_sums_hide_is_refused_with_them(plans: Plans) -> None:
    sums, means = plans.counted("sum", SUM, AREA | SEX), plans.counted("mean", MEAN, AREA)
    together = protected([sums, means])
    shown = together["mean"].dataset
    hidden = sorted(withheld(together["mean"]) - {"JELGAVA|2022-01"})
    assert hidden, "another area protects it"
    with pytest.raises(Refused, match="can be computed"):
        prove_together([together["sum"].dataset, careless(shown, means.magnitudes, "JELGAVA|2022-01")], [])


def test_what_an_earlier_release_shows_of_sums_is_known_of_means(plans: Plans) -> None:
    sums, means = plans.counted("sum", SUM, AREA), plans.counted("mean", MEAN, AREA)
    before = protected([sums])["sum"].dataset
    found = protected([means], [before])["mean"]
    assert withheld(found) == {"|".join(c) for c, s in zip(before.structure.cells(), before.obs_status, strict=True) if s == "Q"}
    assert prove_together([found.dataset], [before])["mean"].linked[0].earlier


def test_medians_need_persons_on_either_side_and_are_rounded(plans: Plans) -> None:
    median = plans.counted("median", MEDIAN, AREA, protection={"each_side": 6, "rounded_to": "2.5"})
    found = protected([median])["median"]
    assert withheld(found) == {"JELGAVA|2022-01"}
    assert statuses(found, NOT_APPLICABLE) == {"LIMBAZI|2022-01"}
    shown = dict(zip(found.dataset.structure.cells(), found.dataset.values, strict=True))
    assert (median.magnitudes["OGRE", "2022-01"], shown["OGRE", "2022-01"]) == (Decimal("138.87"), 140.0)
    assert found.certificate.kind == "rule"
    (told, withheld_cells) = explain_certificate(found.certificate)
    assert "vismaz 6 personām" in told.lv
    assert "rounded to 2.5" in told.en
    assert withheld_cells.en == "Withheld cells: 1 of 5."
    details = dict(details_in_words(found.dataset.lineage[-1], "lv"))
    assert (details["Noapaļots līdz"], details["Noteikums"]) == ("2,5", "mediānu un kvantiļu aizsardzība")
    verify(found.dataset, found.certificate)
    exact = found.dataset.model_copy(update={"values": (138.87, *found.dataset.values[1:])})
    with pytest.raises(Refused, match="made for other observations"):
        verify(exact, found.certificate)
    with pytest.raises(Refused, match=r"not rounded to 2\.5"):
        verify(exact, found.certificate.model_copy(update={"dataset_digest": dataset_digest(exact)}))


def test_a_median_is_withheld_where_the_count_is(plans: Plans) -> None:
    """OGRE protects JELGAVA in the table of persons; a median there would tell that there are twelve at least."""
    asked = [plans.counted("median", MEDIAN, AREA, protection={"each_side": 3, "rounded_to": 5}), plans.counted("persons", PERSONS, AREA)]
    found = protected(asked)
    assert withheld(found["persons"]) <= withheld(found["median"])
    assert len(withheld(found["median"])) > 1


@pytest.mark.parametrize(("persons", "share", "fewer"), [(20, "0.5", 10), (21, "0.5", 10), (40, "0.9", 4), (39, "0.9", 3), (1, "0.5", 0)])
def test_persons_on_either_side(persons: int, share: str, fewer: int) -> None:
    assert persons_on_either_side(persons, Decimal(share)) == fewer


def test_measures_without_a_rule_are_refused(plans: Plans) -> None:
    with pytest.raises(Refused, match="does not say how it is protected"):
        protected([plans.counted("median", MEDIAN, AREA)])


def test_person_months_and_monthly_counts_are_not_released_together(plans: Plans) -> None:
    months, persons = plans.counted("months", {"count": "person_months"}, AREA), plans.counted("persons", PERSONS, AREA)
    with pytest.raises(Refused, match="datasets months and persons"):
        protected([months, persons])
    with pytest.raises(Refused, match="a withheld month is what is left"):
        protected([months], [protected([persons])["persons"].dataset])
