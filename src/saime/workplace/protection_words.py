"""A trial of protection in words: its cells, its price beside that of the plan's own settings, and what could not be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from saime.core.exchange.numbers import format_number
from saime.core.protection.attack import Interval
from saime.production.trials import NotKept, Trial
from saime.workplace.cell_marks import HIDE, KEEP, NONE

MARKS = {NONE: gettext_lazy("No wish"), KEEP: gettext_lazy("Keep published"), HIDE: gettext_lazy("Hide rather than others")}
STATES = {
    "primary": ("■", gettext_lazy("Small count: withheld")),
    "secondary": ("▲", gettext_lazy("Withheld to protect others")),
    "published": ("○", gettext_lazy("Published")),
    "absent": ("–", gettext_lazy("Not available")),
}
MOST_EXAMPLES = 50


@dataclass(frozen=True)
class TrialWords:
    """A trial as its page shows it beside the plan's own settings."""

    trial: Trial
    saved: Trial
    language: str

    def rows(self, places: Iterable[int], fixed: Iterable[str]) -> list[dict[str, Any]]:
        """``fixed``: dimensions that the page names once, for all rows."""
        cells = list(self.trial.table.structure.cells())
        return [self._row(place, cells[place], set(fixed)) for place in places]

    def state(self, place: int) -> str:
        if self.trial.table.values[place] is None:
            return "absent"
        if place in self.trial.small:
            return "primary"
        return "secondary" if place in self.trial.findings else "published"

    @property
    def effect(self) -> list[tuple[str, str, str, str]]:
        """Name, figure of the plan's settings, of these, and the difference."""
        (small_0, other_0), (small_1, other_1) = self.saved.price, self.trial.price
        rows: list[tuple[str, float, float, int]] = [
            (_("Small counts withheld, cells"), small_0.cells, small_1.cells, 0),
            (_("Withheld to protect them, cells"), other_0.cells, other_1.cells, 0),
            (_("Withheld in all, per cent of the cells"), self._share(self.saved), self._share(self.trial), 1),
            (_("Sum of the counts withheld to protect others"), other_0.persons, other_1.persons, 0),
            (_("Information lost"), other_0.cost, other_1.cost, 1),
        ]
        return [(name, self._number(a, digits), self._number(b, digits), self._signed(b - a, digits)) for name, a, b, digits in rows]

    @property
    def changes(self) -> list[tuple[str, int, list[str]]]:
        """What differs from the plan's settings: in words, how many cells, and the first of them."""
        now, before = self.trial.withheld, self.saved.withheld
        found = ((_("Withheld now, published before"), now - before), (_("Published now, withheld before"), before - now))
        return [(words, len(places), [self.name(place) for place in sorted(places)[:MOST_EXAMPLES]]) for words, places in found if places]

    @property
    def not_kept(self) -> list[tuple[str, str]]:
        return [(self.name(one.place), self._why(one)) for one in self.trial.not_kept]

    @property
    def reasons_told(self) -> bool:
        """Whether readers see which withheld cells are small counts."""
        return not any(finding.conf_status == "C" for finding in self.trial.findings.values())

    def name(self, place: int, fixed: Iterable[str] = ()) -> str:
        structure, left = self.trial.table.structure, place
        named = []
        for dimension, stride in zip(structure.dimensions, structure.strides, strict=True):
            code, left = dimension.codes[left // stride], left % stride
            if dimension.id not in fixed and len(dimension.codes) > 1:
                named.append(code.label.in_language(self.language))
        return ", ".join(named) or code.label.in_language(self.language)

    def _row(self, place: int, cell: tuple[str, ...], fixed: set[str]) -> dict[str, Any]:
        state, count, finding = self.state(place), self.trial.table.values[place], self.trial.findings.get(place)
        sign, words = STATES[state]
        return {
            "codes": "|".join(cell),
            "name": self.name(place, fixed),
            "count": "–" if count is None else self._number(count, 0),
            "state": state,
            "sign": sign,
            "words": words,
            "plain": self._interval(finding.plain) if finding else "",
            "informed": self._interval(finding.informed) if finding else "",
            "marks": self._marks(place) if count and state != "primary" else [],
        }

    def _marks(self, place: int) -> list[tuple[str, str]]:
        """Values and words to choose from; the first one, without a value, leaves the cell's mark as it is."""
        choices = self.trial.choices
        current = KEEP if place in choices.keep else HIDE if place in choices.prefer_hidden else NONE
        return [("", str(MARKS[current])), *((mark, str(words)) for mark, words in MARKS.items() if mark != current)]

    def _why(self, one: NotKept) -> str:
        if one.is_small:
            return _("It is a small count itself.")
        if one.exposes is None:
            return _("It protects others.")
        if not one.exposes:
            return _("No pattern was found that publishes it.")
        named = "; ".join(self.name(place) for place in one.exposes[:MOST_EXAMPLES])
        return _("Published, it would let a reader compute: {cells}").format(cells=named)

    def _share(self, trial: Trial) -> float:
        known = sum(value is not None for value in trial.table.values)
        return 100.0 * len(trial.withheld) / known if known else 0.0

    def _interval(self, interval: Interval) -> str:
        upper = "∞" if interval.upper is None else self._number(interval.upper, 0)
        return f"{self._number(interval.lower, 0)} … {upper}"

    def _number(self, value: float, decimals: int) -> str:
        return format_number(value, self.language, decimals)

    def _signed(self, value: float, decimals: int) -> str:
        rounded = round(value, decimals)
        sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
        return sign + self._number(abs(rounded), decimals)
