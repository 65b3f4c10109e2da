"""Errors raised on purpose become answers: a page or JSON, in the reader's language, without a traceback."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from saime.core.errors import SaimeError
from saime.portal.answers import answer_error

Answer = Callable[[HttpRequest], HttpResponse]


def errors_as_answers(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    middleware.process_exception = _answer  # type: ignore[attr-defined]  # Django's hook for a view's exception
    return middleware


def _answer(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    return answer_error(request, exception) if isinstance(exception, SaimeError) else None
