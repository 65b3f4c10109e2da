"""The attacker: what a reader can compute about every withheld cell from published datasets alone.

It sees values, statuses, structure and population of each ``Dataset`` and nothing else. Cells that several datasets share are one
unknown (``linked.py``): what one publishes is known in all, and what the statuses of any tell is told of all. It seeks the smallest and
the largest count of each withheld cell that agree with everything published: by two linear programs a cell, or, where more than
``proofs.LARGE`` hang together, by tables found for many cells at once, as far as has to be proven. It does so twice:

- ``plain``: from the published counts, knowing that counts are 0 or more;
- ``informed``: knowing the rule too. Zeros are never withheld, so a withheld cell holds 1 person or more. A status that says why
  says more: a small count (A) holds 1 to ``minimum - 1`` persons, a secondary cell (D) ``minimum`` or more. Status C says nothing.

Cells that are not available are unknown and unbounded. Bounds are rounded inwards to whole persons.
Beyond this attacker: one who solves for whole numbers where the linear programs allow fractions, and one with outside knowledge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saime.core.errors import BadInput
from saime.core.model.dataset import PRIMARY, SECONDARY, WITHHELD, Dataset
from saime.core.protection.audit import FAR, ROUNDING, parts
from saime.core.protection.constraints import INFINITY, Flags, Numbers, Places, as_numbers
from saime.core.protection.hypercubes import Faces
from saime.core.protection.linked import LinkedSystem, link
from saime.core.protection.proofs import LARGE, Asked, Proofs, Surroundings


@dataclass(frozen=True)
class Interval:
    """The whole numbers of persons that a withheld cell may hold; ``upper`` None is unbounded.

    ``is_exact``: else it may hold others too; as much was proven as had to be.
    """

    lower: int
    upper: int | None
    is_exact: bool = True

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
    is_told: bool = False  # some dataset tells why it is withheld
    fewest: int = 1  # that published stocks tell of a small count of entrants or leavers

    def is_exposed(self, minimum: int) -> bool:
        """Whether the interval is too narrow; ``required_width`` and, for a small count, any count from the fewest to the minimum."""
        too_narrow = self.informed.width < required_width(PRIMARY if self.is_told else self.conf_status, minimum)
        return too_narrow or (self.conf_status == PRIMARY and not self.plain.holds(self.fewest, minimum))


def required_width(conf_status: str, minimum: int) -> int:
    """Persons between the fewest and the most that an informed reader must leave open.

    Where the status says why a cell is withheld, one: at least two counts. Where it does not, ``minimum - 1`` for every cell, as
    any of them may be a small count.
    """
    return 1 if conf_status in (PRIMARY, SECONDARY) else minimum - 1


def attack(dataset: Dataset, minimum: int) -> tuple[Finding, ...]:
    """Attack every withheld cell of one dataset, as ``attack_together`` does."""
    return attack_together([dataset], [minimum])[0]


def attack_together(datasets: Sequence[Dataset], minimums: Sequence[int]) -> tuple[tuple[Finding, ...], ...]:
    """Attack the withheld cells of several datasets with everything that all of them tell.

    Shape: the findings of each dataset in the order of its observations. ``minimums``: persons, as the rule of each dataset has it.
    A cell that another dataset publishes is known. Raises: BadInput if no counts at all agree with what is published.
    """
    system = link([(dataset.structure, dataset.metadata.population) for dataset in datasets])
    values = system.gather([as_numbers(dataset.values) for dataset in datasets])
    _check_agreement(system, datasets, values)
    told = Told.by(system.size, datasets, minimums, system.places)
    far = FAR * max(*minimums, float(np.nan_to_num(values).max(initial=0)))
    wanted = told.withheld & np.isnan(values)
    around = Surroundings(system.rows, values, Faces.of([dataset.structure for dataset in datasets], system.places, system.size))
    informed = _intervals(around, wanted, (told.least, np.minimum(told.most, far)), far, told.asked_informed)
    plain = _intervals(around, wanted, (np.zeros(system.size), np.full(system.size, far)), far, told.asked_plain, informed)
    for place in np.flatnonzero(told.withheld & ~np.isnan(values)):
        plain[int(place)] = informed[int(place)] = Interval(int(values[place]), int(values[place]))
    fewest = system.fewest(values)
    return tuple(_findings(d, places, plain, informed, told, fewest) for d, places in zip(datasets, system.places, strict=True))


@dataclass(frozen=True)
class Told:
    """What the statuses of all datasets tell of each unknown: it is withheld, why, and so the fewest and most persons it holds.

    ``small`` and ``minimum``: the largest minimum of the datasets that call it a small count, and of those that withhold it; 0 if none.
    """

    withheld: Flags
    reason: Flags
    least: Numbers
    most: Numbers
    small: Numbers
    minimum: Numbers

    @property
    def asked_plain(self) -> Asked:
        """As ``Finding.is_exposed`` has it; and that no cell can be computed."""
        is_small = self.small > 0
        return Asked(np.where(is_small, 1.0, INFINITY), np.where(is_small, self.small, -INFINITY), self.withheld.astype(np.float64))

    @property
    def asked_informed(self) -> Asked:
        nothing = np.full(len(self.least), INFINITY)
        told, untold = required_width(PRIMARY, 0), np.maximum(self.minimum - 1.0, 0.0)
        return Asked(nothing, -nothing, np.where(self.reason, told, untold))

    @staticmethod
    def by(size: int, datasets: Sequence[Dataset], minimums: Sequence[int], places_of: Sequence[Places]) -> Told:
        """``places_of``: the unknown of each cell of each dataset, of ``size`` unknowns."""
        none = np.zeros(size, dtype=np.bool_)
        told = Told(none, none.copy(), np.zeros(size), np.full(size, INFINITY), np.zeros(size), np.zeros(size))
        for dataset, minimum, places in zip(datasets, minimums, places_of, strict=True):
            obs_status, conf_status = np.array(dataset.obs_status), np.array(dataset.conf_status)
            hidden = obs_status == WITHHELD
            small, other = hidden & (conf_status == PRIMARY), hidden & (conf_status == SECONDARY)
            told.withheld[places[hidden]] = True
            told.reason[places[small | other]] = True
            np.maximum.at(told.least, places[hidden], np.where(other, float(minimum), 1.0)[hidden])
            np.minimum.at(told.most, places[small], minimum - 1.0)
            np.maximum.at(told.small, places[small], minimum)
            np.maximum.at(told.minimum, places[hidden], minimum)
        return told


def _check_agreement(system: LinkedSystem, datasets: Sequence[Dataset], values: Numbers) -> None:
    for dataset, places in zip(datasets, system.places, strict=True):
        own = as_numbers(dataset.values)
        differing = np.flatnonzero(own != values[places])
        differing = differing[~np.isnan(own[differing])]
        if len(differing):
            cell = list(dataset.structure.cells())[differing[0]]
            raise BadInput(
                f"{len(differing)} cells have another count in a dataset that counts the same persons from the same deliveries",
                where=f"dataset {dataset.id}, cell {'|'.join(cell)}",
                fix="count both from the same deliveries with the same codes, and release them together",
            )


def _findings(
    dataset: Dataset, places: Places, plain: dict[int, Interval], informed: dict[int, Interval], told: Told, fewest: Numbers
) -> tuple[Finding, ...]:
    found = zip(dataset.structure.cells(), dataset.obs_status, dataset.conf_status, places.tolist(), strict=True)
    return tuple(
        Finding(cell, conf_status, plain[place], informed[place], bool(told.reason[place]), int(fewest[place]))
        for cell, obs_status, conf_status, place in found
        if obs_status == WITHHELD
    )


def exposed_cells(findings: tuple[Finding, ...], minimum: int) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.is_exposed(minimum))


def narrowest_interval(findings: tuple[Finding, ...]) -> float | None:
    """The smallest difference, in persons, between the most and the fewest a cell may hold; None without a bounded interval."""
    widths = [finding.informed.width for finding in findings if finding.informed.upper is not None]
    return min(widths, default=None)


def _intervals(
    around: Surroundings,
    wanted: Flags,
    bounds: tuple[Numbers, Numbers],
    far: float,
    asked: Asked,
    known: dict[int, Interval] | None = None,
) -> dict[int, Interval]:
    """``known``: intervals for a reader who knows more; this one's are at least as wide."""
    found: dict[int, Interval] = {}
    for part in parts(around.rows, around.values, bounds):
        targets = np.flatnonzero(wanted[part.places])
        if len(targets) > LARGE and not part.is_network:
            found |= _proven(Proofs(around, part, part.places[targets], asked), far, known or {})
        else:
            for place, (low, high) in zip(part.places[targets], part.extremes(targets), strict=True):
                found[int(place)] = _inwards(low, high, far)
    return {place: found[place] for place in sorted(found)}


def _proven(proofs: Proofs, far: float, known: dict[int, Interval]) -> dict[int, Interval]:
    places = proofs.targets.tolist()
    for place in places:
        if place in known:
            proofs.include(place, float(known[place].lower), known[place].upper)
    proofs.prove()
    ends = zip(places, *(own[proofs.targets].tolist() for own in (proofs.lowest, proofs.highest, proofs.is_exact)), strict=True)
    return {place: replace(_inwards(low, high, far), is_exact=bool(is_exact)) for place, low, high, is_exact in ends}


def _inwards(low: float, high: float, far: float) -> Interval:
    return Interval(max(0, math.ceil(low - ROUNDING)), None if high > far / 2 else math.floor(high + ROUNDING))
