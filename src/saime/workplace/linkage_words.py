"""A linkage report in words and numbers of the page's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from saime.core.exchange.numbers import format_number
from saime.core.warehouse.linkage import LinkageGroup, LinkageReport
from saime.core.warehouse.linkage_records import LinkageAcceptance, LinkageState
from saime.core.warehouse.linkage_words import breach_sentences, percent, points
from saime.workplace.deliveries import open_pack

STATES = {
    "within": gettext_lazy("Within the limits"),
    "blocks": gettext_lazy("Beyond a limit, not accepted"),
    "accepted": gettext_lazy("Beyond a limit, accepted"),
}


@dataclass(frozen=True)
class LinkageWords:
    """A report as a page shows it."""

    linkage: LinkageState
    language: str

    @property
    def report(self) -> LinkageReport:
        return self.linkage.report

    @property
    def acceptance(self) -> LinkageAcceptance | None:
        return self.linkage.acceptance

    @property
    def accepted_at(self) -> str:
        return _moment(self.acceptance.at) if self.acceptance else ""

    @property
    def title(self) -> str:
        return self.report.feed_title.in_language(self.language)

    @property
    def state(self) -> str:
        if self.acceptance:
            return "accepted"
        return "blocks" if self.linkage.blocks else "within"

    @property
    def state_words(self) -> str:
        return str(STATES[self.state])

    @property
    def breaches(self) -> list[str]:
        return breach_sentences(self.report, self.language)

    @property
    def rate(self) -> str:
        return self._percent(self.report.rate)

    @property
    def previous_rate(self) -> str:
        return self._percent(self.report.previous_rate)

    @property
    def change(self) -> str:
        return self._change(self.report.rate, self.report.previous_rate)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Name and value of everything that the report says of the load as a whole."""
        report, number = self.report, self._number
        told = [
            (_("Load"), report.load),
            (_("File"), report.delivery_name),
            (_("Received"), _moment(report.received_at)),
            (_("Register"), f"{report.register_feed}: {report.register_load or _('none is loaded')}"),
            (_("Persons"), number(report.persons)),
            (_("Found in the register"), f"{number(report.matched)} ({self.rate})" if report.rate is not None else ""),
            (_("Load before"), f"{report.previous_load} ({self.previous_rate})" if report.previous_load else ""),
        ]
        return [(name, value) for name, value in told if value]

    @property
    def limits(self) -> list[tuple[str, str]]:
        limits = self.report.limits
        return [
            (_("Found at least"), self._percent(limits.minimum)),
            (_("Largest fall since the load before, in percentage points"), points(limits.fall, self.language)),
            (_("Found persons who differ from the register, at most"), self._percent(limits.differs)),
        ]

    @property
    def differences(self) -> list[tuple[str, str]]:
        return [(one.label.in_language(self.language), self._percent(one.share)) for one in self.report.differences]

    @property
    def tables(self) -> list[tuple[str, str, list[dict[str, str]]]]:
        """For each column that persons are divided by: its name, its label, and a row for each group."""
        labels = {column.name: column.label.in_language(self.language) for column in open_pack().feed(self.report.feed).columns}
        by_column = groupby(self.report.groups, key=lambda group: group.column)
        return [(column, labels.get(column, column), [self._group(group) for group in groups]) for column, groups in by_column]

    def _group(self, group: LinkageGroup) -> dict[str, str]:
        return {
            "label": group.label.in_language(self.language),
            "persons": self._number(group.persons),
            "unmatched": self._number(group.unmatched),
            "rate": self._number(None) if group.rate is None else self._percent(group.rate),
            "previous_rate": self._percent(group.previous_rate),
            "change": self._change(group.rate, group.previous_rate),
        }

    def _number(self, count: int | None) -> str:
        return _("not told") if count is None else format_number(count, self.language)

    def _percent(self, share: float | None) -> str:
        return "–" if share is None else percent(share, self.language)

    def _change(self, now: float | None, before: float | None) -> str:
        if now is None or before is None:
            return "–"
        change = round(now - before, 4)
        sign = "+" if change > 0 else "−" if change < 0 else ""
        return sign + points(abs(change), self.language)


def _moment(at: str) -> str:
    return formats.date_format(timezone.localtime(datetime.fromisoformat(at)), "Y-m-d H:i")
