"""The portal's pages: home, about, accessibility; and the health answer for machines."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language

from saime.core.errors import SaimeError
from saime.core.model.dataset import Dataset
from saime.core.releases.reader import Release
from saime.dissemination.queries import current_release
from saime.portal.headlines import headlines

ACCESSIBILITY_EVALUATED = date(2026, 11, 22)  # when every kind of page was last looked at by a person as well


def home(request: HttpRequest) -> HttpResponse:
    release = current_release()
    datasets = _datasets(release)
    context = {
        "release": release,
        "figures": headlines(datasets, _language()),
        "synthetic": any(dataset.metadata.synthetic for dataset in datasets),
    }
    return render(request, "portal/home.html", context)


def about(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/about.html", {"legal_acts": _legal_acts(current_release())})


def accessibility(request: HttpRequest) -> HttpResponse:
    operator = settings.ENVIRONMENT
    context = {
        "evaluated": ACCESSIBILITY_EVALUATED,
        "contact": operator.accessibility_contact,
        "supervisor": operator.supervising_body,
    }
    return render(request, "portal/accessibility.html", context)


def health(request: HttpRequest) -> JsonResponse:
    """For a load balancer: 200 when pages can be answered, 503 when not."""
    database, release = _database_state(), _release_state()
    sound = database == "ok" and release != "damaged"
    answer = {"status": "ok" if sound else "failing", "database": database, "release": release}
    return JsonResponse(answer, status=HTTPStatus.OK if sound else HTTPStatus.SERVICE_UNAVAILABLE)


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _datasets(release: Release | None) -> list[Dataset]:
    return [release.dataset(name) for name in release.ids] if release else []


def _legal_acts(release: Release | None) -> list[str]:
    """The titles of the acts in the lineage of the release's datasets, each once."""
    steps = [step for dataset in _datasets(release) for step in dataset.lineage if step.kind == "legal_act"]
    return list({step.id: step.label.in_language(_language()) for step in steps}.values())


def _database_state() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _release_state() -> str | None:
    try:
        release = current_release()
    except SaimeError:
        return "damaged"
    return release.id if release else None
