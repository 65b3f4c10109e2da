"""A delivery of persons who are in no register: it is loaded, told, stops the release, and is published when accepted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.commands import run_saime
from support.workplace import write_strangers

PERIOD = "2022-12"


@pytest.fixture(scope="module")
def home(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without an earlier release: beside it, a month of quite other persons would give away cells of then, and be refused."""
    ignore = shutil.ignore_patterns("releases")
    return Path(shutil.copytree(prepared_home, tmp_path_factory.mktemp("linkage") / "home", ignore=ignore))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A correction of one month with persons whom the register does not have, but for luck."""
    return write_strangers(tmp_path_factory.mktemp("delivery") / "benefits.csv")


def said(*arguments: str, home: Path, code: int = 0) -> str:
    done = run_saime(*arguments, home=home, SAIME_RELEASE_CHECK="demo")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_load_that_falls_stops_the_release_until_it_is_accepted(home: Path, strangers: Path) -> None:
    report = json.loads(said("load", "benefits", str(strangers), "--period", PERIOD, "--replace", "--synthetic", "--json", home=home))
    assert (report["outcome"], report["rows"], report["faults"]) == ("loaded", 400, [])

    line = next(line for line in said("linkage", "list", "benefits", home=home).splitlines() if f"\t{PERIOD}\t" in line)
    load = line.split("\t")[0]
    assert line.endswith("stops publication: minimum, fall")

    refusal = said("release", "publish", home=home, code=4)
    assert load in refusal
    assert "saime linkage accept" in refusal

    shown = json.loads(said("linkage", "show", load, "--json", home=home))
    assert shown["previous_rate"] == 1.0
    assert shown["rate"] < 0.1
    latvian = said("linkage", "show", load, home=home)
    assert "Pabalstu un pakalpojumu saņēmēji, 2022-12" in latvian
    assert "the rate is below the minimum of 97.00%" in latvian

    said("linkage", "accept", load, "--by", "Head of statistics", "--reason", "A trial", home=home)
    assert "accepted by Head of statistics" in said("linkage", "list", "benefits", home=home)
    assert "datasets" in said("release", "publish", home=home)


def test_a_refused_delivery_has_a_report_to_send_back(home: Path, strangers: Path, tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.csv"
    faulty.write_text(strangers.read_text().replace("HOME_CARE", "HOUSE_CARE", 3))
    done = run_saime("load", "benefits", str(faulty), "--period", PERIOD, "--replace", "--synthetic", "--json", home=home)
    assert done.returncode == 3
    report = json.loads(done.stdout)
    assert [(fault["code"], fault["count"], fault["refuses"]) for fault in report["faults"]] == [("unknown_code", 3, True)]
    assert report["faults"][0]["fix"]["lv"].startswith("izlabojiet kodus")
    shown = said("quarantine", "show", report["id"], home=home)
    assert "Piegāde nav ielādēta" in shown
    assert "Nezināms kods [unknown_code]; aile benefit (Pabalsts vai pakalpojums); 3×" in shown
    assert report["id"] in said("quarantine", "list", home=home)
