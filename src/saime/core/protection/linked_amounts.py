"""Tables of sums and means protected together, with what earlier releases show of the same amounts, and proven.

Tables of the same amounts that share cells are one system. A mean is protected as the sum that it is made of, because who knows the
persons can multiply. A cell is withheld in all tables or in none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import AMOUNTS, MEANS
from saime.core.model.dataset import NOT_AVAILABLE, WITHHELD, Dataset, DataStructure, LineageStep, MagnitudeTable, Metadata
from saime.core.model.primary_rule import PrimaryRule
from saime.core.protection.amount_attack import certify_amounts, described_amounts, sum_intervals
from saime.core.protection.amounts import disjoint_structure, posed_table, problem_of_amounts, published_amounts, step_of_amounts
from saime.core.protection.averages import divisors, is_average
from saime.core.protection.certification import prove_together
from saime.core.protection.constraints import INFINITY, Flags
from saime.core.protection.linked import Described, LinkedSystem, connected, link, number_cells
from saime.core.protection.problem import SuppressionProblem
from saime.core.protection.protect import ProtectedDataset
from saime.core.protection.suppression import Progress, suppress


@dataclass(frozen=True)
class AmountsToProtect:
    """A table of sums or means with its rule. ``hidden``: cells to withhold whatever the rule says, such as those whose count is."""

    table: MagnitudeTable
    rule: PrimaryRule
    metadata: Metadata
    lineage: tuple[LineageStep, ...] = ()
    hidden: Flags | None = None

    @cached_property
    def sums(self) -> MagnitudeTable:
        """What the means are made of, or the person-months that averages are."""
        if self.table.totals:
            return self.table.model_copy(update={"values": self.table.totals})
        if not is_average(self.metadata.population):
            return self.table
        months = divisors(self.table.structure, self.metadata.population).astype(int).tolist()
        values = tuple(v if v is None else Decimal(round(v * n)) for v, n in zip(self.table.values, months, strict=True))
        return self.table.model_copy(update={"values": values})

    @cached_property
    def structure(self) -> DataStructure:
        return disjoint_structure(self.sums)

    @property
    def described(self) -> Described:
        return described_amounts(self.structure, self.metadata.population)


def protect_amounts(
    table: MagnitudeTable,
    rule: PrimaryRule,
    metadata: Metadata,
    lineage: tuple[LineageStep, ...] = (),
    *,
    progress: Progress | None = None,
) -> ProtectedDataset:
    """Protect one table that shares cells with no other, as ``protect_amounts_together`` does."""
    return protect_amounts_together([AmountsToProtect(table, rule, metadata, lineage)], progress=progress)[0]


def protect_amounts_together(
    tables: Sequence[AmountsToProtect], earlier: Sequence[Dataset] = (), *, progress: Progress | None = None
) -> tuple[ProtectedDataset, ...]:
    """Withhold sensitive sums, the means made of them, and others that would give them away, and prove the result.

    Shape: each table's cells in the same order. Unit: that of the tables. ``earlier``: datasets of earlier releases; what they show stays
    shown, and what they withhold stays withheld. The same input gives the same pattern.
    Raises: BadInput for amounts below 0 and rules that need contributions the measure has not; Refused naming cells that nothing protects.
    """
    before = [dataset for dataset in earlier if dataset.protected_by(AMOUNTS, MEANS)]
    found: dict[int, ProtectedDataset] = {}
    for group in connected([one.described for one in tables]):
        own = [tables[place] for place in group]
        found |= dict(zip(group, _protect_group(own, before, progress), strict=True))
    protected = tuple(found[place] for place in range(len(tables)))
    prove_together([one.dataset for one in protected], before)
    return protected


def _protect_group(tables: Sequence[AmountsToProtect], earlier: Sequence[Dataset], progress: Progress | None) -> list[ProtectedDataset]:
    posed = [posed_table(one.sums, one.structure, one.rule) for one in tables]
    system = link([one.described for one in tables])
    problem = _joined(system, [problem_of_amounts(one) for one in posed], *_states(tables, system, earlier))
    withheld = _withheld(problem, lambda place: _name(tables, system, place), progress)
    found = []
    for one, places in zip(tables, system.places, strict=True):
        step = step_of_amounts(one.rule, withheld[places], one.table.measure)
        dataset = published_amounts(one.table, one.structure, one.metadata, (*one.lineage, step), withheld[places])
        found.append(ProtectedDataset(dataset, certify_amounts(dataset, step)))
    return found


def _states(tables: Sequence[AmountsToProtect], system: LinkedSystem, earlier: Sequence[Dataset]) -> tuple[Flags, Flags]:
    """Which unknowns are to be withheld whatever the rules say, and which were shown before."""
    hidden, shown = np.zeros(system.size, dtype=np.bool_), np.zeros(system.size, dtype=np.bool_)
    for one, places in zip(tables, system.places, strict=True):
        if one.hidden is not None:
            hidden[places[one.hidden]] = True
    described = [described_amounts(old.structure, old.metadata.population) for old in earlier]
    for old, places in zip(earlier, number_cells([*(one.described for one in tables), *described])[len(tables) :], strict=True):
        own, statuses = places < system.size, np.array(old.obs_status)
        hidden[places[own & (statuses == WITHHELD)]] = True
        shown[places[own & ~np.isin(statuses, (WITHHELD, NOT_AVAILABLE))]] = True
    return hidden, shown


def _joined(system: LinkedSystem, problems: Sequence[SuppressionProblem], hidden: Flags, shown: Flags) -> SuppressionProblem:
    """The problems of the tables as one over the system's unknowns; the strictest requirement of each cell."""
    costs, lower, upper = (np.zeros(system.size) for _ in range(3))
    published, primary = np.zeros(system.size, dtype=np.bool_), np.zeros(system.size, dtype=np.bool_)
    for one, places in zip(problems, system.places, strict=True):
        np.maximum.at(costs, places, one.costs)
        published[places] |= one.published
        primary[places[one.primary]] = True
        np.maximum.at(lower, places[one.primary], one.lower_protection)
        np.maximum.at(upper, places[one.primary], one.upper_protection)
    values = system.gather([one.values for one in problems])
    primary = (primary | hidden) & ~shown & ~np.isnan(values)
    chosen = np.flatnonzero(primary)
    return SuppressionProblem(
        rows=system.rows,
        values=values,
        lower=np.zeros(system.size),
        upper=np.full(system.size, INFINITY),
        costs=costs,
        published=(published | shown) & ~primary,
        primary=chosen,
        lower_protection=lower[chosen],
        upper_protection=np.maximum(upper, 1.0 * (lower < 1.0))[chosen],  # at least two possible values
        sliding_protection=np.zeros(len(chosen)),
    )


def _name(tables: Sequence[AmountsToProtect], system: LinkedSystem, unknown: int) -> str:
    for one, places in zip(tables, system.places, strict=True):
        if len(found := np.flatnonzero(places == unknown)):
            return f"dataset {one.table.dataset}, cell {'|'.join(list(one.structure.cells())[found[0]])}"
    return "an earlier release"


def _withheld(problem: SuppressionProblem, name: Callable[[int], str], progress: Progress | None) -> Flags:
    """The cheapest safe pattern, without cells that can be computed all the same: they protect nothing, and are not primary."""
    pattern = suppress(problem, progress=progress)
    if len(pattern.unsafe):
        raise Refused(
            f"{len(pattern.unsafe)} sensitive sums cannot be protected, whatever else is withheld",
            where=name(int(pattern.unsafe[0])),
            fix="join codes or leave out a level of the classification; or require less protection",
        )
    withheld = np.flatnonzero(pattern.withheld)
    ends = sum_intervals(problem.rows, np.where(pattern.withheld, np.nan, problem.values), withheld)
    pattern.withheld[withheld[np.round(ends[:, 1] - ends[:, 0]) <= 0]] = False
    return pattern.withheld
