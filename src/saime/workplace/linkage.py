"""Linkage reports as a user may see and accept them; who accepts is who signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from saime.core.errors import NotFound, Refused
from saime.core.warehouse.linkage_records import LinkageState
from saime.intake import services as intake
from saime.workplace.answers import check_may
from saime.workplace.deliveries import open_pack
from saime.workplace.roles import ACCEPT_LINKAGE, DELIVER, SEE_LINKAGE


def states_by_feed(user: Any) -> dict[str, list[LinkageState]]:
    """The reports of the feeds that a user may see, latest period first; feeds without any are left out."""
    found = {feed: states_of(feed) for feed in open_pack().names("feeds") if _may_see(user, feed)}
    return {feed: states for feed, states in found.items() if states}


def states_of(feed: str) -> list[LinkageState]:
    """The reports of a feed, latest period first."""
    return list(reversed(intake.linkage_reports(settings.ENVIRONMENT.home, open_pack(), feed)))


def find(user: Any, load_id: str) -> LinkageState:
    """Raises: NotFound, the same for a load that does not exist and one of a feed that the user may not see."""
    try:
        state = intake.linkage_report(settings.ENVIRONMENT.home, open_pack(), load_id)
    except NotFound:
        state = None
    if state is None or not _may_see(user, state.report.feed):
        raise NotFound(_("There is no linkage report of such a load in force"), where=load_id, fix=_("choose one from the list of reports"))
    return state


def blocking() -> list[LinkageState]:
    """The reports of all feeds that stand against publication."""
    return [state for state in intake.linkage_reports(settings.ENVIRONMENT.home, open_pack()) if state.blocks]


def accept(user: User, load_id: str, reason: str, at: datetime, *, seen: str) -> None:
    """Accept the load with the report of the digest ``seen``, in the user's name.

    Raises: NotFound; Refused without the right, if the load is within its limits, or if its report has changed since it was seen.
    """
    check_may(user, ACCEPT_LINKAGE)
    state = find(user, load_id)
    if not state.blocks:
        raise Refused(_("The load does not stand against publication"), where=load_id, fix=_("there is nothing to accept"))
    if state.report.digest != seen:
        raise Refused(_("The report has changed since you looked at it"), where=load_id, fix=_("look at it again"))
    intake.accept_linkage(settings.ENVIRONMENT.home, open_pack(), load_id, by=user.get_username(), reason=reason, at=at, seen=seen)


def _may_see(user: Any, feed: str) -> bool:
    if any(user.has_perm(f"workplace.{right}") for right in SEE_LINKAGE if right != DELIVER):
        return True
    return bool(user.stewarded_feeds.filter(feed=feed).exists())
