"""Health for machines, and pages before there is anything to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    """A working folder without a release."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=tmp_path)
    return tmp_path


@pytest.mark.django_db
def test_health_before_the_first_release() -> None:
    got = Client().get("/health")
    assert (got.status_code, got.json()) == (200, {"status": "ok", "database": "ok", "release": None})


def test_health_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr(connection, "cursor", refuse)
    got = Client().get("/health")
    assert (got.status_code, got.json()["status"], got.json()["database"]) == (503, "failing", "unreachable")


@pytest.mark.django_db
def test_health_with_a_damaged_release_store(home: Path) -> None:
    home.joinpath("releases").mkdir()
    home.joinpath("releases", "current").write_text("2026-01-01-0123456789abcdef\n")
    got = Client().get("/health")
    assert (got.status_code, got.json()["release"]) == (503, "damaged")


@pytest.mark.parametrize(("path", "words"), [("/lv/", "Pagaidām nekas vēl nav publiskots"), ("/en/", "Nothing has been released yet")])
def test_home_before_the_first_release(path: str, words: str) -> None:
    page = Client().get(path).content.decode()
    assert words in page
    assert "saime-figure" not in page


def test_about_before_the_first_release() -> None:
    assert "Nothing has been released yet" in Client().get("/en/about/").content.decode()


def test_the_root_leads_to_the_latvian_home() -> None:
    got = Client().get("/")
    assert (got.status_code, got["location"]) == (302, "/lv/")


def test_the_statement_names_whom_the_operator_has_set(settings: Settings) -> None:
    assert "has not yet been given their address" in Client().get("/en/accessibility/").content.decode()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, accessibility_contact="access@ministry.example", supervising_body="Ombudsman <x>")
    page = Client().get("/en/accessibility/").content.decode()
    assert "write to the accessibility coordinator: access@ministry.example." in page
    assert "turn to the supervising body: Ombudsman &lt;x&gt;." in page
