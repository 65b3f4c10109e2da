"""The linkage pages: who sees and who accepts, what an acceptance takes, and that production waits for it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from saime.core.errors import Refused
from saime.core.pack.reader import Pack
from saime.core.warehouse.linkage_records import LinkageState
from saime.intake import services as intake
from saime.production.services import Production, produce_plans
from support.warehouse import personal_code
from support.workplace import QUICK_HASHERS, add_user, write_strangers

pytestmark = pytest.mark.django_db
FEED, PERIOD, BEFORE = "benefits", "2022-12", "2022-11"


@pytest.fixture(scope="module")
def blocked_home(prepared_home: Path, pack_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared folder with a correction of one month whose persons the register does not have."""
    folder = tmp_path_factory.mktemp("linkage-pages")
    home, path = Path(shutil.copytree(prepared_home, folder / "home")), write_strangers(folder / "benefits.csv")
    at = datetime(2026, 1, 15, tzinfo=UTC)
    intake.receive_delivery(home, Pack(pack_root), FEED, path, PERIOD, synthetic=True, received_at=at, replace=True)
    return home


@pytest.fixture
def pack(pack_root: Path) -> Pack:
    return Pack(pack_root)


@pytest.fixture
def home(blocked_home: Path, settings: Settings, tmp_path: Path) -> Path:
    """A copy of it that the pages look at."""
    copy = Path(shutil.copytree(blocked_home, tmp_path / "home"))
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=copy)
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    return copy


@pytest.fixture
def state(home: Path, pack: Pack) -> LinkageState:
    return report_of(home, pack, PERIOD)


def report_of(home: Path, pack: Pack, period: str) -> LinkageState:
    return next(one for one in intake.linkage_reports(home, pack, FEED) if one.report.period == period)


def reader(name: str, *roles: str, feeds: tuple[str, ...] = ()) -> Client:
    browser = Client()
    browser.force_login(add_user(name, *roles, feeds=feeds))
    return browser


def accept(browser: Client, state: LinkageState, language: str = "en", **fields: str) -> HttpResponse:
    given = {"reason": "The register was late", "seen": state.report.digest} | fields
    return browser.post(f"/{language}/workplace/linkage/{state.report.load}/accept/", given)


def test_each_role_sees_what_it_may_and_only_a_statistician_may_accept(state: LinkageState) -> None:
    seen = {}
    for name, role, feeds in (
        ("anna", "data-steward", (FEED,)),
        ("berta", "data-steward", ("population",)),
        ("cilda", "output-checker", ()),
        ("dace", "administrator", ()),
        ("elza", "statistician", ()),
    ):
        browser = reader(name, role, feeds=feeds)
        page = browser.get(f"/en/workplace/linkage/{state.report.load}/")
        listed = state.report.load in browser.get("/en/workplace/linkage/").content.decode()
        refused = accept(browser, state, reason="").status_code  # 400 is of the form, so the right is there
        seen[name] = (page.status_code, listed, "Accept the load" in page.content.decode(), refused)
    assert seen == {
        "anna": (200, True, False, 403),
        "berta": (404, False, False, 403),
        "cilda": (200, True, False, 403),
        "dace": (200, True, False, 403),
        "elza": (200, True, True, 400),
    }


def test_an_acceptance_lets_production_go_on_and_the_release_pages_say_what_stops_it(home: Path, pack: Pack, state: LinkageState) -> None:
    browser, production = reader("anna", "statistician"), Production.in_home(home, pack)
    plan, address = pack.plan("benefit-recipients-2022"), f"/en/workplace/linkage/{state.report.load}/"
    with pytest.raises(Refused, match=state.report.load):
        produce_plans(production, [plan])
    before = browser.get("/en/workplace/releases/").content.decode()
    assert "Publication is stopped" in before
    assert f'href="{address}"' in before
    answer = accept(browser, state)
    assert (answer.status_code, answer["location"]) == (302, address)
    assert produce_plans(production, [plan])[0].protected
    assert "Publication is stopped" not in browser.get("/en/workplace/releases/").content.decode()
    page = browser.get(address).content.decode()
    assert "Accepted by <strong>anna</strong>" in page
    assert "The register was late" in page
    assert "Accept the load" not in page
    acceptance = report_of(home, pack, PERIOD).acceptance
    assert acceptance is not None
    assert (acceptance.by, acceptance.report_digest) == ("anna", state.report.digest)


BAD_REASONS = [
    ("  ", "Uzrakstiet, kāpēc šo ielādi drīkst publicēt", "Say why the load may be published"),
    (f"only {personal_code(3)} is missing", "Nerakstiet personas kodu", "Leave the personal code out"),
    ("x" * 2001, "ne vairāk kā 2000 rakstzīmju", "at most 2000 characters"),
]


def test_a_reason_is_required_and_names_no_person(home: Path, pack: Pack, state: LinkageState) -> None:
    browser = reader("anna", "statistician")
    for reason, *words in BAD_REASONS:
        for language, said in zip(("lv", "en"), words, strict=True):
            answer = accept(browser, state, language, reason=reason)
            assert answer.status_code == 400
            assert said in answer.content.decode()
    assert report_of(home, pack, PERIOD).blocks


def test_what_was_not_seen_what_is_within_its_limits_and_what_is_not_there_is_not_accepted(
    home: Path, pack: Pack, state: LinkageState
) -> None:
    browser, sound = reader("anna", "statistician"), report_of(home, pack, BEFORE)
    for seen in ("", sound.report.digest):
        assert "Pārskats ir mainījies, kopš to apskatījāt" in accept(browser, state, "lv", seen=seen).content.decode()
        assert "The report has changed since you looked at it" in accept(browser, state, seen=seen).content.decode()
    for language, words, missing in (
        ("lv", "Šī ielāde publicēšanu neaptur", "Nav sasaistes pārskata"),
        ("en", "does not stand against publication", "There is no linkage report"),
    ):
        refused = accept(browser, sound, language)
        assert refused.status_code == 403
        assert words in refused.content.decode()
        absent = browser.get(f"/{language}/workplace/linkage/benefits-2022-12-000000000000/")
        assert absent.status_code == 404
        assert missing in absent.content.decode()
    assert report_of(home, pack, PERIOD).blocks
    with pytest.raises(Refused, match="has changed since"):  # the service looks again, at the moment of writing
        intake.accept_linkage(
            home, pack, state.report.load, by="anna", reason="late", at=datetime(2026, 1, 15, tzinfo=UTC), seen=sound.report.digest
        )


def test_the_report_tells_rates_by_period_and_group_against_the_load_before(home: Path, state: LinkageState) -> None:
    page = reader("anna", "statistician").get(f"/lv/workplace/linkage/{state.report.load}/").content.decode()
    assert state.report.rate is not None
    assert f"{state.report.rate * 100:.2f}".replace(".", ",") + "\u00a0%" in page
    for said in ("Atrasto personu daļa ir mazāka par pieļauto 97,00", "Pa periodiem", "2022-11", "Ārpus pieļautā, nav akceptēta"):
        assert said in page
    labels = {group.label.lv for group in state.report.groups}
    assert labels
    assert all(label in page for label in labels)
    assert {group.column for group in state.report.groups} == {"sex", "age", "local_government"}
