"""The check of a release in words: states, decisions, reasons, and each dataset's report with the names of its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from saime.core.exchange.explanation import explain_certificate
from saime.core.exchange.numbers import format_number
from saime.core.exchange.symbols import symbol_of
from saime.core.model.certificate import Certificate
from saime.core.model.dataset import CONFIDENTIAL, PRIMARY, SECONDARY, Dataset
from saime.production.output_report import MOST_EXAMPLES, BesideEarlier, Cell, Change, DatasetReport, NearMiss, Suppressed
from saime.workplace.models import Verdict

STATES = {
    "prepared": gettext_lazy("Waits for an output checker"),
    "approved": gettext_lazy("Approved"),
    "returned": gettext_lazy("Returned to who prepared it"),
    "published": gettext_lazy("Published"),
}
VERDICTS = {
    Verdict.APPROVED: gettext_lazy("Approve the release"),
    Verdict.RETURNED: gettext_lazy("Return it to who prepared it"),
    Verdict.COMMENT: gettext_lazy("Only remark on it"),
}
VERDICTS_TAKEN = {
    Verdict.APPROVED: gettext_lazy("approved"),
    Verdict.RETURNED: gettext_lazy("returned"),
    Verdict.COMMENT: gettext_lazy("remarked"),
}
REASONS = {PRIMARY: gettext_lazy("small count"), SECONDARY: gettext_lazy("protects others"), CONFIDENTIAL: gettext_lazy("reason not told")}


@dataclass(frozen=True)
class ReportWords:
    """A report as its page shows it."""

    report: DatasetReport
    dataset: Dataset
    certificate: Certificate
    language: str

    @property
    def title(self) -> str:
        return self.dataset.metadata.title.in_language(self.language)

    @property
    def withheld(self) -> int:
        return sum(part.cells for part in (self.report.primary, self.report.secondary) if part)

    @property
    def suppressed(self) -> list[dict[str, str]]:
        """A row for small counts, and one for what protects them."""
        rows = ((_("Small counts"), self.report.primary), (_("Withheld to protect small counts"), self.report.secondary))
        return [{"reason": reason} | self._numbers(part) for reason, part in rows if part]

    @property
    def lost(self) -> str:
        """Per cent of the table's information."""
        return "" if self.report.lost is None else format_number(self.report.lost, self.language, 1)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What the plan asks of the choice of cells, and what that costs."""
        cost, rules = self.report.choices, self.certificate.rules
        if cost is None:
            return []
        named: list[tuple[str, float, int]] = [
            (_("Cells to keep published"), float(rules.get("keep", 0)), 0),
            (_("Cells to hide rather than others"), float(rules.get("prefer_hidden", 0)), 0),
            (_("More cells withheld than without these choices"), cost.cells, 0),
            (_("Sum of their counts"), cost.persons, 0),
            (_("Information lost"), cost.cost, 1),
        ]
        return [(name, format_number(value, self.language, digits)) for name, value, digits in named]

    @property
    def proof(self) -> list[str]:
        """The certificate in words, as the release will have it."""
        together = {"linked": self.report.linked, "narrowest_interval": self.report.narrowest_interval}
        return [text.in_language(self.language) for text in explain_certificate(self.certificate.model_copy(update=together))]

    @property
    def beside_earlier(self) -> list[dict[str, Any]]:
        return beside_earlier(self.report.beside, self._name, self.language)

    @property
    def near_misses(self) -> list[dict[str, str]]:
        return [self._near_miss(one) for one in self.report.near_misses]

    @property
    def differences(self) -> list[tuple[str, str]]:
        found = self.report.differences
        if found is None:
            return []
        named = [
            (_("Cells that changed"), found.changed),
            (_("of these, withheld now and not before"), found.now_withheld),
            (_("of these, shown now and not before"), found.now_shown),
            (_("New cells"), found.new),
            (_("Cells that are no longer there"), found.vanished),
        ]
        return [(name, format_number(count, self.language)) for name, count in named]

    @property
    def changes(self) -> list[dict[str, str]]:
        return [self._change(one) for one in self.report.differences.examples] if self.report.differences else []

    def _numbers(self, part: Suppressed) -> dict[str, str]:
        cost = format_number(part.cost, self.language, 1)
        return {"cells": format_number(part.cells, self.language), "persons": format_number(part.persons, self.language), "cost": cost}

    def _near_miss(self, one: NearMiss) -> dict[str, str]:
        upper = "∞" if one.upper is None else format_number(one.upper, self.language)
        interval = f"{format_number(one.lower, self.language)} … {upper}"
        return {"cell": self._name(one.cell), "reason": str(REASONS.get(one.conf_status, one.conf_status)), "interval": interval}

    def _change(self, one: Change) -> dict[str, str]:
        before, now = self._shown(one.before, one.obs_status_before), self._shown(one.now, one.obs_status_now)
        return {"cell": self._name(one.cell), "before": before, "now": now}

    def _shown(self, value: float | None, status: str) -> str:
        symbol = symbol_of(value, status)
        return symbol.name.in_language(self.language) if symbol else format_number(value or 0, self.language)

    def _name(self, cell: Cell) -> str:
        pairs = zip(self.dataset.structure.dimensions, cell, strict=True)
        return ", ".join(dimension.codes[dimension.positions[code]].label.in_language(self.language) for dimension, code in pairs)


def beside_earlier(found: BesideEarlier, name: Callable[[Cell], str], language: str) -> list[dict[str, Any]]:
    """What earlier releases make of the figures: a heading, what it means, how many cells and the first of them by name."""
    shown = _("Small counts that were published before"), _("They cannot be hidden any more, so they are shown again.")
    meaning = _("By fewer persons than the smallest count that is published: who compares the two learns of these few.")
    changed = _("Counts that a correction changed a little"), meaning
    return [
        {
            "heading": heading,
            "meaning": meaning,
            "count": format_number(len(cells), language),
            "cells": [*map(name, cells[:MOST_EXAMPLES]), *(["…"] if len(cells) > MOST_EXAMPLES else [])],
        }
        for (heading, meaning), cells in ((shown, found.already_published), (changed, found.small_changes))
    ]


def history(preparations: Any) -> list[dict[str, Any]]:
    """Every preparation with what was decided about it, oldest first."""
    return [
        {
            "preparation": preparation,
            "reviews": [(review, VERDICTS_TAKEN[Verdict(review.verdict)]) for review in preparation.reviews.all()],
        }
        for preparation in preparations
    ]
