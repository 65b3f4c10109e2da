"""Errors of the workplace that have their own status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from saime.core.errors import Refused
from saime.portal.answers import answer_error


class NotSignedIn(Refused):
    """Nobody has said who asks."""

    http_status = HTTPStatus.UNAUTHORIZED


def not_permitted() -> Refused:
    return Refused(_("Your role does not include this"), fix=_("ask the administrator, or sign in as somebody else"))


def check_may(user: Any, *rights: str) -> None:
    """Raises: Refused unless the user has one of the rights."""
    if not any(user.has_perm(f"workplace.{right}") for right in rights):
        raise not_permitted()


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was not one that this server gave to this browser lately (CSRF)."""
    what = _("The form is too old, or the browser keeps no cookies")
    return answer_error(request, Refused(what, fix=_("open the page again, allow cookies for it, and send the form once more")))
