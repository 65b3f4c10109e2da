"""What a reader gets when something is wrong: what, where and what to do, as a page or as JSON.

Messages of the core are English and are marked so on the Latvian page. A view that has words in both languages
raises its error with ``gettext_lazy`` text, which is shown in the language of the page.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from pathlib import PurePosixPath

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from saime.core.errors import SaimeError, TryLater

FILE_SUFFIXES = frozenset({".json", ".px", ".csv", ".xlsx", ".svg"})

log = logging.getLogger(__name__)


def answer_error(request: HttpRequest, error: SaimeError) -> HttpResponse:
    """An error of ours: its status, its words. The place of our own fault goes to the log, not to the reader."""
    if error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _answer(request, error.http_status, {"what": error.what, "where": error.where, "fix": error.fix})
    log.error("%s answered with %d: %s", request.path, error.http_status, error, exc_info=None if isinstance(error, TryLater) else error)
    return _answer(request, error.http_status, {"what": error.what, "fix": error.fix})


def not_found(request: HttpRequest, exception: Http404) -> HttpResponse:
    """An address that leads nowhere."""
    return _answer(request, HTTPStatus.NOT_FOUND, {})


def failed(request: HttpRequest) -> HttpResponse:
    """A defect: Django has logged it; the reader learns that it is ours to mend."""
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, {})


def _answer(request: HttpRequest, status: int, words: dict[str, str]) -> HttpResponse:
    heading, advice = _frame(status)
    words = {kind: part for kind, part in words.items() if part}
    if _wants_json(request):
        told = {"what": heading, "fix": advice} | {kind: str(part) for kind, part in words.items()}
        return JsonResponse({"error": told}, status=status, json_dumps_params={"ensure_ascii": False})
    details = [{"kind": kind, "words": part, "language": _language(part)} for kind, part in words.items()]
    return render(request, "portal/error.html", {"heading": heading, "advice": advice, "details": details}, status=status)


def _wants_json(request: HttpRequest) -> bool:
    """Files are fetched by programs: the address of one never answers with a page."""
    is_file = PurePosixPath(request.path).suffix in FILE_SUFFIXES
    return is_file or request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _language(words: str | Promise) -> str | None:
    """``en`` where the words are not in the language of the page."""
    return None if isinstance(words, Promise) or get_language() == "en" else "en"


def _frame(status: int) -> tuple[str, str]:
    """Heading and advice of an error page."""
    frames = {
        HTTPStatus.BAD_REQUEST: (_("We cannot answer this request"), _("Check what you asked for and try again.")),
        HTTPStatus.FORBIDDEN: (_("This is not allowed"), _("The reason is given below.")),
        HTTPStatus.NOT_FOUND: (_("Page not found"), _("Check the address, or start from the list of datasets.")),
        HTTPStatus.SERVICE_UNAVAILABLE: (_("Not possible just now"), _("Nothing was changed. Try again in a few minutes.")),
    }
    fault = (_("Something went wrong on our side"), _("The fault has been recorded. Try again later."))
    other = fault if status >= HTTPStatus.INTERNAL_SERVER_ERROR else frames[HTTPStatus.BAD_REQUEST]
    return frames.get(HTTPStatus(status), other)
