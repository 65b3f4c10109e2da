"""Who gets in, what each role may see, and that nothing of the workplace is kept by caches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from saime.core.errors import BadInput, NotFound, Refused
from saime.workplace import people
from saime.workplace.models import FailedSignIn
from saime.workplace.roles import ROLES
from saime.workplace.urls import urlpatterns
from support.workplace import PASSWORD, QUICK_HASHERS, add_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 15, 11, tzinfo=UTC)
OPEN = {"sign_in", "sign_out"}
ALLOWED = {
    "workplace": set(ROLES),
    "deliver": {"data-steward"},
    "receipt_list": {"data-steward", "statistician", "administrator"},
    "receipt": {"data-steward", "statistician", "administrator"},
    "receipt_file": {"data-steward", "statistician", "administrator"},
    "linkage_list": set(ROLES),
    "linkage_report": set(ROLES),
    "linkage_accept": {"statistician"},
    "protection_list": {"statistician"},
    "protection": {"statistician"},
    "candidate_list": {"statistician", "output-checker"},
    "candidate": {"statistician", "output-checker"},
    "candidate_dataset": {"statistician", "output-checker"},
    "candidate_review": {"statistician", "output-checker"},
    "candidate_publish": {"statistician"},
}
POSTED = {"linkage_accept", "candidate_review", "candidate_publish"}
ADDRESSES = {
    "workplace": "",
    "deliver": "deliver/",
    "receipt_list": "receipts/",
    "receipt": "receipts/1/",
    "receipt_file": "receipts/1/receipt.json",
    "linkage_list": "linkage/",
    "linkage_report": "linkage/benefits-2022-01-1a2b3c4d5e6f/",
    "linkage_accept": "linkage/benefits-2022-01-1a2b3c4d5e6f/accept/",
    "protection_list": "protection/",
    "protection": "protection/none-1/",
    "candidate_list": "releases/",
    "candidate": "releases/1/",
    "candidate_dataset": "releases/1/population-2022/",
    "candidate_review": "releases/1/review/",
    "candidate_publish": "releases/1/publish/",
}


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path / "home")
    settings.PASSWORD_HASHERS = QUICK_HASHERS


def test_every_address_is_in_the_matrix() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(ALLOWED) | OPEN
    assert set(ADDRESSES) == set(ALLOWED)


def ask(reader: Client, name: str, language: str) -> HttpResponse:
    address = f"/{language}/workplace/{ADDRESSES[name]}"
    return reader.post(address) if name in POSTED else reader.get(address)


@pytest.mark.parametrize("role", [None, *ROLES])
@pytest.mark.parametrize("name", ALLOWED)
def test_each_role_opens_its_own_pages_only(name: str, role: str | None) -> None:
    reader = Client()
    reader.force_login(add_user("reader", role) if role else User.objects.create(username="reader"))
    for language, words in (("lv", "Jūsu lomā tas nav paredzēts"), ("en", "Your role does not include this")):
        answer = ask(reader, name, language)
        assert "no-store" in answer["cache-control"]
        if role in ALLOWED[name] or (role is None and name == "workplace"):
            assert answer.status_code == (404 if "1" in ADDRESSES[name] else 200)
        else:
            assert answer.status_code == 403
            assert words in answer.content.decode()


@pytest.mark.parametrize("name", ALLOWED)
def test_a_stranger_is_asked_to_sign_in(name: str) -> None:
    address = f"/lv/workplace/{ADDRESSES[name]}"
    answer = ask(Client(), name, "lv")
    assert (answer.status_code, answer["location"]) == (302, f"/lv/workplace/sign-in/?next={'' if name in POSTED else address}")
    assert "no-store" in answer["cache-control"]
    script = ask(Client(headers={"accept": "application/json"}), name, "lv")
    assert (script.status_code, script.json()["error"]["what"]) == (401, "Vispirms pierakstieties")


def test_a_stranger_cannot_send_a_file(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("a\n")
    with (tmp_path / "file.csv").open("rb") as file:
        answer = Client(enforce_csrf_checks=True).post("/lv/workplace/deliver/", {"file": file})
    assert answer.status_code == 302
    assert not (tmp_path / "home" / "uploads").exists()


def test_there_is_nobody_until_somebody_is_added() -> None:
    assert not User.objects.exists()
    assert {group.name for group in Group.objects.order_by("name")} == set(ROLES)


def test_signing_in_and_out() -> None:
    add_user("anna", "data-steward")
    browser = Client()
    page = browser.get("/lv/workplace/sign-in/?next=/lv/workplace/receipts/")
    assert "no-store" in page["cache-control"]
    answer = browser.post("/lv/workplace/sign-in/", {"username": "anna", "password": PASSWORD, "next": "/lv/workplace/receipts/"})
    assert (answer.status_code, answer["location"]) == (302, "/lv/workplace/receipts/")
    assert browser.get("/lv/workplace/receipts/").status_code == 200
    assert browser.post("/lv/workplace/sign-out/")["location"] == "/lv/workplace/sign-in/"
    assert browser.get("/lv/workplace/receipts/").status_code == 302


def test_nobody_is_sent_to_another_host_after_signing_in() -> None:
    add_user("anna", "data-steward")
    answer = Client().post("/lv/workplace/sign-in/", {"username": "anna", "password": PASSWORD, "next": "https://elsewhere.example/"})
    assert answer["location"] == "/lv/workplace/"


def sign_in(name: str, password: str, address: str = "192.0.2.1") -> str:
    page = Client(REMOTE_ADDR=address).post("/en/workplace/sign-in/", {"username": name, "password": password})
    return "in" if page.status_code == 302 else page.content.decode()


def test_after_too_many_attempts_even_the_right_password_must_wait() -> None:
    add_user("anna", "data-steward")
    for _ in range(people.MOST_FAILURES):
        assert "is not right" in sign_in("anna", "wrong")
    assert "Too many attempts" in sign_in("Anna", PASSWORD)
    assert "Too many attempts" in sign_in("anna", PASSWORD)
    assert sign_in("anna", PASSWORD, address="192.0.2.2") == "in"
    FailedSignIn.objects.update(at=NOW - timedelta(days=1))
    assert sign_in("anna", PASSWORD) == "in"


def test_attempts_spread_over_names_or_addresses_are_counted_too() -> None:
    for number in range(people.MOST_FAILURES_ANYWHERE):
        assert people.begin_attempt(f"name{number}", "192.0.2.1", NOW)
        assert people.begin_attempt("anna", f"198.51.100.{number}", NOW)
    assert people.begin_attempt("another", "192.0.2.1", NOW) is None
    assert people.begin_attempt("anna", "203.0.113.1", NOW) is None
    assert people.begin_attempt("anna", "203.0.113.1", NOW + people.LOOK_BACK + timedelta(seconds=1))


def test_success_clears_what_failed_before() -> None:
    add_user("anna", "data-steward")
    for _ in range(3):
        for _ in range(people.MOST_FAILURES - 1):
            sign_in("anna", "wrong")
        assert sign_in("anna", PASSWORD) == "in"


def test_a_disabled_user_is_out_at_once_and_so_are_their_scripts() -> None:
    anna = add_user("anna", "data-steward")
    browser, key = Client(), people.new_api_key(anna, "export", NOW)
    browser.force_login(anna)
    people.disable_user("anna", NOW)
    assert browser.get("/en/workplace/").status_code == 302
    assert people.user_of_key(key) is None
    assert "is not right" in sign_in("anna", PASSWORD)


def test_a_new_password_ends_the_sessions() -> None:
    browser = Client()
    browser.force_login(add_user("anna", "data-steward"))
    people.change_password("anna", f"{PASSWORD} but another one")
    assert browser.get("/en/workplace/").status_code == 302
    assert "is not right" in sign_in("anna", PASSWORD)


@pytest.mark.parametrize(
    ("name", "password", "role", "feed", "error", "said"),
    [
        ("anna", "a0-b1-c2", "data-steward", "population", BadInput, "12"),
        ("anna", "password1234", "data-steward", "population", BadInput, "common"),
        ("annabella-west", "annabella-west1", "data-steward", "population", BadInput, "similar"),
        ("an na", PASSWORD, "data-steward", "population", BadInput, "valid username"),
        ("anna", PASSWORD, "queen", "population", BadInput, "output-checker"),
        ("anna", PASSWORD, "data-steward", "taxes", BadInput, "benefits"),
        ("taken", PASSWORD, "data-steward", "population", Refused, "already"),
    ],
)
def test_a_user_is_added_whole_or_not_at_all(name: str, password: str, role: str, feed: str, error: type[Exception], said: str) -> None:
    add_user("taken", "data-steward")
    with pytest.raises(error) as fault:
        people.add_user(name, password, [role], [feed], ["population", "benefits"])
    assert said in str(fault.value)
    assert password not in str(fault.value)
    assert [user.username for user in User.objects.order_by("username")] == ["taken"]


def test_an_unknown_user_is_told() -> None:
    with pytest.raises(NotFound):
        people.change_password("nobody", PASSWORD)


def test_public_pages_know_no_session(settings: Settings) -> None:
    answer = Client().get("/lv/about/")
    assert "Cookie" not in answer.get("vary", "")
    assert not answer.cookies


def test_behind_https_cookies_and_headers_are_strict(settings: Settings) -> None:
    answer = Client().get("/lv/workplace/sign-in/")
    assert (answer["x-frame-options"], answer["referrer-policy"]) == ("DENY", "same-origin")
    assert "default-src 'none'" in answer["content-security-policy"]
    cookie = answer.cookies["csrftoken"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
