"""Periods and moments in words: "2019. gada jūnijs", "June 2019", "15 January 2026, 13:00"."""

from __future__ import annotations

from datetime import datetime

from django.utils.dateformat import format as format_date
from django.utils.dates import MONTHS
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from saime.core.errors import BadInput
from saime.core.model.period import Period


def period_in_words(code: str) -> str:
    """A code that is no single period (such as a list) stays as it is."""
    try:
        period = Period.parse(code)
    except BadInput:
        return code
    parts = {
        "year": period.start.year,
        "month": MONTHS[period.start.month],
        "quarter": (period.start.month + 2) // 3,
        "day": period.start.day,
    }
    words = {
        "A": _("%(year)s"),
        "Q": _("quarter %(quarter)s of %(year)s"),
        "M": _("%(month)s %(year)s"),
        "D": _("%(day)s %(month)s %(year)s"),
    }
    return words[period.frequency] % parts


def moment_in_words(moment: datetime) -> str:
    """In the time zone of the site."""
    return format_date(localtime(moment), _("j F Y, H:i"))
