"""The pages where an output checker looks at a release before it is published."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from saime.core.errors import NotFound
from saime.production.services import Production
from saime.workplace import linkage, releases
from saime.workplace.access import inside
from saime.workplace.deliveries import open_pack
from saime.workplace.forms import ReviewForm
from saime.workplace.linkage_words import LinkageWords
from saime.workplace.models import Candidate, Verdict
from saime.workplace.release_words import STATES, ReportWords, history
from saime.workplace.roles import APPROVE, PREPARE

CANDIDATES_ON_A_PAGE = 25


@inside(PREPARE, APPROVE)
def candidate_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(Candidate.objects.all(), CANDIDATES_ON_A_PAGE).get_page(request.GET.get("page"))
    rows = [(one, releases.latest(one), releases.state(one)) for one in page]
    told = [(one, preparation, state, STATES[state]) for one, preparation, state in rows]
    return render(request, "workplace/candidate_list.html", {"page": page, "rows": told, "blocking": _blocking()})


@inside(PREPARE, APPROVE)
def candidate_page(request: HttpRequest, number: int) -> HttpResponse:
    return _show(request, releases.find_candidate(number), ReviewForm(), HTTPStatus.OK)


@require_POST
@inside(PREPARE, APPROVE)
def review(request: HttpRequest, number: int) -> HttpResponse:
    candidate, form = releases.find_candidate(number), ReviewForm(request.POST)
    if not form.is_valid():
        return _show(request, candidate, form, HTTPStatus.BAD_REQUEST)
    given = form.cleaned_data
    releases.review(candidate, Verdict(given["verdict"]), given["text"], request.user, timezone.now(), seen=given["seen"])
    return redirect("candidate", number)


@require_POST
@inside(PREPARE)
def publish(request: HttpRequest, number: int) -> HttpResponse:
    releases.publish(_production(), releases.find_candidate(number), request.user, timezone.now())
    return redirect("candidate", number)


@inside(PREPARE, APPROVE)
def dataset_report(request: HttpRequest, number: int, dataset_id: str) -> HttpResponse:
    candidate = releases.find_candidate(number)
    words = [one for one in _reports(candidate) if one.report.dataset == dataset_id]
    if not words:
        raise NotFound(_("The candidate has no such dataset"), where=dataset_id, fix=_("choose one from the candidate's page"))
    return render(request, "workplace/candidate_dataset.html", {"candidate": candidate, "words": words[0], "report": words[0].report})


def _show(request: HttpRequest, candidate: Candidate, form: ReviewForm, status: int) -> HttpResponse:
    state, latest = releases.state(candidate), releases.latest(candidate)
    preparations = candidate.preparations.select_related("prepared_by").prefetch_related("reviews__user")
    context = {
        "candidate": candidate,
        "state": state,
        "state_words": STATES[state],
        "latest": latest,
        "words": _reports(candidate),
        "history": history(preparations),
        "form": form,
        "verdicts": _verdicts(request, candidate),
        "blocking": _blocking(),
    }
    return render(request, "workplace/candidate.html", context, status=status)


def _verdicts(request: HttpRequest, candidate: Candidate) -> list[tuple[str, str]]:
    """The decisions that this user can take now, so that the form offers no other."""
    choices = ReviewForm.base_fields["verdict"].choices
    if releases.state(candidate) == releases.PUBLISHED:
        return []
    if not request.user.has_perm(f"workplace.{APPROVE}"):
        return [choice for choice in choices if choice[0] == Verdict.COMMENT]
    prepared = candidate.preparations.filter(prepared_by=request.user).exists()
    return [choice for choice in choices if not (prepared and choice[0] == Verdict.APPROVED)]


def _reports(candidate: Candidate) -> list[ReportWords]:
    store, language = _production().store, get_language() or settings.LANGUAGE_CODE
    reports = releases.reports_of(releases.latest(candidate))
    kept = [store.kept(report.digest) for report in reports]
    return [ReportWords(report, one.dataset, one.certificate, language) for report, one in zip(reports, kept, strict=True)]


def _blocking() -> list[LinkageWords]:
    """The loads that a release cannot count as they are."""
    return [LinkageWords(state, get_language() or settings.LANGUAGE_CODE) for state in linkage.blocking()]


def _production() -> Production:
    return Production.in_home(settings.ENVIRONMENT.home, open_pack())
