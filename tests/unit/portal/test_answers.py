"""An error becomes an answer with its status, what, where and what to do, and never a traceback."""

from __future__ import annotations

import logging

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.translation import gettext_lazy

from saime.core.errors import BadInput, NotFound, Refused, SaimeError, TryLater
from saime.portal.answers import answer_error, failed

NO_DATASET = NotFound("there is no dataset 'x<y'", where="release 2026-01", fix="use one of: population-2022")


def answer(error: SaimeError, language: str = "lv", path: str = "/lv/datasets/x", **headers: str) -> HttpResponse:
    with translation.override(language):
        return answer_error(RequestFactory(headers=headers).get(path), error)


@pytest.mark.parametrize(("kind", "status"), [(BadInput, 400), (Refused, 403), (NotFound, 404), (TryLater, 503), (SaimeError, 500)])
def test_the_status_is_the_errors_own(kind: type[SaimeError], status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    assert answer(kind("no")).status_code == status


def test_a_latvian_page_marks_the_english_words_of_the_core() -> None:
    page = answer(NO_DATASET).content.decode()
    assert "<h1" in page
    assert "Lapa nav atrasta" in page
    assert '<p class="govuk-body-l" lang="en">There is no dataset &#x27;x&lt;y&#x27;</p>' in page
    assert "Ko darīt" in page
    assert "Use one of: population-2022" in page
    assert "Release 2026-01" in page


def test_an_english_page_marks_nothing() -> None:
    assert 'lang="en">There' not in answer(NO_DATASET, "en").content.decode()


def test_words_that_the_view_translates_are_shown_as_they_are() -> None:
    page = answer(NotFound(gettext_lazy("Page not found"))).content.decode()
    assert '<p class="govuk-body-l">Lapa nav atrasta</p>' in page


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/lv/datasets/x.json", {}),
        ("/lv/datasets/x.csv", {"accept": "*/*"}),
        ("/lv/datasets/x.px", {"accept": "text/html"}),
        ("/lv/datasets/x", {"accept": "application/json"}),
    ],
)
def test_a_program_gets_json(path: str, headers: dict[str, str]) -> None:
    got = answer(NO_DATASET, path=path, **headers)
    assert got["content-type"] == "application/json"
    assert b"use one of: population-2022" in got.content


def test_a_browser_gets_a_page() -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert answer(NO_DATASET, accept=accept)["content-type"].startswith("text/html")


def test_the_place_of_our_own_fault_goes_to_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    page = answer(SaimeError("the release is damaged", where="/srv/secret/place")).content.decode()
    assert "/srv/secret/place" not in page
    assert "/srv/secret/place" in caplog.text


def test_a_defect_has_a_page_without_a_traceback() -> None:
    with translation.override("en"):
        page = failed(RequestFactory().get("/en/")).content.decode()
    assert "Something went wrong on our side" in page
    assert "Traceback" not in page


@pytest.mark.parametrize(("path", "words"), [("/lv/nowhere/", "Lapa nav atrasta"), ("/en/nowhere/", "Page not found")])
def test_an_address_that_leads_nowhere_has_a_page_in_its_language(path: str, words: str) -> None:
    got = Client().get(path)
    assert (got.status_code, got["content-language"]) == (404, path[1:3])
    assert words in got.content.decode()
