"""The frame of every page: which menu entry is current, and where the other language is."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.utils import translation

from saime.portal.context import site


def frame(path: str, language: str = "lv") -> dict:
    with translation.override(language):
        return site(RequestFactory().get(path))["site"]


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/lv/", "/en/"),
        ("/lv/about/", "/en/about/"),
        ("/lv/datasets/?q=b%C4%93rni&page=2", "/en/datasets/?q=b%C4%93rni&page=2"),
        ("/lvx", "/en/"),
        ("/health", "/en/"),
    ],
)
def test_the_language_switch_leads_to_the_same_page(path: str, other: str) -> None:
    english = next(language for language in frame(path)["languages"] if language["code"] == "en")
    assert (english["url"], english["current"], english["name"]) == (other, False, "English")


def test_the_current_page_and_its_section_are_marked() -> None:
    about = frame("/lv/about/")["menu"][-1]
    assert (about["current"], about["section"]) == (True, True)
    below = frame("/lv/about/history/")["menu"][-1]
    assert (below["current"], below["section"]) == (False, True)


def test_the_menu_speaks_the_language_of_the_page() -> None:
    labels = [entry["label"] for entry in frame("/lv/")["menu"]]
    assert labels == ["Datu kopas", "Pakalpojumu sniedzēji", "Mērķi", "Par Saimi"]
    assert [entry["label"] for entry in frame("/en/", "en")["menu"]] == ["Datasets", "Providers", "Targets", "About"]
