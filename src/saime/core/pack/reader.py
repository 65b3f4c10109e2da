"""The files of a pack by kind: ``classifications/``, ``feeds/``, ``plans/`` and the texts and acts they name."""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from saime.core.errors import BadInput, NotFound
from saime.core.model.classification import Classification
from saime.core.model.recast import Recast
from saime.core.model.text import Text
from saime.core.pack.recasts import read_recast
from saime.core.pack.texts import LegalAct, Notes, read_legal_acts
from saime.core.pack.yaml_file import read_model
from saime.core.tabulation.plan import CellKeyProtection, TabulationPlan
from saime.core.warehouse.contract import FeedContract

Model = TypeVar("Model", bound=BaseModel)


class Pack:
    """Reads files when asked and checks how they name each other; what was read is kept as long as the object."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise BadInput("the pack folder does not exist", where=str(root), fix="set SAIME_PACK to a folder such as packs/latvia")
        self.root = root
        self._classifications: dict[str, Classification] = {}

    def classification(self, name: str) -> Classification:
        if name not in self._classifications:
            self._classifications[name] = self._read("classifications", name, Classification)
        return self._classifications[name]

    def feed(self, name: str) -> FeedContract:
        return self._read("feeds", name, FeedContract)

    def plan(self, name: str) -> TabulationPlan:
        return self._read("plans", name, TabulationPlan)

    def recast(self, name: str) -> Recast:
        """The mapping ``classifications/recasts/NAME.csv``. Raises: NotFound, or BadInput with the file and the fault."""
        path = self.root / "classifications" / "recasts" / f"{name}.csv"
        if not path.is_file():
            raise NotFound(f"there is no mapping '{name}'", where=str(path.parent), fix=f"use one of: {', '.join(self.recasts)}")
        return read_recast(path)

    @property
    def recasts(self) -> list[str]:
        """The names of the mappings that plans may use."""
        return sorted(path.stem for path in (self.root / "classifications" / "recasts").glob("*.csv"))

    @functools.cached_property
    def feeds(self) -> tuple[FeedContract, ...]:
        return tuple(self.feed(name) for name in self.names("feeds"))

    @functools.cached_property
    def plans(self) -> tuple[TabulationPlan, ...]:
        return tuple(self.plan(name) for name in self.names("plans"))

    @property
    def released_plans(self) -> tuple[TabulationPlan, ...]:
        return tuple(plan for plan in self.plans if plan.release)

    @functools.cached_property
    def legal_acts(self) -> dict[str, LegalAct]:
        return read_legal_acts(self.root)

    @functools.cached_property
    def notes(self) -> dict[str, Text]:
        return read_model(self.root / "datasets" / "notes.yaml", Notes).notes

    def names(self, kind: str) -> list[str]:
        return sorted(path.stem for path in (self.root / kind).glob("*.yaml"))

    def check(self) -> list[BadInput]:
        """Every fault of the pack's files, each with file, line and remedy; an empty list is a sound pack."""
        faults = []
        for kind, read in (("classifications", self.classification), ("feeds", self.feed), ("plans", self.plan)):
            for name in self.names(kind):
                try:
                    read(name)
                except BadInput as fault:
                    faults.append(fault)
        return faults or self._broken_references()

    def _broken_references(self) -> list[BadInput]:
        faults = []
        for feed in self.feeds:
            lists = [column.code_list for column in feed.columns if column.code_list]
            faults += self._missing("feeds", feed.feed, "classifications", lists)
            faults += self._unknown("feeds", feed.feed, "legal act", feed.legal_basis, self.legal_acts)
            faults += self._broken_linkage(feed)
        for plan in self.plans:
            hierarchies = [dimension.hierarchy for dimension in plan.dimensions.values()]
            faults += self._missing("plans", plan.dataset, "classifications", hierarchies)
            faults += self._missing("plans", plan.dataset, "feeds", [plan.population])
            recasts = [dimension.recast for dimension in plan.dimensions.values() if dimension.recast]
            faults += self._unknown("plans", plan.dataset, "mapping", recasts, self.recasts)
            faults += self._unknown("plans", plan.dataset, "legal act", plan.legal_basis, self.legal_acts)
            faults += self._unknown("plans", plan.dataset, "note", plan.notes, self.notes)
            faults += _without_solution(plan)
        return faults

    def _broken_linkage(self, feed: FeedContract) -> list[BadInput]:
        if feed.linkage is None:
            return []
        others = [other for other in self.feeds if other.feed != feed.feed]
        faults = self._unknown("feeds", feed.feed, "register", [feed.linkage.register_feed], [other.feed for other in others])
        faults += self._missing("feeds", feed.feed, "classifications", list(feed.linkage.by.values()))
        theirs = {(c.name, c.code_list) for other in others if other.feed == feed.linkage.register_feed for c in other.stored_columns}
        mine = {column.name: column.code_list for column in feed.stored_columns if column.code_list}
        shared = [name for name, code_list in mine.items() if (name, code_list) in theirs]
        return faults or self._unknown(
            "feeds", feed.feed, "column that the register has with the same code list", feed.linkage.agree, shared
        )

    def _missing(self, kind: str, name: str, other: str, wanted: list[str]) -> list[BadInput]:
        return self._unknown(kind, name, f"file in {other}/", wanted, self.names(other))

    def _unknown(self, kind: str, name: str, noun: str, wanted: Collection[str], known: Collection[str]) -> list[BadInput]:
        where, fix = str(self.root / kind / f"{name}.yaml"), f"add it or use one of: {', '.join(sorted(known))}"
        return [BadInput(f"names an unknown {noun} '{item}'", where=where, fix=fix) for item in wanted if item not in known]

    def _read(self, kind: str, name: str, model: type[Model]) -> Model:
        path = self.root / kind / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(self.names(kind)) or "none"
            raise NotFound(f"there is no '{name}' among the pack's {kind}", where=str(path.parent), fix=f"use one of: {known}")
        return read_model(path, model)


def _without_solution(plan: TabulationPlan) -> list[BadInput]:
    """What no perturbation table of the plan can meet."""
    if not isinstance(plan.protection, CellKeyProtection):
        return []
    from saime.core.protection.cell_keys import designed, field_of_plan  # the solver loads slowly, and packs without cell keys need none

    try:
        designed(plan.protection.cell_key, field_of_plan(plan.dataset))
    except BadInput as fault:
        return [fault]
    return []
