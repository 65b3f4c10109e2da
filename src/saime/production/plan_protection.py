"""Tables of plans protected together: each measure by its own rule, and all as one system where one tells of another.

Who knows a mean and a sum knows the persons. So persons behind a mean are protected as if their counts were published too, and a mean is
withheld where its count is. A median is withheld where a published table withholds the count of its cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from saime.core.errors import Refused
from saime.core.model.dataset import WITHHELD, Dataset, FrequencyTable, LineageStep, MagnitudeTable, Metadata
from saime.core.model.primary_rule import PrimaryRule
from saime.core.protection import ProtectedDataset, TableToProtect, protect_release
from saime.core.protection.cell_keys import protect_by_cell_keys
from saime.core.protection.certification import is_of_counts
from saime.core.protection.constraints import Flags
from saime.core.protection.linked import Described, number_cells
from saime.core.protection.linked_amounts import AmountsToProtect, protect_amounts_together
from saime.core.protection.linked_counts import Cell
from saime.core.protection.linked_stocks import DISTINCT, of_counts
from saime.core.protection.quantiles import protect_quantiles
from saime.core.protection.secondary import Progress
from saime.core.protection.shares import publish_shares
from saime.core.protection.unlinked import refuse_more_households, refuse_unlinked
from saime.core.tabulation.engines import CellKeys
from saime.core.tabulation.plan import QUANTILES, CellKeyProtection, Measure, QuantileProtection, TabulationPlan, ThresholdProtection
from saime.core.tabulation.tabulation import InsideTable

HALF = Decimal("0.5")
STATISTICS = ("sum", "mean", "person_months", "average_of_months")  # what a primary rule protects


@dataclass(frozen=True)
class CountedPlan:
    """``counts_all``: the amounts of the plan are never empty, so whoever is counted contributes. ``cell_keys``: one a cell, if the plan
    asks for the method.
    """

    plan: TabulationPlan
    table: InsideTable
    metadata: Metadata
    lineage: tuple[LineageStep, ...]
    counts_all: bool = True
    cell_keys: CellKeys | None = None

    @property
    def is_count(self) -> bool:
        return isinstance(self.table, FrequencyTable)

    @property
    def magnitudes(self) -> MagnitudeTable:
        assert isinstance(self.table, MagnitudeTable)  # noqa: S101 - what `is_count` says
        return self.table

    @property
    def statistic(self) -> str:
        return "" if self.is_count else self.magnitudes.measure

    @property
    def of_counts(self) -> Metadata:
        """As the table of counts behind it has them; of a count its own."""
        population = self.metadata.population
        if population is None:
            return self.metadata
        if self.is_count:
            return self.metadata.model_copy(update={"population": of_counts(population)})
        measure = DISTINCT if self.counts_all else f'[{{"contributors":"{self.plan.measure.amount}"}}]'
        return self.metadata.model_copy(update={"population": population.model_copy(update={"measure": measure})})


@dataclass(frozen=True)
class ProtectedPlans:
    """The inside tables of plans and the datasets that came of them; for the others see ``ProtectedRelease``."""

    tables: tuple[InsideTable, ...]
    datasets: tuple[ProtectedDataset, ...]
    already_published: tuple[Cell, ...]
    near_misses: tuple[Cell, ...]


def protect_counted(counted: Sequence[CountedPlan], earlier: Sequence[Dataset], progress: Progress | None) -> ProtectedPlans:
    """Shape: the datasets in the order of the plans. ``earlier``: everything published before.

    Raises: Refused for a measure that no rule protects and for datasets that may not be published together; what
    ``protect_release`` and ``protect_amounts_together`` raise.
    """
    for one in counted:
        _check_rule(one)
    counts, means = [one for one in counted if one.is_count and one.cell_keys is None], [one for one in counted if one.statistic == "mean"]
    tables = [*map(_count_table, counts), *map(_persons_behind, means)]
    refuse_more_households([(one.table.dataset, one.shown) for one in tables])
    release = protect_release(tables, earlier, progress=progress)
    own = {one.plan.dataset: _published(one, found) for one, found in zip(counts, release.datasets, strict=False)}
    hidden = {one.plan.dataset: _withheld(found.dataset) for one, found in zip(means, release.datasets[len(counts) :], strict=True)}
    own |= _protect_amounts([one for one in counted if one.statistic in STATISTICS], hidden, earlier)
    known = [one.dataset for one in release.datasets[: len(counts)]] + [old for old in earlier if is_of_counts(old)]
    own |= {one.plan.dataset: _protect_quantiles(one, known) for one in counted if one.statistic in QUANTILES}
    own |= {one.plan.dataset: _perturb(one, one.cell_keys) for one in counted if one.cell_keys is not None}
    datasets = tuple(own[one.plan.dataset] for one in counted)
    refuse_unlinked([one.dataset for one in datasets], earlier)
    return ProtectedPlans(tuple(one.table for one in counted), datasets, release.already_published, release.near_misses)


def _check_rule(one: CountedPlan) -> None:
    plan, where = one.plan, f"plans/{one.plan.dataset}.yaml"
    if plan.unit != "person" and not _is_count_of_households(plan):
        what = "households are protected where they are counted once a period, in joint dimensions and not as shares"
        raise Refused(what, where=f"{where}, unit", fix=_inside(plan))
    if one.statistic in QUANTILES and not isinstance(plan.protection, QuantileProtection):
        raise Refused(
            "a median or quantile is an amount of single persons, and the plan does not say how it is protected",
            where=f"{where}, protection",
            fix="write `protection: {each_side: 10, rounded_to: 10}`, or other numbers, in the plan",
        )


def _is_count_of_households(plan: TabulationPlan) -> bool:
    """Of those alone is known how they bound each other and persons: with ``per_person`` two members can do what no person does."""
    joint = all(dimension.membership != "per_person" for dimension in plan.dimensions.values())
    return joint and plan.measure == Measure(count="distinct")


def _inside(plan: TabulationPlan) -> str:
    return f"write `release: false` in the plan and use it inside: saime tabulate {plan.dataset}"


def _published(one: CountedPlan, counts: ProtectedDataset) -> ProtectedDataset:
    """The counts, or the shares made of them."""
    share_of = one.plan.measure.share_of
    return counts if share_of is None else ProtectedDataset(*publish_shares(counts.dataset, share_of, one.metadata))


def _count_table(one: CountedPlan) -> TableToProtect:
    assert isinstance(one.table, FrequencyTable) and isinstance(one.plan.protection, ThresholdProtection)  # noqa: S101, PT018 - checked
    return TableToProtect(one.table, one.plan.protection, one.of_counts, one.lineage)


def _persons_behind(one: CountedPlan) -> TableToProtect:
    """The persons behind means, as a table of counts under the name of the plan."""
    table = FrequencyTable(dataset=one.plan.dataset, structure=one.table.structure, values=one.magnitudes.contributors)
    return TableToProtect(table, ThresholdProtection(minimum=_primary_rule(one.plan).minimum or 2), one.of_counts, one.lineage)


def _primary_rule(plan: TabulationPlan) -> PrimaryRule:
    if isinstance(plan.protection, PrimaryRule):
        return plan.protection
    assert isinstance(plan.protection, ThresholdProtection)  # noqa: S101 - quantiles alone have another
    return PrimaryRule(minimum=plan.protection.minimum)


def _withheld(dataset: Dataset) -> Flags:
    return np.array(dataset.obs_status) == WITHHELD


def _protect_amounts(plans: Sequence[CountedPlan], hidden: dict[str, Flags], earlier: Sequence[Dataset]) -> dict[str, ProtectedDataset]:
    tables = [
        AmountsToProtect(one.magnitudes, _primary_rule(one.plan), one.metadata, one.lineage, hidden.get(one.plan.dataset)) for one in plans
    ]
    return {one.dataset.id: one for one in protect_amounts_together(tables, earlier)}


def _protect_quantiles(one: CountedPlan, counts: Sequence[Dataset]) -> ProtectedDataset:
    rule, share = one.plan.protection, one.plan.measure.quantile
    assert isinstance(rule, QuantileProtection)  # noqa: S101 - checked
    hidden = _withheld_in((one.table.structure, one.of_counts.population), counts)
    return ProtectedDataset(*protect_quantiles(one.magnitudes, HALF if share is None else share, rule, one.metadata, one.lineage, hidden))


def _perturb(one: CountedPlan, keys: CellKeys) -> ProtectedDataset:
    assert isinstance(one.table, FrequencyTable) and isinstance(one.plan.protection, CellKeyProtection)  # noqa: S101, PT018 - the plan says so
    return ProtectedDataset(*protect_by_cell_keys(one.table, keys, one.plan.protection.cell_key, one.metadata, one.lineage))


def _withheld_in(described: Described, counts: Sequence[Dataset]) -> Flags:
    """Of each cell, whether a table of counts withholds it."""
    own, *others = number_cells([described, *((one.structure, one.metadata.population) for one in counts)])
    found = np.zeros(max(int(places.max()) for places in (own, *others)) + 1, dtype=np.bool_)
    for one, places in zip(counts, others, strict=True):
        found[places[_withheld(one)]] = True
    return np.asarray(found[own])
