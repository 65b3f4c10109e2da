"""The door of every page of the workplace: who asks, and may they?"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from saime.workplace.answers import NotSignedIn, check_may
from saime.workplace.people import user_of_key

View = Callable[..., HttpResponse]
BEARER = "Bearer "


def inside(*rights: str, with_key: bool = False) -> Callable[[View], View]:
    """Only for users who are signed in and have one of the rights, if any is named. ``with_key``: for their scripts too.

    Who asks is settled before a byte of the body is read, so a stranger cannot send a file. The form's own token is
    checked after that; a script with a key carries no cookie and needs none.
    """

    def guard(view: View) -> View:
        from_form = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            has_key = with_key and request.headers.get("Authorization", "").startswith(BEARER)
            if has_key:
                _sign_in_with_key(request)
            elif not request.user.is_authenticated:
                return _ask_to_sign_in(request)
            if rights:
                check_may(request.user, *rights)
            return (view if has_key else from_form)(request, *args, **kwargs)

        return guarded

    return guard


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _sign_in_with_key(request: HttpRequest) -> None:
    user = user_of_key(request.headers["Authorization"].removeprefix(BEARER).strip())
    if user is None:
        raise NotSignedIn(_("This key is not known or no longer in force"), fix=_("ask the administrator for a new key"))
    request.user = user


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        raise NotSignedIn(_("Sign in first"), fix=_("send your key in the header Authorization: Bearer KEY"))
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "")
