"""Averages of months are protected as the person-months that they are made of: everybody knows by how many months these are divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from saime.core.errors import Refused
from saime.core.exchange.explanation import details_in_words, explain_certificate
from saime.core.model.certificate import dataset_digest
from saime.core.model.dataset import WITHHELD, Dataset
from saime.core.protection import ProtectedDataset, verify
from saime.core.protection.averages import totals_of
from saime.core.protection.certification import prove_together
from saime.core.protection.constraints import as_numbers
from saime.core.protection.perturbation import keys_of
from saime.core.tabulation.plan import ThresholdProtection
from saime.production.plan_protection import CountedPlan
from support.protected_plans import Plans, protected, withheld
from support.tabulation import Fact, payment, plan, tree

TREES = {"AREA": tree({"_T": None, "RIGA": "_T", "OGRE": "_T", "JELGAVA": "_T", "LIMBAZI": "_T"})}
AREA = {"AREA": {"column": "municipality"}}
AVERAGE, MONTHS, PERSONS = {"count": "distinct", "concept": "average_of_months"}, {"count": "person_months"}, {"count": "distinct"}
SIZES = {"RIGA": 41, "OGRE": 13, "JELGAVA": 3, "LIMBAZI": 0}
QUARTERS = ["2022-Q1", "2022-Q2"]


def presence() -> list[Fact]:
    """Some are there every month of half a year, some in few: averages of a quarter are thirds."""
    return [
        payment(f"{area}{number}", f"2022-{month:02}", "1.00", municipality=area)
        for area, size in SIZES.items()
        for number in range(size)
        for month in range(1, 7)
        if number % 3 == 0 or month % (2 + number % 3) == 1
    ]


def of(folder: Path, periods: Sequence[str] = QUARTERS) -> Plans:
    return Plans(folder / "-".join(periods), presence(), TREES, periods)


def two(folder: Path) -> list[CountedPlan]:
    plans = of(folder)
    return [plans.counted("average", AVERAGE, AREA), plans.counted("months", MONTHS, AREA)]


def with_minimum(one: CountedPlan, minimum: int) -> CountedPlan:
    return replace(one, plan=one.plan.model_copy(update={"protection": ThresholdProtection(minimum=minimum)}))


def datasets(found: dict[str, ProtectedDataset]) -> list[Dataset]:
    return [one.dataset for one in found.values()]


def test_published_averages_are_exact_and_tell_the_person_months(tmp_path: Path) -> None:
    asked = two(tmp_path)
    found = protected(asked)
    shown = np.array(found["average"].dataset.obs_status) != WITHHELD
    months = as_numbers(asked[1].table.values)
    assert any(value is not None and value % 1 for value in found["average"].dataset.values), "thirds"
    assert totals_of(found["average"].dataset)[shown].tolist() == months[shown].tolist()


def test_few_persons_of_the_whole_period_are_withheld_and_others_with_them(tmp_path: Path) -> None:
    average = protected(two(tmp_path)[:1])["average"]
    assert "JELGAVA|2022-Q1" in withheld(average)
    assert len(withheld(average)) >= 4, "in either quarter another protects it"
    assert "LIMBAZI|2022-Q1" not in withheld(average)
    assert average.certificate.rules == {"rule": "amounts", "contributors": 5, "measure": "average_of_months"}
    verify(average.dataset, average.certificate)


def test_averages_and_person_months_are_one_system(tmp_path: Path) -> None:
    average, months = two(tmp_path)
    found = protected([average, months])
    assert withheld(found["average"]) == withheld(found["months"])
    assert {name: [one.dataset for one in linked.linked] for name, linked in prove_together(datasets(found), []).items()} == {
        "average": ["months"],
        "months": ["average"],
    }
    later = protected([average], [found["months"].dataset])["average"]
    assert withheld(later) == withheld(found["months"])


def test_person_months_give_averages_away_that_another_rule_withholds(tmp_path: Path) -> None:
    average, months = two(tmp_path)
    apart = [protected([average])["average"].dataset, protected([with_minimum(months, 2)])["months"].dataset]
    assert [bool({"JELGAVA|2022-Q1"} & withheld_of(one)) for one in apart] == [True, False]
    with pytest.raises(Refused, match="can be computed from the published") as refusal:
        prove_together(apart, [])
    assert "dataset average" in refusal.value.where


def test_the_attack_finds_an_average_that_is_what_the_others_leave(tmp_path: Path) -> None:
    """Person-months of areas add up here; so do their averages, and thirds are no shelter."""
    asked = two(tmp_path)[0]
    found = protected([asked])["average"]
    (hidden,) = [p for p in range(asked.table.structure.size) if "|".join(list(asked.table.structure.cells())[p]) == "JELGAVA|2022-Q1"]
    values = tuple(None if place == hidden else float(value or 0) for place, value in enumerate(asked.table.values))
    statuses = tuple(WITHHELD if place == hidden else "A" for place in range(len(values)))
    forged = found.dataset.model_copy(
        update={"values": values, "obs_status": statuses, "conf_status": tuple("C" if s == WITHHELD else "F" for s in statuses)}
    )
    with pytest.raises(Refused, match="1 withheld cells can be computed") as refusal:
        verify(forged, found.certificate.model_copy(update={"dataset_digest": dataset_digest(forged)}))
    assert "JELGAVA|2022-Q1" in refusal.value.where


def test_intervals_are_told_in_the_unit_of_averages(tmp_path: Path) -> None:
    found = protected(two(tmp_path))
    widths = {name: one.certificate.narrowest_interval for name, one in found.items()}
    assert widths["average"] == pytest.approx(float(widths["months"] or 0) / 3, abs=0.01)


def test_averages_do_not_stand_beside_monthly_counts(tmp_path: Path) -> None:
    average = of(tmp_path).counted("average", AVERAGE, AREA)
    monthly = of(tmp_path, ["2022-01", "2022-02", "2022-03"]).counted("monthly", PERSONS, AREA)
    with pytest.raises(Refused, match="a withheld month is what is left") as refusal:
        protected([average, monthly])
    assert refusal.value.where == "datasets average and monthly"


def test_nor_beside_monthly_counts_that_cell_keys_changed(tmp_path: Path) -> None:
    """The average of a single month is its exact count."""
    plans = of(tmp_path, ["2022-01"])
    by_keys = {"cell_key": {"largest_change": 3, "variance": 2, "blocked": 2, "stay": 0.4}}
    changed = plans.counted("changed", PERSONS, AREA, protection=by_keys)
    changed = replace(changed, cell_keys=keys_of(np.linspace(0, 0.9, changed.table.structure.size)))
    with pytest.raises(Refused, match="changed by cell keys stand beside exact counts"):
        protected([changed, plans.counted("average", AVERAGE, AREA)])


@pytest.mark.parametrize("measure", [AVERAGE, MONTHS])
def test_nor_beside_those_of_a_longer_or_a_shorter_period(tmp_path: Path, measure: dict[str, str]) -> None:
    quarters = of(tmp_path).counted("quarters", AVERAGE, AREA)
    year = of(tmp_path, ["2022"]).counted("year", measure, AREA)
    with pytest.raises(Refused, match="of a period are the sum of those of its parts"):
        protected([quarters, year])
    with pytest.raises(Refused, match="of a period are the sum of those of its parts"):
        protected([year], [protected([quarters])["quarters"].dataset])


def test_nor_in_one_table(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="an average of months follows from those of the periods that make it up"):
        protected([of(tmp_path, ["2022", *QUARTERS]).counted("average", AVERAGE, AREA)])
    assert protected([of(tmp_path, ["2022", *QUARTERS]).counted("months", MONTHS, AREA)])


def test_readers_are_told_in_words(tmp_path: Path) -> None:
    average = protected(two(tmp_path)[:1])["average"]
    told = explain_certificate(average.certificate)
    assert any("An average of months is not published where too few persons" in text.en for text in told)
    assert any("personmēneši" in text.lv for text in told)
    words = dict(details_in_words(average.dataset.lineage[-1], "en"))
    assert words["Measure"] == "average of months"


def test_no_cells_can_be_kept_by_a_threshold_of_counts() -> None:
    with pytest.raises(ValidationError, match="are for counts of distinct persons"):
        plan(AREA, measures={"m": AVERAGE}, protection={"minimum": 5, "keep": [{"AREA": ["RIGA"]}]})


def withheld_of(dataset: Dataset) -> set[str]:
    return {"|".join(cell) for cell, status in zip(dataset.structure.cells(), dataset.obs_status, strict=True) if status == WITHHELD}
