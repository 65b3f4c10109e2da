"""The check of a release by two persons: prepare, approve or return, publish.

State of a candidate: ``prepared`` until an output checker decides about its latest preparation, then ``approved`` or ``returned``;
``published`` ends it. Preparing it again with any other dataset makes a new preparation, about which nobody has decided yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from saime.core.errors import NotFound, Refused
from saime.core.protection.certification import prove_together
from saime.core.releases.reader import Release
from saime.production import services
from saime.production.decisions import Approval, bundle_digest
from saime.production.output_report import DatasetReport, report_on
from saime.production.services import Produced, Production
from saime.workplace.answers import check_may
from saime.workplace.models import Candidate, Preparation, Review, Verdict
from saime.workplace.roles import APPROVE, PREPARE

Progress = Callable[[int, int], None]
PREPARED, PUBLISHED = "prepared", "published"


def prepare(production: Production, produced: list[Produced], user: User, at: datetime, progress: Progress | None = None) -> Candidate:
    """Put what was produced up for the check; the same datasets again change nothing. Raises: Refused without the right."""
    check_may(user, PREPARE)
    bundle = {item.dataset: item.digest for item in produced}
    candidate = Candidate.objects.filter(published_at=None).first()
    if candidate is not None and latest(candidate).bundle == bundle:
        return candidate
    reports = _reports(production, produced, progress)
    with transaction.atomic():
        candidate = Candidate.objects.select_for_update().filter(published_at=None).first() or Candidate.objects.create(created_at=at)
        Preparation.objects.create(
            candidate=candidate, prepared_by=user, prepared_at=at, bundle=bundle, bundle_digest=bundle_digest(bundle), reports=reports
        )
    return candidate


def review(candidate: Candidate, verdict: Verdict, text: str, user: User, at: datetime, *, seen: str) -> Review:
    """Approve, return or remark on the preparation with the bundle digest ``seen``.

    Raises: Refused without the right, for an approval by somebody who prepared it, if it was published, or if it has changed since it
    was seen.
    """
    check_may(user, *((PREPARE, APPROVE) if verdict == Verdict.COMMENT else (APPROVE,)))
    with transaction.atomic():
        Candidate.objects.select_for_update().get(pk=candidate.pk)
        preparation = latest(candidate)
        _check_may_review(candidate, preparation, verdict, user, seen)
        told = {"prepared_by": preparation.prepared_by, "user": user, "at": at, "verdict": verdict, "text": text}
        return Review.objects.create(preparation=preparation, **told)


def _check_may_review(candidate: Candidate, preparation: Preparation, verdict: Verdict, user: User, seen: str) -> None:
    where = str(candidate)
    if state(candidate) == PUBLISHED:
        raise Refused(_("The release is published"), where=where, fix=_("prepare another one"))
    if preparation.bundle_digest != seen:
        raise Refused(_("The candidate has changed since you looked at it"), where=where, fix=_("look at it again"))
    if verdict == Verdict.APPROVED and user.pk in {one.prepared_by_id for one in candidate.preparations.all()}:
        raise Refused(_("Who prepared a release cannot approve it"), where=where, fix=_("let another output checker decide"))


def publish(production: Production, candidate: Candidate, user: User, at: datetime) -> Release:
    """Publish an approved candidate. Raises: Refused without the right or the approval; what ``services.release`` raises."""
    check_may(user, PREPARE)
    with transaction.atomic():
        held = Candidate.objects.select_for_update().get(pk=candidate.pk)
        approval = _approval(held)
        release = services.release(production, latest(held).bundle, at=at, decision=approval)
        if held.published_at is None:
            held.published_at, held.published_by, held.release_id = at, user, release.id
            held.save()
    return release


def find_candidate(number: int | None) -> Candidate:
    """A candidate by its number, or the latest. Raises: NotFound."""
    found = Candidate.objects.filter(pk=number).first() if number is not None else Candidate.objects.first()
    if found is None:
        raise NotFound(_("There is no such release candidate"), where=str(number or ""), fix=_("saime release prepare makes one"))
    return found


def latest(candidate: Candidate) -> Preparation:
    return candidate.preparations.select_related("prepared_by").latest("id")


def state(candidate: Candidate) -> str:
    if candidate.published_at is not None:
        return PUBLISHED
    decision = _decision(candidate)
    return decision.verdict if decision else PREPARED


def reports_of(preparation: Preparation) -> list[DatasetReport]:
    return [DatasetReport.model_validate(report) for report in preparation.reports]


def _decision(candidate: Candidate) -> Review | None:
    return latest(candidate).reviews.exclude(verdict=Verdict.COMMENT).select_related("user").last()


def _approval(candidate: Candidate) -> Approval:
    """Raises: Refused unless the latest decision about the latest preparation approves it."""
    preparation, decision = latest(candidate), _decision(candidate)
    if decision is None or decision.verdict != Verdict.APPROVED:
        raise Refused(_("The release is not approved"), where=str(candidate), fix=_("let an output checker look at it"))
    return Approval(
        bundle_digest=preparation.bundle_digest,
        prepared_by=preparation.prepared_by.get_username(),
        prepared_at=preparation.prepared_at,
        approved_by=decision.user.get_username(),
        approved_at=decision.at,
    )


def _reports(production: Production, produced: list[Produced], progress: Progress | None) -> list[dict[str, object]]:
    """Raises: Refused if the datasets give cells away together, as publishing them would."""
    store, reports = production.store, []
    before, proofs = store.current(), prove_together([store.kept(item.digest).dataset for item in produced], store.published())
    for done, item in enumerate(produced):
        if progress:
            progress(done, len(produced))
        reports.append(report_on(production, item, before, proofs.get(item.dataset)).model_dump(mode="json"))
    return reports
