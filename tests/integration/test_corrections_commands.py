"""Correct a delivery, look back, remove and delete with the commands, and see what they say and that they name nobody."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from saime.core.pack.reader import Pack
from saime.intake.services import receive_delivery
from saime.production.services import Production, plan_metadata, produce_plans
from support.commands import run_saime
from support.warehouse import personal_code, write_csv

PLAN = "population-2022"
FIRST_AT, CORRECTED_AT = datetime(2023, 2, 1, 9, tzinfo=UTC), datetime(2023, 3, 1, 9, tzinfo=UTC)
BASIS = "Regula (ES) 2016/679, 17. pants"


@pytest.fixture
def pack(tmp_path: Path, pack_root: Path) -> Pack:
    """The pack of Latvia, with a retention of a year for the population."""
    root = Path(shutil.copytree(pack_root, tmp_path / "pack"))
    feed = root / "feeds" / "population.yaml"
    contract = yaml.safe_load(feed.read_text()) | {"retention": {"months": 12}}
    feed.write_text(yaml.safe_dump(contract, allow_unicode=True))
    return Pack(root)


def people(folder: Path, pack: Pack, numbers: range, name: str) -> Path:
    government = pack.classification("local-governments-2021").leaves[0].id
    rows = [{"person_code": personal_code(n), "sex": "FM"[n % 2], "age": 30, "local_government": government} for n in numbers]
    return write_csv(folder / name, rows, ["person_code", "sex", "age", "local_government"])


@pytest.fixture
def home(tmp_path: Path, pack: Pack) -> Path:
    """20 persons of 2022, corrected to 30."""
    home = tmp_path / "home"
    first, better = people(tmp_path, pack, range(20), "first.csv"), people(tmp_path, pack, range(30), "better.csv")
    receive_delivery(home, pack, "population", first, "2022", synthetic=True, received_at=FIRST_AT)
    receive_delivery(home, pack, "population", better, "2022", synthetic=True, received_at=CORRECTED_AT, replace=True)
    return home


def production(home: Path, pack: Pack) -> Production:
    return Production(pack, home / "warehouse", home / "releases", home / "production" / "runs.json")


def all_persons(home: Path, pack: Pack, *options: str) -> tuple[int, str]:
    done = run_saime("tabulate", PLAN, "--engine", "reference", "--json", *options, home=home, SAIME_PACK=str(pack.root))
    assert done.returncode == 0, done.stderr
    return max(value for value in json.loads(done.stdout)["value"] if value is not None), done.stderr


def names_nobody(text: str) -> bool:
    return not set(re.findall(r"\d{11}", re.sub(r"(?<=\d)-(?=\d)", "", text))) & {personal_code(n) for n in range(30)}


def test_load_with_replace_and_without(home: Path, pack: Pack, tmp_path: Path) -> None:
    other = people(tmp_path, pack, range(25), "other.csv")
    arguments = ("load", "population", str(other), "--period", "2022")
    environment = {"home": home, "SAIME_PACK": str(pack.root)}
    # received now, when a retention of a year has ended: the pack as it is keeps the facts
    refused = run_saime(*arguments, **environment)
    assert (refused.returncode, "--replace" in refused.stderr) == (4, True)
    past = run_saime(*arguments, "--replace", **environment)
    assert past.returncode == 4
    assert "may be kept until 2023-12-31, which is over" in past.stderr
    (pack.root / "feeds" / "population.yaml").write_text((pack.root / "feeds" / "population.yaml").read_text().replace("12", "1200"))
    done = run_saime(*arguments, "--replace", **environment)
    assert done.returncode == 0, done.stderr
    assert re.search(r"other\.csv is loaded in place of population-2022-\w+: 25 rows, 25 persons", done.stdout)
    again = run_saime(*arguments, "--replace", **environment)
    assert "was loaded before; nothing changed" in again.stdout


def test_tabulate_as_of_a_moment_before_the_correction(home: Path, pack: Pack) -> None:
    assert all_persons(home, pack)[0] == 30
    assert all_persons(home, pack, "--as-of", "2023-02-15")[0] == 20
    assert all_persons(home, pack, "--as-of", "2023-03-01T10:59:59+0200")[0] == 20
    assert all_persons(home, pack, "--as-of", "2023-03-01T09:00")[0] == 30
    early = run_saime("tabulate", PLAN, "--as-of", "2023-01-01", home=home, SAIME_PACK=str(pack.root))
    assert (early.returncode, "lacks deliveries of feed 'population' for 2022" in early.stderr) == (3, True)


def test_the_lineage_says_that_a_delivery_was_corrected_and_nothing_that_follows_from_its_rows(home: Path, pack: Pack) -> None:
    work, plan = production(home, pack), pack.plan(PLAN)
    protected = produce_plans(work, [plan])[0].protected
    assert protected is not None
    (step,) = [step for step in protected.dataset.lineage if step.kind == "delivery"]
    assert (step.id, step.label.lv, step.digest, step.details) == ("better.csv", "Labota piegāde par 2022", None, {"synthetic": True})
    assert plan_metadata(work, plan, work.facts(plan)).synthetic


def test_delete_a_person_with_the_command(home: Path, pack: Pack, tmp_path: Path) -> None:
    work, plan = production(home, pack), pack.plan(PLAN)
    counted = produce_plans(work, [plan])[0].digest
    file = tmp_path / "person.txt"
    file.write_text(personal_code(3, dash=True))
    arguments = ("delete-person", str(file), "--legal-basis", BASIS)
    environment = {"home": home, "SAIME_PACK": str(pack.root)}
    dry = run_saime(*arguments, **environment)
    assert "2 rows in 2 loads: nothing is changed without --write" in dry.stdout
    assert all_persons(home, pack) == (30, "")
    done = run_saime(*arguments, "--write", **environment)
    assert "2 rows in 2 loads: deleted and recorded" in done.stdout
    again = run_saime(*arguments, "--write", **environment)
    assert "0 rows in 0 loads: nothing is changed" in again.stdout
    assert [run.returncode for run in (dry, done, again)] == [0, 0, 0]
    assert all(names_nobody(run.stdout + run.stderr) for run in (dry, done, again))
    assert names_nobody((home / "warehouse" / "manifest.json").read_text())
    assert all_persons(home, pack) == (29, "")
    then, told = all_persons(home, pack, "--as-of", "2023-02-15")
    assert (then, "Persons deleted since then: 1; the table is without them" in told) == (19, True)
    assert produce_plans(work, [plan])[0].digest != counted


def test_delete_a_person_that_the_command_refuses(home: Path, pack: Pack, tmp_path: Path) -> None:
    before = (home / "warehouse" / "manifest.json").read_bytes()
    inside, outside = home / "person.txt", tmp_path / "person.txt"
    for file in (inside, outside):
        file.write_text(personal_code(3))
    environment = {"home": home, "SAIME_PACK": str(pack.root)}
    lies_inside = run_saime("delete-person", str(inside), "--legal-basis", BASIS, "--write", **environment)
    names_one = run_saime("delete-person", str(outside), "--legal-basis", f"for {personal_code(3)}", "--write", **environment)
    outside.write_text(f"{personal_code(3)} {personal_code(4)}")
    two = run_saime("delete-person", str(outside), "--legal-basis", BASIS, "--write", **environment)
    nothing = run_saime("delete-person", str(outside), "--legal-basis", BASIS, home=tmp_path / "empty", SAIME_PACK=str(pack.root))
    refusals = (lies_inside, names_one, two, nothing)
    assert [run.returncode for run in refusals] == [3, 3, 3, 3]
    assert all(names_nobody(run.stdout + run.stderr) for run in refusals)
    assert "the warehouse holds no loads" in nothing.stderr
    assert (home / "warehouse" / "manifest.json").read_bytes() == before
    assert not (tmp_path / "empty").exists()


def test_list_and_remove_what_is_past_its_time(home: Path, pack: Pack) -> None:
    environment = {"home": home, "SAIME_PACK": str(pack.root)}
    early = run_saime("retention", "--on", "2023-12-31", "--write", **environment)
    assert "0 loads past their time" in early.stdout
    listed = run_saime("retention", "--on", "2024-01-01", **environment)
    assert listed.stdout.count("kept until 2023-12-31") == 2
    assert "2 loads past their time: nothing is changed without --write" in listed.stdout
    assert all_persons(home, pack)[0] == 30
    removed = run_saime("retention", "--write", **environment)
    assert "2 loads past their time: facts removed" in removed.stdout
    told = run_saime("tabulate", PLAN, **environment)
    assert (told.returncode, "were kept until 2023-12-31 and then removed" in told.stderr) == (3, True)
    assert not list((home / "warehouse" / "facts").rglob("*.parquet"))
