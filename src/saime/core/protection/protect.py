"""From an exact table to a dataset that may be published, with the certificate that proves it by attack.

What is required, and verified again from the dataset alone whenever it enters the release store:

1. a primary cell (1 to ``minimum - 1`` persons) can, for a reader of all published counts, hold every count from 1 to ``minimum``
   (entrants and leavers: from the fewest that published stocks tell by rising or falling);
2. for a reader who also knows the rule and what the statuses mean, every withheld cell can hold two different counts at least.

Where the statuses "small count" (A) and "secondary" (D) would break 2, all withheld cells get the status C, which gives no reason, and 2
becomes: every withheld cell can hold ``minimum`` different counts. Then 1 is enforced here but cannot be told from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import Certificate
from saime.core.model.dataset import (
    CONFIDENTIAL,
    FREE,
    NORMAL,
    NOT_AVAILABLE,
    PRIMARY,
    SECONDARY,
    WITHHELD,
    Dataset,
    FrequencyTable,
    LineageStep,
    Metadata,
)
from saime.core.model.text import Text
from saime.core.protection.attack import attack, exposed_cells
from saime.core.protection.certification import certify, prove_together, refuse_exposed, told_counts
from saime.core.protection.choices import Choices
from saime.core.protection.constraints import Flags, as_numbers, check_declaration
from saime.core.protection.large_suppression import LargeSuppression
from saime.core.protection.linked import agreeing, connected
from saime.core.protection.linked_counts import Cell, Group, TableToProtect, already_published, gather_group, near_misses
from saime.core.protection.linked_stocks import is_movement
from saime.core.protection.secondary import Aims, LinkedCounts, Progress, SecondarySuppression
from saime.core.tabulation.plan import ThresholdProtection

LARGE = 10_000  # cells that could be withheld; the programs of a larger system are over parts of it, which withholds some more


@dataclass(frozen=True)
class ProtectedDataset:
    """What the release store takes: a dataset and the certificate made for it."""

    dataset: Dataset
    certificate: Certificate


@dataclass(frozen=True)
class ProtectedRelease:
    """``datasets`` in the order of the tables. ``already_published``: small counts that an earlier release has shown, so that they
    cannot be hidden any more and are shown again. ``near_misses``: cells that a correction changed by fewer persons than the
    minimum, so that the two publications together tell of a few persons; inside only.
    """

    datasets: tuple[ProtectedDataset, ...]
    already_published: tuple[Cell, ...]
    near_misses: tuple[Cell, ...]


def protect(
    table: FrequencyTable,
    rule: ThresholdProtection,
    metadata: Metadata,
    lineage: tuple[LineageStep, ...] = (),
    *,
    progress: Progress | None = None,
) -> ProtectedDataset:
    """Protect one table that shares cells with no other, as ``protect_release`` does."""
    return protect_release([TableToProtect(table, rule, metadata, lineage)], progress=progress).datasets[0]


def protect_release(
    tables: Sequence[TableToProtect], earlier: Sequence[Dataset] = (), *, progress: Progress | None = None
) -> ProtectedRelease:
    """Withhold small counts and the others that would give them away, in all tables as one system, and prove the result.

    Shape: each table's cells in the same order. Unit: persons. Tables that share cells are protected together, with the largest
    minimum of theirs; a shared cell is withheld in all of them or in none. ``earlier``: the datasets of earlier releases, oldest
    first; what they show stays shown. The same input gives the same pattern, in whatever order the tables come.
    Raises: BadInput where counts contradict the declared overlaps; Refused naming cells that nothing protects.
    """
    for one in tables:
        check_declaration(one.table, nested=not is_movement(one.metadata.population))
    before = agreeing(list(told_counts(earlier, earlier).values()), [one.shown for one in tables])
    places = sorted(range(len(tables)), key=lambda place: tables[place].table.dataset)
    described = [*(tables[place].described for place in places), *((d.structure, d.metadata.population) for d in before)]
    datasets: dict[int, Dataset] = {}
    for members in connected(described):
        if members[0] < len(places):
            own = [places[member] for member in members if member < len(places)]
            group = gather_group([tables[place] for place in own], [before[member - len(places)] for member in members[len(own) :]])
            datasets |= dict(zip(own, _protect_group(group, progress), strict=True))
    ordered = [datasets[place] for place in range(len(tables))]
    protected = tuple(ProtectedDataset(dataset, _certified(dataset, has_earlier=bool(before))) for dataset in ordered)
    prove_together(ordered, earlier)
    return ProtectedRelease(protected, already_published(tables, before), near_misses(tables, earlier))


def _protect_group(group: Group, progress: Progress | None) -> list[Dataset]:
    status = _conf_status(group, progress)
    found = []
    for one, places in zip(group.tables, group.system.places, strict=False):
        own = np.where(np.isnan(as_numbers(one.table.values)), FREE, status[places])
        conf_status = tuple(own.tolist())
        step = _step(group.counts.minimum, one.choices, conf_status)
        found.append(_published(one.table, one.metadata, (*one.lineage, step), conf_status))
    return found


def _conf_status(group: Group, progress: Progress | None) -> np.ndarray:
    """The status of each unknown: with reasons (A, D) where these are safe to tell, else C for all that are withheld."""
    try:
        secondary, reasons = _choose(group, progress, reasons=True), (PRIMARY, SECONDARY)
    except Refused:
        secondary, reasons = _choose(group, progress, reasons=False), (CONFIDENTIAL, CONFIDENTIAL)
    return np.where(group.counts.primary, reasons[0], np.where(secondary, reasons[1], FREE))


def _choose(group: Group, progress: Progress | None, *, reasons: bool) -> Flags:
    """Anew, as long as small counts of entrants or leavers ask for too little because a stock that tells of them is withheld too."""
    counts = group.counts
    while True:
        secondary = _chooser(group, counts, Aims.of(counts, reasons=reasons), progress).choose()
        fewest = np.minimum(counts.fewest, group.system.fewest(np.where(secondary | counts.primary, np.nan, counts.values)))
        if not (fewest < counts.fewest)[counts.largest > 0].any():
            return secondary
        counts = replace(counts, fewest=fewest)


def _chooser(group: Group, counts: LinkedCounts, aims: Aims, progress: Progress | None) -> LargeSuppression | SecondarySuppression:
    if counts.movable.sum() > LARGE and not counts.gone.any():
        return LargeSuppression(counts, aims, group.faces, progress)
    return SecondarySuppression(counts, aims, progress)


def _certified(dataset: Dataset, *, has_earlier: bool) -> Certificate:
    minimum = int(dataset.lineage[-1].details["minimum"] or 0)
    findings = attack(dataset, minimum)
    refuse_exposed(dataset, exposed_cells(findings, minimum), has_earlier=has_earlier)
    return certify(dataset, minimum, findings)


def _published(table: FrequencyTable, metadata: Metadata, lineage: tuple[LineageStep, ...], conf_status: tuple[str, ...]) -> Dataset:
    pairs = list(zip(table.values, conf_status, strict=True))
    known = table.obs_status or (NORMAL,) * len(pairs)
    return Dataset(
        id=table.dataset,
        metadata=metadata,
        structure=table.structure,
        values=tuple(value if status == FREE else None for value, status in pairs),
        obs_status=tuple(_obs_status(*pair, status) for pair, status in zip(pairs, known, strict=True)),
        conf_status=conf_status,
        lineage=lineage,
    )


def _obs_status(value: int | None, conf_status: str, known: str) -> str:
    """``known``: what the inside table says of the value, such as that it is an estimate."""
    if value is None:
        return NOT_AVAILABLE
    return known if conf_status == FREE else WITHHELD


def _step(minimum: int, choices: Choices, conf_status: tuple[str, ...]) -> LineageStep:
    label = Text(
        lv=f"Statistiskās konfidencialitātes aizsardzība: skaits no 1 līdz {minimum - 1} netiek publicēts",
        en=f"Statistical disclosure control: counts of 1 to {minimum - 1} are withheld",
    )
    withheld = sum(status != FREE for status in conf_status)
    details: dict[str, str | int | float | bool | None] = {"minimum": minimum, "withheld": withheld, **choices.counts}
    return LineageStep(kind="protection", id=f"threshold-{minimum}", label=label, details=details)
