"""A working folder with a register, three months of benefits and a plan that counts them by sex; releases of it and corrections."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from saime.core.pack.reader import Pack
from saime.core.releases.reader import Release
from saime.intake.services import receive_delivery
from saime.production import services
from saime.production.decisions import DemoRule
from saime.production.services import Production
from support.warehouse import personal_code, write_csv

PLAN, MINIMUM = "benefits-by-sex", 3
FIRST_AT, CORRECTED_AT = datetime(2022, 5, 1, 9, tzinfo=UTC), datetime(2022, 6, 1, 9, tzinfo=UTC)
MONTHS = ("2022-01", "2022-02", "2022-03")
Rows = Sequence[Mapping[str, str | int]]


def prepare(folder: Path, pack_root: Path) -> Production:
    """The working folder in ``folder / "home"``, with the register alone, and the pack in ``folder / "pack"``."""
    pack = Pack(Path(shutil.copytree(pack_root, folder / "pack")))
    production = Production.in_home(folder / "home", pack)
    write_plan(production, MINIMUM)
    deliver(production, "population", "2022", [*people(0, 1000, 1000), *people(5000, 1000, 1000)], at=FIRST_AT)
    return production


def write_plan(production: Production, minimum: int) -> None:
    plan = yaml.safe_load((production.pack.root / "plans" / "benefit-recipients-2022-monthly.yaml").read_text())
    plan |= {"dataset": PLAN, "reference_period": ["2022-Q1", *MONTHS], "layout": {"rows": ["SEX"], "columns": ["TIME_PERIOD"]}}
    plan["protection"] = {"minimum": minimum}
    del plan["dimensions"]["BENEFIT"]
    (production.pack.root / "plans" / f"{PLAN}.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True))


def people(first: int, women: int, men: int) -> list[Mapping[str, str | int]]:
    """So many women, and men, from a number on."""
    same = {"age": 40, "local_government": "0001000", "benefit": "HOUSING_ALLOWANCE"}
    numbers = [("F", first + number) for number in range(women)] + [("M", 10_000 + first + number) for number in range(men)]
    return [{"person_code": personal_code(number), "sex": sex, **same} for sex, number in numbers]


def deliver(production: Production, feed: str, period: str, rows: Rows, *, at: datetime) -> None:
    """Load the rows; at ``CORRECTED_AT`` in place of the earlier ones."""
    home, names = production.warehouse.parent, [column.name for column in production.pack.feed(feed).columns]
    path = write_csv(home.parent / f"{feed}-{period}-{at:%m}.csv", rows, names)
    receive_delivery(home, production.pack, feed, path, period, synthetic=True, received_at=at, replace=at == CORRECTED_AT)


def release(production: Production, at: datetime) -> Release:
    produced = services.produce_plans(production, [production.pack.plan(PLAN)])
    return services.release(production, {item.dataset: item.digest for item in produced}, at=at, decision=DemoRule())
