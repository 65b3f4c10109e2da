"""The whole chain as ``make demo`` runs it, at a small scale, and what the commands answer."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from saime.core.errors import BadInput
from saime.core.pack.reader import Pack
from saime.production.services import Production, produce_everything, tabulate
from support.commands import run_saime

TABLE = "disability-2019-06"
NEW_FEEDS = ("pensions", "unemployment", "municipal-assistance", "care-residents")


@pytest.fixture(scope="module")
def printed(pack_root: Path) -> list[int | None]:
    """The cells as the ministry printed them, row by row."""
    table = json.loads((pack_root / "datasets" / "disability_table_2019_06.json").read_text())
    columns = [column["id"] for column in table["columns"] if not column.get("is_header_only")]
    return [row["values"][column] for row in table["rows"] for column in columns]


@pytest.fixture
def home(prepared_home: Path, tmp_path: Path) -> Path:
    """A copy of the prepared folder that a test may change."""
    return Path(shutil.copytree(prepared_home, tmp_path / "home"))


@pytest.mark.parametrize("engine", ["reference", "duckdb", "kernel"])
def test_every_published_cell_comes_out_of_the_delivery(prepared_home: Path, printed: list[int | None], engine: str) -> None:
    done = run_saime("tabulate", TABLE, "--engine", engine, "--json", home=prepared_home)
    assert done.returncode == 0, done.stderr
    message = json.loads(done.stdout)
    assert message["size"] == [7, 7, 1]
    assert message["value"] == printed


def test_inside_plans_are_explained_and_counted_and_not_published(prepared_home: Path) -> None:
    explained, counted = (run_saime("tabulate", "benefit-entrants-2022", *more, home=prepared_home) for more in (["--explain"], []))
    assert "windows: 22 spans of days" in explained.stdout
    assert "Inside" not in explained.stdout
    months = [line.split("\t")[1] for line in counted.stdout.splitlines() if line.startswith("_T\t")]
    assert months == [f"2022-{month:02}" for month in range(2, 13)]
    refused = run_saime("protect", "benefit-entrants-2022", home=prepared_home)
    assert refused.returncode == 4, "the stocks that are published rise by one, and the year by no more"
    assert "benefit-entrants-2022, cell FOSTER_FAMILY_BENEFIT|2022-03" in refused.stderr
    unlinked = run_saime("protect", "benefit-person-months-2022", home=prepared_home)
    assert unlinked.returncode == 4
    assert "datasets benefit-person-months-2022 and benefit-recipients-2022-monthly" in unlinked.stderr
    pensions = [f"pension-amounts-2022-2024-{statistic}" for statistic in ("sum", "mean", "median")]
    told = run_saime("protect", *pensions, "unemployed-2024-by-education", home=prepared_home)
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("0 exposed to the attack\n") == 3
    assert "cells, each changed by its key by 4 at most; SHA-256" in told.stdout


def test_areas_of_another_version_are_estimates_that_add_up(prepared_home: Path) -> None:
    done = run_saime("tabulate", "population-2022-by-areas-of-2009", "--json", home=prepared_home)
    message = json.loads(done.stdout)
    areas, sexes, _ = message["size"]
    persons = dict(zip(message["dimension"]["REF_AREA"]["category"]["index"], message["value"][::sexes], strict=True))
    assert areas == 125
    assert sum(count for code, count in persons.items() if code.isdigit()) == persons["_T"]
    estimated = {place // sexes for place in map(int, message["status"])}
    assert len(estimated) == 104


def test_dropping_one_spell_changes_the_table(home: Path, pack_root: Path, printed: list[int | None], tmp_path: Path) -> None:
    delivery = tmp_path / "delivery.csv"
    write_disability_delivery(pack_root, delivery)
    lines = delivery.read_text().splitlines(keepends=True)
    delivery.write_text("".join(lines[:1] + lines[2:]))
    fresh = tmp_path / "fresh"
    assert run_saime("load", "disability", str(delivery), "--period", "2019-06", "--synthetic", home=fresh).returncode == 0
    changed = json.loads(run_saime("tabulate", TABLE, "--json", home=fresh).stdout)["value"]
    lower = [after < before for after, before in zip(changed, printed, strict=True) if before is not None]
    assert any(lower)
    assert all(after <= before for after, before in zip(changed, printed, strict=True) if before is not None)


def test_a_second_run_changes_nothing(home: Path) -> None:
    before = fingerprint(home)
    again = run_saime("demo", "--no-serve", "--scale", "0.02", home=home)
    assert again.returncode == 0, again.stderr
    assert "0 loaded now" in again.stdout
    assert again.stdout.count("unchanged") == 4
    assert fingerprint(home) == before


@pytest.mark.database
def test_the_demo_fills_the_database_that_is_configured(home: Path) -> None:
    settings = {name: os.environ[name] for name in ("SAIME_DATABASE_URL",) if name in os.environ}
    (home / "saime.sqlite3").unlink()
    first, second = (run_saime("demo", "--no-serve", "--scale", "0.02", home=home, **settings) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "101 providers in 21 municipalities" in first.stdout
    assert "no tables changed" not in first.stdout
    assert "no tables changed" in second.stdout
    assert (home / "saime.sqlite3").exists() is not bool(settings)


def test_another_scale_in_the_same_folder_is_refused(home: Path) -> None:
    done = run_saime("demo", "--no-serve", "--scale", "0.01", home=home)
    assert done.returncode == 4
    assert "another SAIME_HOME" in done.stderr


def test_a_plan_without_its_deliveries_is_refused(tmp_path: Path) -> None:
    done = run_saime("tabulate", "benefit-recipients-2022", home=tmp_path)
    assert done.returncode == 3
    assert "saime load benefits FILE --period 2022-01" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_month_is_named(home: Path) -> None:
    manifest = next((home / "warehouse").glob("*.json"))
    content = json.loads(manifest.read_text())
    content["loads"] = [load for load in content["loads"] if load["record"]["period"] != "2022-05"]
    manifest.write_text(json.dumps(content))
    done = run_saime("tabulate", "benefit-recipients-2022", home=home)
    assert done.returncode == 3
    assert "2022-05" in done.stderr


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_a_damaged_or_missing_partition_is_named_and_nothing_is_published(home: Path, pack_root: Path, harm: str) -> None:
    production = Production.in_home(home, Pack(pack_root))
    before = {path: path.read_bytes() for path in production.releases.rglob("*") if path.is_file()}
    path = next((home / "warehouse" / "facts" / "benefits").rglob("*.parquet"))
    if harm == "damaged":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    else:
        path.unlink()
    with pytest.raises(BadInput, match=rf"partition \d+ of load benefits-2022-\d\d-\w+ is {harm}") as refusal:
        produce_everything(production)
    assert str(path) in refusal.value.where
    assert {path: path.read_bytes() for path in production.releases.rglob("*") if path.is_file()} == before


def test_the_new_feeds_are_counted_inside(prepared_home: Path, pack_root: Path) -> None:
    pack = Pack(pack_root)
    production = Production.in_home(prepared_home, pack)
    plans = [plan for plan in pack.plans if plan.population in NEW_FEEDS]
    tables = {plan.dataset: tabulate(production, plan, production.facts(plan)) for plan in plans}
    assert {plan.population for plan in plans} == set(NEW_FEEDS)
    assert all(table.values[0] for table in tables.values())
    assert 200 < (tables["pension-amounts-2022-2024-median"]["_T", "_T", "2024"] or 0) < 400
    recipients = tables["municipal-assistance-2022-2024"]["GUARANTEED_MINIMUM_INCOME", "_T", "_T", "2024"] or 0
    households = tables["guaranteed-minimum-income-households-2022-2024"]["_T", "2024"] or 0
    assert recipients / 2 < households < recipients


def test_the_way_back_is_shown(prepared_home: Path) -> None:
    done = run_saime("trace", TABLE, "group2", "sight", "2019-06", home=prepared_home)
    assert done.returncode == 0, done.stderr
    kinds = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert kinds == ["release", "protection", "tabulation", "delivery", "feed", "legal_act"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["trace", "no-such-dataset"], 3, "disability-2019-06"),
        (["trace", TABLE, "group9", "sight", "2019-06"], 3, "group9"),
        (["tabulate", "no-such-plan"], 3, "population-2022"),
        (["tabulate", TABLE, "--engine", "abacus"], 2, "reference"),
        (["load", "no-such-feed", __file__, "--period", "2019-06"], 3, "disability"),
        (["load", "disability", __file__, "--period", "June"], 3, "2022-06"),
        (["demo", "--scale", "7"], 2, "scale"),
    ],
)
def test_bad_input_gets_an_answer_and_an_exit_code(prepared_home: Path, arguments: list[str], code: int, said: str) -> None:
    done = run_saime(*arguments, home=prepared_home)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_delivered_code_is_left_in_the_working_folder(prepared_home: Path, pack_root: Path, tmp_path: Path) -> None:
    delivery = tmp_path / "delivery.csv"
    write_disability_delivery(pack_root, delivery)
    with delivery.open(newline="") as file:
        codes = {row["person_code"] for row in csv.DictReader(file)}
    plain = {code.replace("-", "").encode() for code in codes} | {code.encode() for code in codes}
    for path in sorted(p for p in prepared_home.rglob("*") if p.is_file()):
        assert not contains_any(path.read_bytes(), plain), f"{path.relative_to(prepared_home)} holds a delivered code"


def contains_any(content: bytes, codes: set[bytes]) -> bool:
    """Whether eleven digits, or six and five with a hyphen, that were delivered stand anywhere in the bytes."""
    import re

    found = set(re.findall(rb"(?=(\d{11}))", content)) | set(re.findall(rb"(?=(\d{6}-\d{5}))", content))
    return bool(found & codes)


def fingerprint(home: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the chain with its size and content; the database and its journal aside."""
    chain = [home / name for name in ("warehouse", "releases", "keys", "production")]
    files = (path for folder in chain for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(home)): (path.stat().st_size, path.read_bytes()) for path in files}


def write_disability_delivery(pack_root: Path, path: Path) -> None:
    from support.synthetic import load_deliveries

    delivery = next(d for d in load_deliveries().deliveries(pack_root, scale=0.02) if d.feed == "disability")
    delivery.write(path)
