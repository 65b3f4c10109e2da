"""Do the loads of a feed cover the days of a reference period? A year of eleven months would be a wrong number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from saime.core.errors import BadInput
from saime.core.model.period import Period
from saime.core.warehouse.facts import LoadRecord
from saime.core.warehouse.manifest import StoredLoad


def check_covered(feed: str, periods: Sequence[str], loads: Sequence[LoadRecord]) -> None:
    """Raises: BadInput with the first day that no load covers. No loads at all are no fault here: nothing is counted."""
    if not loads:
        return
    spans = sorted((Period.parse(load.period) for load in loads), key=lambda span: span.start)
    for period in map(Period.parse, periods):
        day = period.start
        for span in spans:
            if span.start <= day:
                day = max(day, span.end + timedelta(days=1))
        if day <= period.end:
            raise BadInput(
                f"no delivery of feed {feed} covers {day}, a day of {period.code}",
                where=f"loaded: {', '.join(span.code for span in spans)}",
                fix="load the missing delivery, or plan a shorter reference period",
            )


def check_kept(loads: Sequence[StoredLoad]) -> None:
    """Raises: BadInput if the facts of a load were removed at the end of their retention."""
    for load in loads:
        if load.removed is not None:
            facts = f"the facts of feed {load.record.feed} for {load.record.period}"
            raise BadInput(
                f"{facts} were kept until {load.removed.kept_until} and then removed",
                where=f"load {load.record.id}, removed {load.removed.at}",
                fix="plan a later reference period; tables released before stay where they are",
            )
