"""A statistician tries settings of protection: what the page shows, what it prints for the plan, what it refuses, what it records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from saime.core.model.dataset import FrequencyTable
from saime.core.pack.reader import Pack
from saime.core.protection.attack import attack, exposed_cells
from saime.core.tabulation.plan import TabulationPlan, ThresholdProtection
from saime.production import trials
from saime.production.services import Production
from saime.production.trials import Trial, try_protection
from saime.workplace.models import UnprotectedView
from support.workplace import QUICK_HASHERS, add_user

pytestmark = pytest.mark.django_db
PLAN = "disability-2019-06"
ADDRESS = f"/en/workplace/protection/{PLAN}/"
SETTINGS = {"minimum": "5", "keep": "", "prefer_hidden": ""}


@pytest.fixture
def production(settings: Settings, prepared_home: Path, pack_root: Path) -> Production:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=prepared_home)
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    return Production.in_home(prepared_home, Pack(pack_root))


@pytest.fixture
def plan(production: Production) -> TabulationPlan:
    return production.pack.plan(PLAN)


@pytest.fixture
def saved(production: Production, plan: TabulationPlan) -> Trial:
    return try_protection(production, plan, plan.protection)


@pytest.fixture
def reader(production: Production) -> Client:
    reader = Client()
    reader.force_login(add_user("anna", "statistician"))
    return reader


def post(reader: Client, **given: str) -> HttpResponse:
    return reader.post(ADDRESS, SETTINGS | given)


def cell_of(saved: Trial, place: int) -> tuple[str, ...]:
    return list(saved.table.structure.cells())[place]


def line_of(cell: tuple[str, ...], saved: Trial) -> str:
    return " ".join(f"{dimension.id}={code}" for dimension, code in zip(saved.table.structure.dimensions, cell, strict=True))


def test_every_visit_is_recorded(reader: Client) -> None:
    reader.get(ADDRESS)
    post(reader)
    assert [(view.user.username, view.plan) for view in UnprotectedView.objects.select_related("user")] == [("anna", PLAN)] * 2
    assert "anna" in reader.get("/en/workplace/protection/").content.decode()


def test_the_page_shows_counts_states_and_intervals_and_is_not_kept(reader: Client, saved: Trial) -> None:
    answer = reader.get(ADDRESS)
    assert "no-store" in answer["cache-control"]
    rows = {row["codes"]: row for row in answer.context["rows"]}
    assert len(rows) == saved.table.structure.size
    for place, finding in saved.findings.items():
        row = rows["|".join(cell_of(saved, place))]
        assert row["count"] == f"{saved.table.values[place]:,}"
        assert row["state"] == ("primary" if place in saved.small else "secondary")
        assert row["informed"].startswith(f"{finding.informed.lower:,} … ")
        assert bool(row["marks"]) == (place not in saved.small)


def test_a_mark_in_the_table_changes_the_pattern_and_the_lines_of_the_plan(reader: Client, saved: Trial) -> None:
    place = min(saved.secondary)
    cell = cell_of(saved, place)
    answer = post(reader, **{f"mark:{'|'.join(cell)}": "keep"})
    tried = answer.context["words"].trial
    assert place not in tried.withheld
    assert place in saved.withheld - tried.withheld
    assert exposed_cells(attack(tried.dataset, 5), 5) == ()
    told = ThresholdProtection.model_validate(yaml.safe_load(answer.context["yaml"])["protection"])
    assert told == tried.rule != saved.rule
    again = post(reader, keep=answer.context["form"].initial["keep"], **{f"mark:{'|'.join(cell)}": "none"})
    assert again.context["words"].trial.rule == saved.rule


def test_trying_stores_nothing(reader: Client, prepared_home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in prepared_home.rglob("*")}
    post(reader, minimum="7")
    assert {path: path.stat().st_mtime_ns for path in prepared_home.rglob("*")} == before


def test_the_table_is_counted_once(production: Production, plan: TabulationPlan, monkeypatch: pytest.MonkeyPatch, saved: Trial) -> None:
    def count_again(*_given: object) -> FrequencyTable:
        raise AssertionError("counted again")

    monkeypatch.setattr(trials, "tabulate", count_again)
    assert try_protection(production, plan, ThresholdProtection(minimum=6)).table is saved.table


def test_a_cell_that_must_be_hidden_tells_what_it_would_expose(reader: Client, saved: Trial) -> None:
    answer = post(reader, keep="DISABILITY_STATUS=" + ",".join(saved.table.structure.dimensions[0].positions))
    tried: Trial = answer.context["words"].trial
    small, others = [one for one in tried.not_kept if one.is_small], [one for one in tried.not_kept if not one.is_small]
    assert {one.place for one in small} == tried.small
    assert others
    assert all(one.exposes and set(one.exposes) <= tried.withheld for one in others)
    assert "would let a reader compute" in answer.content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"minimum": "1"}, "Write a whole number from 2 to 1000"),
        ({"minimum": ""}, "Write a whole number from 2 to 1000"),
        ({"minimum": "five"}, "Write a whole number from 2 to 1000"),
        ({"keep": "DISABILITY_STATUS=nobody"}, "DISABILITY_STATUS has no code nobody"),
        ({"prefer_hidden": "\nCOLOUR=red"}, "Line 2: there is no dimension COLOUR"),
        ({"keep": "group1"}, "write dimensions with codes, for example DISABILITY_STATUS="),
        ({"keep": "DISABILITY_STATUS=group1", "prefer_hidden": "CHARACTERISTIC=sight"}, "cannot be kept and hidden: group1|sight|2019-06"),
        ({"keep": "DISABILITY_STATUS=group1", "mark:group1|sight|2019-06": "none"}, "Change the line DISABILITY_STATUS=group1"),
        ({"mark:group1|taste|2019-06": "keep"}, "The table has no such cell"),
    ],
)
def test_bad_input_is_told(reader: Client, given: dict[str, str], said: str) -> None:
    answer = post(reader, **given)
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_plans_that_are_not_released_are_not_shown(reader: Client) -> None:
    assert reader.get("/en/workplace/protection/benefit-entrants-2022/").status_code == 404


def test_filters_choose_cells(reader: Client, saved: Trial) -> None:
    answer = post(reader, **{"show:DISABILITY_STATUS": "group1", "only_withheld": "on"})
    cells = {cell_of(saved, place) for place in saved.withheld}
    assert {tuple(row["codes"].split("|")) for row in answer.context["rows"]} == {cell for cell in cells if cell[0] == "group1"}
