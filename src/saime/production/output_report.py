"""What an output checker must see of one dataset before it is released: what was withheld, at what cost, how close a reader comes,
and what differs from the release before. Inside only: it tells sums of withheld counts.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from saime.core.model.certificate import LinkedDataset
from saime.core.model.dataset import WITHHELD, Dataset, FrequencyTable, Metadata
from saime.core.protection import protect
from saime.core.protection.attack import Finding, attack
from saime.core.protection.certification import Together, is_of_counts
from saime.core.protection.linked_counts import TableToProtect, already_published, near_misses, price_of
from saime.core.protection.primary import primary_cells
from saime.core.protection.secondary import cell_weights
from saime.core.releases.reader import Release
from saime.core.tabulation.plan import ThresholdProtection
from saime.production.services import Produced, Production, tabulate

MOST_NEAR_MISSES = 10
MOST_EXAMPLES = 50

Cell = tuple[str, ...]
Value = int | float | None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NearMiss(_Frozen):
    """A withheld cell and the whole numbers that a reader who knows the rule must leave open; ``upper`` None is unbounded."""

    cell: Cell
    conf_status: str
    lower: int
    upper: int | None


class Change(_Frozen):
    """A cell before and now; a value is None where it was or is withheld or not available."""

    cell: Cell
    before: Value
    now: Value
    obs_status_before: str
    obs_status_now: str


class Differences(_Frozen):
    """Against the same dataset in the release before, in cells. A cell is new or has vanished with its codes."""

    release: str
    changed: int
    now_withheld: int
    now_shown: int
    new: int
    vanished: int
    examples: tuple[Change, ...]


class Suppressed(_Frozen):
    """``cells`` withheld for one reason, the ``persons`` counted in them (a person in two cells counts twice), and the ``cost``:
    what the protector reckons that withholding them loses; 0 for small counts, which it has no choice about.
    """

    cells: int
    persons: int
    cost: float


class ChoiceCost(_Frozen):
    """What the plan's choices of cells cost: how many more cells are withheld to protect others than without them, the persons counted in
    them, and the information lost; below 0 where they save. The table is protected alone, as in a trial.
    """

    cells: int
    persons: int
    cost: float


class BesideEarlier(_Frozen):
    """``already_published``: small counts that an earlier release has shown. ``small_changes``: counts that differ by fewer persons than
    the minimum from what was published from other deliveries.
    """

    already_published: tuple[Cell, ...] = ()
    small_changes: tuple[Cell, ...] = ()


class DatasetReport(_Frozen):
    """``primary``, ``secondary`` and ``lost``, the withheld per cent of the table's information, are None for figures that their source
    published; ``reasons_told``: readers see which is which.
    ``linked`` and ``narrowest_interval`` are what the attack on everything together adds to the certificate.
    """

    dataset: str
    digest: str
    cells: int
    primary: Suppressed | None = None
    secondary: Suppressed | None = None
    reasons_told: bool = True
    lost: float | None = None
    choices: ChoiceCost | None = None
    near_misses: tuple[NearMiss, ...] = ()
    beside: BesideEarlier = BesideEarlier()
    linked: tuple[LinkedDataset, ...] = ()
    narrowest_interval: float | None = None
    differences: Differences | None = None


def report_on(production: Production, item: Produced, before: Release | None, proof: Together | None = None) -> DatasetReport:
    """The report on a dataset that the store keeps. A counted one is counted once more, to tell what was withheld.

    ``proof``: of the attack on it together with all that shares its cells.
    """
    kept = production.store.kept(item.digest)
    report = DatasetReport(
        dataset=item.dataset, digest=item.digest, cells=kept.dataset.structure.size, differences=_differences(kept.dataset, before)
    )
    if kept.certificate.kind != "attack" or not is_of_counts(kept.dataset):
        return report
    told = _on_counts(production, kept.dataset) | {"reasons_told": bool(kept.certificate.primary) or not kept.certificate.withheld}
    narrowest = proof.narrowest_interval if proof else kept.certificate.narrowest_interval
    return report.model_copy(update=told | {"linked": proof.linked if proof else (), "narrowest_interval": narrowest})


def _on_counts(production: Production, dataset: Dataset) -> dict[str, object]:
    plan = production.pack.plan(dataset.id)
    table = tabulate(production, plan, production.facts(plan))
    primary, secondary = suppressed(plan.protection, table, dataset)
    return {
        "primary": primary,
        "secondary": secondary,
        "choices": cost_of_choices(plan.protection, table, dataset.metadata),
        "lost": round(100 * price_of(dataset, table).loss, 1),
        "near_misses": _near_misses(attack(dataset, plan.protection.minimum)),
        "beside": find_beside_earlier(production, TableToProtect(table, plan.protection, dataset.metadata)),
    }


def find_beside_earlier(production: Production, one: TableToProtect) -> BesideEarlier:
    """The table beside everything that was published."""
    earlier = production.store.published()
    shown, near = already_published([one], earlier), near_misses([one], earlier)
    return BesideEarlier(already_published=tuple(cell for _, cell in shown), small_changes=tuple(cell for _, cell in near))


def cost_of_choices(rule: ThresholdProtection, table: FrequencyTable, metadata: Metadata) -> ChoiceCost | None:
    """None where the rule names no cells."""
    if not rule.keep and not rule.prefer_hidden:
        return None
    without = rule.model_copy(update={"keep": (), "prefer_hidden": ()})
    now, else_ = (suppressed(one, table, protect(table, one, metadata).dataset)[1] for one in (rule, without))
    return ChoiceCost(cells=now.cells - else_.cells, persons=now.persons - else_.persons, cost=round(now.cost - else_.cost, 1))


def suppressed(rule: ThresholdProtection, table: FrequencyTable, dataset: Dataset) -> tuple[Suppressed, Suppressed]:
    small = set(primary_cells(table, rule))
    withheld = [place for place, status in enumerate(dataset.obs_status) if status == WITHHELD]
    others = [place for place in withheld if place not in small]
    counts = np.array([value or 0 for value in table.values], dtype=float)
    weights = cell_weights(table.structure, counts)
    primary = Suppressed(cells=len(small), persons=int(counts[sorted(small)].sum()), cost=0.0)
    return primary, Suppressed(cells=len(others), persons=int(counts[others].sum()), cost=round(float(weights[others].sum()), 1))


def _near_misses(findings: tuple[Finding, ...]) -> tuple[NearMiss, ...]:
    bounded = [finding for finding in findings if finding.informed.upper is not None]
    bounded.sort(key=lambda one: (one.informed.width, one.cell))
    return tuple(
        NearMiss(cell=one.cell, conf_status=one.conf_status, lower=one.informed.lower, upper=one.informed.upper)
        for one in bounded[:MOST_NEAR_MISSES]
    )


def _differences(dataset: Dataset, before: Release | None) -> Differences | None:
    """None where the release before does not hold the dataset."""
    if before is None or dataset.id not in before.ids:
        return None
    old, new = _observations(before.dataset(dataset.id)), _observations(dataset)
    changes = [_change(cell, old[cell], new[cell]) for cell in new if cell in old and old[cell] != new[cell]]
    return Differences(
        release=before.id,
        changed=len(changes),
        now_withheld=sum(one.obs_status_now == WITHHELD != one.obs_status_before for one in changes),
        now_shown=sum(one.obs_status_before == WITHHELD != one.obs_status_now for one in changes),
        new=len(new.keys() - old.keys()),
        vanished=len(old.keys() - new.keys()),
        examples=tuple(changes[:MOST_EXAMPLES]),
    )


def _change(cell: Cell, before: tuple[Value, str], now: tuple[Value, str]) -> Change:
    return Change(cell=cell, before=before[0], now=now[0], obs_status_before=before[1], obs_status_now=now[1])


def _observations(dataset: Dataset) -> dict[Cell, tuple[Value, str]]:
    return dict(zip(dataset.structure.cells(), zip(dataset.values, dataset.obs_status, strict=True), strict=True))
