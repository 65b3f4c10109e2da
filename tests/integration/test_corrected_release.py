"""Load, release, correct, release again: the two releases together tell nobody what the first one withheld."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset
from saime.core.pack.reader import Pack
from saime.core.protection.attack import attack_together
from saime.core.releases.reader import Release
from saime.intake.services import receive_delivery
from saime.production import services
from saime.production.decisions import DemoRule
from saime.production.services import Production
from support.warehouse import personal_code, write_csv

PLAN, MINIMUM = "benefits-by-sex", 3
FIRST_AT, CORRECTED_AT = datetime(2022, 5, 1, 9, tzinfo=UTC), datetime(2022, 6, 1, 9, tzinfo=UTC)
WOMEN_AND_MEN = {"2022-01": (40, 2), "2022-02": (50, 9), "2022-03": (60, 2)}  # nobody in two months, so quarters are sums
OTHERS_IN_MARCH = (45, 14)
MEN_IN_MARCH = ("M", "2022-03")


@pytest.fixture
def production(tmp_path: Path, pack_root: Path) -> Production:
    """A working folder with a register, and a plan that counts the benefits of three months."""
    pack = Pack(Path(shutil.copytree(pack_root, tmp_path / "pack")))
    plan = yaml.safe_load((pack.root / "plans" / "benefit-recipients-2022-monthly.yaml").read_text())
    plan |= {"dataset": PLAN, "reference_period": ["2022-Q1", *WOMEN_AND_MEN], "layout": {"rows": ["SEX"], "columns": ["TIME_PERIOD"]}}
    plan["protection"] = {"minimum": MINIMUM}
    del plan["dimensions"]["BENEFIT"]
    (pack.root / "plans" / f"{PLAN}.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True))
    production = Production.in_home(tmp_path / "home", pack)
    deliver(production, tmp_path, "population", "2022", [*people(0, (1000, 1000)), *people(5000, (1000, 1000))], at=FIRST_AT)
    return production


def people(first: int, counts: tuple[int, int]) -> list[Mapping[str, str | int]]:
    """So many women, and men, from a number on."""
    same = {"age": 40, "local_government": "0001000", "benefit": "HOUSING_ALLOWANCE"}
    numbers = [("F", first + number) for number in range(counts[0])] + [("M", 10_000 + first + number) for number in range(counts[1])]
    return [{"person_code": personal_code(number), "sex": sex, **same} for sex, number in numbers]


def deliver(production: Production, folder: Path, feed: str, period: str, rows: list[Mapping[str, str | int]], *, at: datetime) -> None:
    names = [column.name for column in production.pack.feed(feed).columns]
    path, home = write_csv(folder / f"{feed}-{period}-{at:%m}.csv", rows, names), production.warehouse.parent
    receive_delivery(home, production.pack, feed, path, period, synthetic=True, received_at=at, replace=at == CORRECTED_AT)


def release(production: Production, at: datetime) -> Release:
    produced = services.produce_plans(production, [production.pack.plan(PLAN)])
    return services.release(production, {item.dataset: item.digest for item in produced}, at=at, decision=DemoRule())


def value(dataset: Dataset, *cell: str) -> int | float | None:
    return dataset.values[dataset.structure.position(cell)]


def test_a_release_after_a_correction_with_other_persons_gives_nothing_away(production: Production, tmp_path: Path) -> None:
    for number, (month, counts) in enumerate(WOMEN_AND_MEN.items()):
        deliver(production, tmp_path, "benefits", month, people(100 * number, counts), at=FIRST_AT)
    first = release(production, FIRST_AT).dataset(PLAN)
    assert value(first, *MEN_IN_MARCH) is None
    assert value(first, "M", "2022-Q1") == 13
    deliver(production, tmp_path, "benefits", "2022-03", people(5000, OTHERS_IN_MARCH), at=CORRECTED_AT)
    second = release(production, CORRECTED_AT)
    now = second.dataset(PLAN)
    assert value(now, "_T", "2022-03") == sum(OTHERS_IN_MARCH)
    assert None in {value(now, "M", "2022-Q1"), value(now, *MEN_IN_MARCH)}  # 25 - 14 = 13 - 2: both would tell the men of then
    (of_then,) = [finding for finding in attack_together([now, first], [MINIMUM] * 2)[1] if finding.cell == MEN_IN_MARCH]
    assert of_then.plain.holds(1, MINIMUM)
    assert [(one.dataset, one.earlier) for one in second.certificate(PLAN).linked] == [(PLAN, True)]
    production.store.verify(second)


def test_a_release_that_nothing_protects_is_refused_and_the_one_before_stays(production: Production, tmp_path: Path) -> None:
    """Of three persons every count is small, and what is shown of both deliveries leaves one way to fill the rest."""
    women, man = people(0, (2, 0)), people(0, (0, 1))
    for month, rows in zip(WOMEN_AND_MEN, ([*women, *man], man, man), strict=True):
        deliver(production, tmp_path, "benefits", month, rows, at=FIRST_AT)
    first = release(production, FIRST_AT)
    deliver(production, tmp_path, "benefits", "2022-03", [women[1], *man], at=CORRECTED_AT)
    with pytest.raises(Refused, match="can be computed") as refusal:
        release(production, CORRECTED_AT)
    assert f"dataset {PLAN}, cells " in refusal.value.where
    assert "leave the corrected period" in refusal.value.fix
    current = production.store.current()
    assert current is not None
    assert current.id == first.id
