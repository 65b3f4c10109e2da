"""Try settings of protection on a plan's table before anything is fixed. Inside only: a trial holds exact counts.

A trial protects the table alone and stores nothing. Counts and trials stay in the memory of the process, the latest few of them, under
a digest of everything they come from: trying again is quick, and what was corrected or deleted is counted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from saime.core.errors import Refused
from saime.core.model.dataset import FREE, NORMAL, Dataset, FrequencyTable, Metadata
from saime.core.protection import protect
from saime.core.protection.attack import Finding, attack, exposed_cells
from saime.core.protection.choices import Choices
from saime.core.protection.constraints import SHOWN
from saime.core.protection.primary import primary_cells
from saime.core.tabulation.plan import TabulationPlan, ThresholdProtection
from saime.production.lineage import digest
from saime.production.output_report import Suppressed, suppressed
from saime.production.services import Production, tabulate

MOST_KEPT = 8  # counts and trials in memory


@dataclass(frozen=True)
class NotKept:
    """A cell that was to be kept and is withheld all the same.

    ``is_small``: it is a small count itself. ``exposes``: what publishing it would let a reader compute; None where that was not
    looked at, and empty where the attack finds nothing: then the method found no pattern that publishes it.
    """

    place: int
    is_small: bool
    exposes: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Trial:
    """A table protected by a rule. Cells are given by their positions among the observations."""

    table: FrequencyTable
    rule: ThresholdProtection
    dataset: Dataset
    choices: Choices
    small: frozenset[int]
    findings: dict[int, Finding]
    price: tuple[Suppressed, Suppressed]  # of small counts, and of the cells that protect them
    not_kept: tuple[NotKept, ...]

    @property
    def withheld(self) -> frozenset[int]:
        return frozenset(self.findings)

    @property
    def secondary(self) -> frozenset[int]:
        return self.withheld - self.small


def try_protection(production: Production, plan: TabulationPlan, rule: ThresholdProtection) -> Trial:
    """What the rule, instead of the plan's own, would do to the plan's table.

    Raises: BadInput for codes that the table has not; Refused for a measure that no rule protects, and naming a cell that
    nothing protects; what ``Production.facts`` raises.
    """
    facts = production.facts(plan)
    inputs = digest(plan.model_copy(update={"protection": ThresholdProtection()}), facts.feed, *facts.loads)
    table = _MEMORY.get((inputs,), lambda: tabulate(production, plan, facts))
    if not isinstance(table, FrequencyTable) or plan.measure.count != "distinct":
        raise Refused("only counts of distinct persons are protected", where=f"plan {plan.dataset}", fix="choose another plan")
    return _MEMORY.get((inputs, rule.model_dump_json()), lambda: _try(table, plan, rule))


def _try(table: FrequencyTable, plan: TabulationPlan, rule: ThresholdProtection) -> Trial:
    metadata = Metadata(
        title=plan.title, unit_measure=plan.unit_measure, reference_period=plan.reference_period[0], source=plan.source, synthetic=True
    )
    dataset = protect(table, rule, metadata).dataset
    small, choices = frozenset(primary_cells(table, rule)), Choices.of(rule, table.structure, table.dataset)
    findings = {table.structure.position(finding.cell): finding for finding in attack(dataset, rule.minimum)}
    not_kept = _not_kept(table, dataset, sorted(choices.keep & findings.keys()), small, rule.minimum)
    return Trial(table, rule, dataset, choices, small, findings, suppressed(rule, table, dataset), not_kept)


def _not_kept(table: FrequencyTable, dataset: Dataset, places: list[int], small: frozenset[int], minimum: int) -> tuple[NotKept, ...]:
    """The attack on the table with the cell published, for the first few of them."""
    looked_at = [place for place in places if place not in small][:SHOWN]
    found = []
    for place in places:
        exposes = _exposed_by(table, dataset, place, minimum) if place in looked_at else None
        found.append(NotKept(place, place in small, exposes))
    return tuple(found)


def _exposed_by(table: FrequencyTable, dataset: Dataset, place: int, minimum: int) -> tuple[int, ...]:
    def with_cell(old: tuple[Any, ...], new: object) -> tuple[Any, ...]:
        return (*old[:place], new, *old[place + 1 :])

    published = dataset.model_copy(
        update={
            "values": with_cell(dataset.values, table.values[place]),
            "obs_status": with_cell(dataset.obs_status, NORMAL),
            "conf_status": with_cell(dataset.conf_status, FREE),
        }
    )
    return tuple(table.structure.position(finding.cell) for finding in exposed_cells(attack(published, minimum), minimum))


class _Memory:
    """The latest few results. One is made at a time, so that a page asked for twice is not reckoned twice."""

    def __init__(self) -> None:
        self._lock, self._kept = Lock(), dict[Hashable, Any]()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self._lock:
            found = self._kept.pop(key, None) or make()
            self._kept[key] = found
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            return found


_MEMORY = _Memory()
