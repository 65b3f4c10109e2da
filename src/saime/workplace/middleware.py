"""Pages of the workplace are never kept, by browsers or on the way to them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

Answer = Callable[[HttpRequest], HttpResponse]


def workplace_is_not_cached(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.split("/")[2:3] == ["workplace"]:
            add_never_cache_headers(response)
        return response

    return middleware
