"""Pages and files of targets, indicators and budgets."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from saime.core.errors import TryLater
from saime.monitoring.budget import budget_tables
from saime.monitoring.files import as_csv, as_json
from saime.monitoring.models import Document


def target_list(request: HttpRequest) -> HttpResponse:
    return render(request, "monitoring/target_list.html", {"sections": [_section(document) for document in _documents()]})


def target_json(request: HttpRequest) -> HttpResponse:
    return JsonResponse(as_json(_documents()), json_dumps_params={"ensure_ascii": False, "indent": 1})


def target_csv(request: HttpRequest) -> HttpResponse:
    headers = {"Content-Disposition": 'attachment; filename="targets.csv"'}
    return HttpResponse(as_csv(_documents()), content_type="text/csv; charset=utf-8", headers=headers)


def _documents() -> list[Document]:
    documents = Document.objects.prefetch_related(
        "notes",
        "lines_of_action__targets__notes",
        "lines_of_action__targets__unit",
        "lines_of_action__targets__comparator",
        "lines_of_action__targets__reference_population",
        "lines_of_action__targets__disaggregation",
        "lines_of_action__indicators__notes",
        "lines_of_action__indicators__unit",
        "lines_of_action__indicators__plan",
    )
    if not documents:
        raise TryLater(_("The policy documents have not been loaded yet."), fix=_("Come back later"))
    return list(documents)


def _section(document: Document) -> dict[str, Any]:
    lines = list(document.lines_of_action.all())
    return {
        "document": document,
        "notes": [note for note in document.notes.all() if note.is_about_the_document],
        "target_lines": [line for line in lines if line.targets.all()],
        "indicator_lines": [line for line in lines if line.indicators.all()],
        "budgets": budget_tables(document),
    }
