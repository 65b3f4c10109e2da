"""The attacker: what a reader can compute about every withheld cell from a published dataset alone.

It sees values, statuses and structure of a ``Dataset`` and nothing else, and solves two linear programs for each withheld cell:
the smallest and the largest count that agree with everything published. It does so twice:

- ``plain``: from the published counts, knowing that counts are 0 or more;
- ``informed``: knowing the rule too. Zeros are never withheld, so a withheld cell holds 1 person or more. A status that says why
  says more: a small count (A) holds 1 to ``minimum - 1`` persons, a secondary cell (D) ``minimum`` or more. Status C says nothing.

Cells that are not available are unknown and unbounded. Bounds are rounded inwards to whole persons.
Beyond this attacker: one who solves for whole numbers where the linear programs allow fractions, and one with outside knowledge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from saime.core.model.dataset import PRIMARY, SECONDARY, WITHHELD, Dataset
from saime.core.protection.audit import FAR, ROUNDING, parts
from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, as_numbers, knowledge


@dataclass(frozen=True)
class Interval:
    """The whole numbers of persons that a withheld cell may hold; ``upper`` None is unbounded."""

    lower: int
    upper: int | None

    @property
    def width(self) -> float:
        return INFINITY if self.upper is None else float(self.upper - self.lower)

    def holds(self, lower: int, upper: int) -> bool:
        return self.lower <= lower and (self.upper is None or self.upper >= upper)


@dataclass(frozen=True)
class Finding:
    """What the attack learnt about one withheld cell."""

    cell: tuple[str, ...]
    conf_status: str
    plain: Interval
    informed: Interval

    def is_exposed(self, minimum: int) -> bool:
        """Whether the interval is too narrow; ``required_width`` and, for a small count, any count from 1 to the minimum."""
        too_narrow = self.informed.width < required_width(self.conf_status, minimum)
        return too_narrow or (self.conf_status == PRIMARY and not self.plain.holds(1, minimum))


def required_width(conf_status: str, minimum: int) -> int:
    """Persons between the fewest and the most that an informed reader must leave open.

    Where the status says why a cell is withheld, one: at least two counts. Where it does not, ``minimum - 1`` for every cell, as
    any of them may be a small count.
    """
    return 1 if conf_status in (PRIMARY, SECONDARY) else minimum - 1


def attack(dataset: Dataset, minimum: int) -> tuple[Finding, ...]:
    """Attack every withheld cell, in the order of the observations. ``minimum`` in persons, as the rule has it.

    Raises: BadInput if no counts at all agree with what is published.
    """
    values = as_numbers(dataset.values)
    withheld = np.array([status == WITHHELD for status in dataset.obs_status], dtype=np.bool_)
    primary, secondary = (withheld & np.array([status == kind for status in dataset.conf_status]) for kind in (PRIMARY, SECONDARY))
    far = FAR * max(minimum, float(np.nan_to_num(values).max(initial=0)))
    none, endless = np.zeros(len(values)), np.full(len(values), far)
    least = np.where(secondary, float(minimum), np.where(withheld, 1.0, 0.0))
    rows = knowledge(dataset.structure)
    plain = _intervals(rows, values, withheld, (none, endless), far)
    informed = _intervals(rows, values, withheld, (least, np.where(primary, minimum - 1.0, endless)), far)
    cells = list(dataset.structure.cells())
    return tuple(Finding(cells[place], dataset.conf_status[place], plain[place], informed[place]) for place in plain)


def exposed_cells(findings: tuple[Finding, ...], minimum: int) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.is_exposed(minimum))


def narrowest_interval(findings: tuple[Finding, ...]) -> float | None:
    """The smallest difference, in persons, between the most and the fewest a cell may hold; None without a bounded interval."""
    widths = [finding.informed.width for finding in findings if finding.informed.upper is not None]
    return min(widths, default=None)


def _intervals(rows: Knowledge, values: Numbers, wanted: Flags, bounds: tuple[Numbers, Numbers], far: float) -> dict[int, Interval]:
    found: dict[int, Interval] = {}
    for part in parts(rows, values, bounds):
        targets = np.flatnonzero(wanted[part.places])
        for place, (low, high) in zip(part.places[targets], part.extremes(targets), strict=True):
            found[int(place)] = _inwards(low, high, far)
    return {place: found[place] for place in sorted(found)}


def _inwards(low: float, high: float, far: float) -> Interval:
    return Interval(max(0, math.ceil(low - ROUNDING)), None if high > far / 2 else math.floor(high + ROUNDING))
