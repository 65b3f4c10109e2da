"""The pages of how each load links to the register, and of accepting a load that links worse than its contract allows."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from saime.workplace import linkage
from saime.workplace.access import inside
from saime.workplace.forms import AcceptanceForm
from saime.workplace.linkage_words import LinkageWords
from saime.workplace.receipts import feed_title
from saime.workplace.roles import ACCEPT_LINKAGE, SEE_LINKAGE


@inside(*SEE_LINKAGE)
def report_list(request: HttpRequest) -> HttpResponse:
    language = _language()
    feeds = [(feed, feed_title(feed, language), _words(states)) for feed, states in linkage.states_by_feed(request.user).items()]
    return render(request, "workplace/linkage_list.html", {"feeds": feeds})


@inside(*SEE_LINKAGE)
def report_page(request: HttpRequest, load_id: str) -> HttpResponse:
    return _show(request, load_id, AcceptanceForm(), HTTPStatus.OK)


@require_POST
@inside(ACCEPT_LINKAGE)
def accept(request: HttpRequest, load_id: str) -> HttpResponse:
    form = AcceptanceForm(request.POST)
    if not form.is_valid():
        return _show(request, load_id, form, HTTPStatus.BAD_REQUEST)
    given = form.cleaned_data
    linkage.accept(request.user, load_id, given["reason"], timezone.now(), seen=given["seen"])
    return redirect("linkage_report", load_id)


def _show(request: HttpRequest, load_id: str, form: AcceptanceForm, status: int) -> HttpResponse:
    state = linkage.find(request.user, load_id)
    context = {
        "words": LinkageWords(state, _language()),
        "periods": _words(linkage.states_of(state.report.feed)),
        "form": form,
        "may_accept": state.blocks and request.user.has_perm(f"workplace.{ACCEPT_LINKAGE}"),
    }
    return render(request, "workplace/linkage_report.html", context, status=status)


def _words(states: list[linkage.LinkageState]) -> list[LinkageWords]:
    return [LinkageWords(state, _language()) for state in states]


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
