"""Plans over small fact tables, counted by the reference engine and protected together as production does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from saime.core.model.classification import Classification
from saime.core.model.dataset import WITHHELD, Dataset, LineageStep, Metadata
from saime.core.protection import ProtectedDataset
from saime.core.tabulation.tabulator import tabulate_plan
from saime.core.warehouse.contract import FeedContract
from saime.production.plan_protection import CountedPlan, protect_counted
from saime.production.populations import population_of
from support.protection import words
from support.tabulation import PAYMENTS, Fact, plan, write_facts

LINEAGE = (LineageStep(kind="feed", id="f", label=words("f")),)


class Plans:
    """Plans over the same facts, of PAYMENTS if nothing else is said, whose ``paid`` is never empty here."""

    def __init__(
        self,
        folder: Path,
        facts: Iterable[Fact],
        trees: Mapping[str, Classification],
        periods: Sequence[str],
        feed: FeedContract = PAYMENTS,
    ) -> None:
        self._facts = write_facts(folder, facts, feed=feed)
        self._trees, self._periods = trees, periods

    def counted(self, name: str, measure: dict[str, Any], dimensions: Mapping[str, dict[str, Any]], **fields: Any) -> CountedPlan:
        wanted = plan(dimensions, self._periods, dataset=name, measures={"m": measure}, population=self._facts.feed.feed, **fields)
        trees = {d.hierarchy: self._trees[d.hierarchy] for d in wanted.dimensions.values()}
        metadata = Metadata(
            title=words(name),
            unit_measure=words("units"),
            reference_period=self._periods[0],
            source=words("Test"),
            synthetic=True,
            population=population_of(wanted, trees, self._facts, tuple(trees)),
        )
        return CountedPlan(wanted, tabulate_plan(wanted, trees, self._facts, engine="reference"), metadata, LINEAGE)


def protected(plans: Sequence[CountedPlan], earlier: Sequence[Dataset] = ()) -> dict[str, ProtectedDataset]:
    return {one.dataset.id: one for one in protect_counted(plans, earlier, None).datasets}


def withheld(one: ProtectedDataset) -> set[str]:
    return statuses(one, WITHHELD)


def statuses(one: ProtectedDataset, wanted: str) -> set[str]:
    return {"|".join(cell) for cell, status in zip(one.dataset.structure.cells(), one.dataset.obs_status, strict=True) if status == wanted}
