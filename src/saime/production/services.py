"""Produce datasets and releases. The only way to a release leads through ``protect_release`` and its certificate."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

import saime.core
from saime.core.errors import BadInput, NotFound
from saime.core.model.classification import Classification
from saime.core.model.dataset import LineageStep, Metadata
from saime.core.model.period import Period
from saime.core.model.recast import Recast
from saime.core.pack.reader import Pack
from saime.core.protection import ProtectedDataset, certify_published_by_source
from saime.core.releases.reader import Release
from saime.core.releases.store import ReleaseStore
from saime.core.tabulation.compilation import compile_plan, compile_tabulation
from saime.core.tabulation.completeness import complete_dimensions
from saime.core.tabulation.concepts import periods_read
from saime.core.tabulation.duckdb_engine import show_sql
from saime.core.tabulation.engines import DEFAULT_ENGINE, NO_SETTINGS, CellKeys, EngineSettings
from saime.core.tabulation.explanation import explain
from saime.core.tabulation.plan import CellKeyProtection, TabulationPlan
from saime.core.tabulation.tabulation import InsideTable
from saime.core.tabulation.tabulator import add_record_keys, tabulate_plan
from saime.core.warehouse.code_lists import code_lists_of
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.keys import open_record_keys
from saime.core.warehouse.linkage_records import LinkageRecords
from saime.core.warehouse.record_keys import record_key_table
from saime.core.warehouse.store import Warehouse
from saime.production.decisions import Decision, check_decision
from saime.production.lineage import digest, plan_lineage
from saime.production.plan_protection import CountedPlan, ProtectedPlans, protect_counted
from saime.production.populations import population_of
from saime.production.published_tables import published_datasets
from saime.production.runs import RunRecords

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Production:
    """Where production finds its inputs and leaves its results."""

    pack: Pack
    warehouse: Path
    releases: Path
    records: Path
    as_of: datetime | None = None  # count from what was loaded at this moment; None: now
    engines: EngineSettings = NO_SETTINGS
    keys: Path | None = None

    @classmethod
    def in_home(cls, home: Path, pack: Pack) -> Production:
        """The folders of a working folder."""
        return cls(pack, home / "warehouse", home / "releases", home / "production" / "runs.json", keys=home / "keys")

    @property
    def store(self) -> ReleaseStore:
        return ReleaseStore(self.releases)

    @property
    def runs(self) -> RunRecords:
        return RunRecords(self.records)

    @property
    def linkage(self) -> LinkageRecords:
        return LinkageRecords(Warehouse(self.warehouse), self.pack.classification)

    @property
    def deletions_since(self) -> int:
        """How many persons were deleted after ``as_of``: what was counted then cannot be counted again with them."""
        moments = [datetime.fromisoformat(deletion.at) for deletion in Warehouse(self.warehouse).manifest.deletions]
        return sum(self.as_of is not None and moment > self.as_of for moment in moments)

    def facts(self, plan: TabulationPlan) -> FactTable:
        """Raises: BadInput if no delivery is loaded that the plan could count."""
        contract = self.pack.feed(plan.population)
        code_lists = code_lists_of(contract, self.pack.classification)
        periods = [period.code for period in periods_read(plan.measure, [Period.parse(code) for code in plan.reference_period])]
        facts = Warehouse(self.warehouse).facts(contract, periods, code_lists, as_of=self.as_of)
        if not facts.loads:  # some but not all of the periods is told by the warehouse
            first = Period.parse(periods[0]).parts(contract.period)[0]
            raise BadInput(
                f"the warehouse lacks deliveries of feed '{plan.population}' for {', '.join(periods)}",
                where=f"plan {plan.dataset}",
                fix=f"load all of them: saime load {plan.population} FILE --period {first.code}",
            )
        return facts


def tabulate(
    production: Production, plan: TabulationPlan, facts: FactTable, *, engine: str = DEFAULT_ENGINE, progress: Progress | None = None
) -> InsideTable:
    """The inside table of a plan: exact figures, never to be published as they are. ``facts`` are ``production.facts(plan)``."""
    hierarchies, recasts = _hierarchies(production, plan), _recasts(production, plan)
    return tabulate_plan(plan, hierarchies, facts, engine=engine, progress=progress, recasts=recasts, settings=production.engines)


def queries(production: Production, plan: TabulationPlan) -> list[str]:
    """What the DuckDB engine asks to count the plan."""
    return show_sql(compile_plan(plan, _hierarchies(production, plan), production.facts(plan), _recasts(production, plan)))


def explain_plan(production: Production, plan: TabulationPlan, engine: str) -> list[tuple[str, str]]:
    """What would be read and counted for the plan, as pairs of a name and what is said of it; nothing is counted."""
    facts = production.facts(plan)
    return explain(compile_tabulation(plan, _hierarchies(production, plan), facts, _recasts(production, plan)), facts, engine)


def _hierarchies(production: Production, plan: TabulationPlan) -> dict[str, Classification]:
    """The hierarchies of the plan, and the code lists of columns that are recast into them."""
    names = {dimension.hierarchy for dimension in plan.dimensions.values()}
    recast = {dimension.column for dimension in plan.dimensions.values() if dimension.recast}
    names |= {column.code_list for column in production.pack.feed(plan.population).columns if column.name in recast and column.code_list}
    return {name: production.pack.classification(name) for name in sorted(names)}


def _recasts(production: Production, plan: TabulationPlan) -> dict[str, Recast]:
    return {d.recast: production.pack.recast(d.recast) for d in plan.dimensions.values() if d.recast}


@dataclass(frozen=True)
class Produced:
    """``protected`` is None when the same inputs had given the same dataset before."""

    dataset: str
    digest: str
    protected: ProtectedDataset | None


def produce_plans(
    production: Production, plans: Sequence[TabulationPlan], *, engine: str = DEFAULT_ENGINE, progress: Progress | None = None
) -> list[Produced]:
    """Tabulate the plans' datasets, protect them together and with what was published before, and store them.

    The same inputs are not counted twice. Raises: Refused if a delivery that is counted links to the register worse than its
    contract allows and nobody accepted it, or as ``protect_plans`` does.
    """
    facts = [production.facts(plan) for plan in plans]
    for one in facts:
        production.linkage.check_may_publish(one.feed, one.loads)
    inputs = [_fingerprint(production.pack, plan, one, engine) for plan, one in zip(plans, facts, strict=True)]
    names = [plan.dataset for plan in plans]
    before = production.runs.find_all(names, _joint(production, inputs, production.runs.kept(names)))
    if before and all(production.store.holds(digest) for digest in before):
        return [Produced(name, digest, None) for name, digest in zip(names, before, strict=True)]
    protected = protect_plans(production, plans, facts, engine=engine, progress=progress).datasets
    stored = [production.store.add(one) for one in protected]
    fingerprint = _joint(production, inputs, stored)
    for name, digest_ in zip(names, stored, strict=True):
        production.runs.keep(name, fingerprint, digest_)
    return [Produced(*item) for item in zip(names, stored, protected, strict=True)]


def _joint(production: Production, inputs: Sequence[str], own: Sequence[str]) -> str:
    """All inputs of tables protected together: their own, and what else earlier releases show of any population."""
    releases = production.store.releases()
    earlier = sorted({one.digest(name) for one in releases for name in one.ids if one.dataset(name).metadata.population} - set(own))
    return hashlib.sha256("\n".join([*inputs, *earlier]).encode()).hexdigest()


def protect_plans(
    production: Production,
    plans: Sequence[TabulationPlan],
    facts: Sequence[FactTable],
    *,
    engine: str = DEFAULT_ENGINE,
    progress: Progress | None = None,
) -> ProtectedPlans:
    """Count the plans; protect what they count as one system with what was published before. Raises: as ``protect_counted``."""
    tables = [tabulate(production, plan, one, engine=engine, progress=progress) for plan, one in zip(plans, facts, strict=True)]
    counted = [_counted(production, *one, engine) for one in zip(plans, facts, tables, strict=True)]
    return protect_counted(counted, production.store.published(), progress)


def _counted(production: Production, plan: TabulationPlan, facts: FactTable, table: InsideTable, engine: str) -> CountedPlan:
    lineage = plan_lineage(production.pack, plan, facts.feed, facts.loads, engine)
    empty = [column.name for column in facts.feed.columns if not column.required]
    keys = _cell_keys(production, plan, facts, engine) if isinstance(plan.protection, CellKeyProtection) else None
    return CountedPlan(plan, table, plan_metadata(production, plan, facts), lineage, plan.measure.amount not in empty, keys)


def _cell_keys(production: Production, plan: TabulationPlan, facts: FactTable, engine: str) -> CellKeys:
    """Raises: BadInput where there are no record keys, or as ``add_record_keys``."""
    warehouse = Warehouse(production.warehouse)
    if production.keys is None or warehouse.key_fingerprint is None:
        raise BadInput(
            "there are no record keys to perturb counts with", where=f"plan {plan.dataset}", fix="work in the home of the warehouse"
        )
    keys = record_key_table(warehouse, open_record_keys(production.keys, warehouse.key_fingerprint))
    hierarchies, recasts = _hierarchies(production, plan), _recasts(production, plan)
    return add_record_keys(plan, hierarchies, facts, keys, engine, recasts=recasts, settings=production.engines)


def produce_published_tables(production: Production) -> list[Produced]:
    """The tables that their source published before, certified as such (ADR 0007)."""
    produced = []
    for dataset in published_datasets(production.pack):
        protected = ProtectedDataset(dataset, certify_published_by_source(dataset))
        produced.append(Produced(dataset.id, production.store.add(protected), protected))
    return produced


def release(production: Production, bundle: Mapping[str, str], *, at: datetime, decision: Decision) -> Release:
    """Publish a bundle, digests by dataset id, in one step; an unchanged bundle changes nothing.

    Raises: Refused if the decision does not carry it (``check_decision``), or what ``ReleaseStore.publish`` raises.
    """
    check = check_decision(production.store, bundle, decision)
    return production.store.publish(bundle, released_at=at, check=check)


def produce_everything(production: Production, *, engine: str = DEFAULT_ENGINE, progress: Progress | None = None) -> list[Produced]:
    """Every table that a release holds: those of the plans that it releases, and those that their source published before."""
    plans = produce_plans(production, production.pack.released_plans, engine=engine, progress=progress)
    return [*produce_published_tables(production), *plans]


def plan_metadata(production: Production, plan: TabulationPlan, facts: FactTable) -> Metadata:
    pack, hierarchies = production.pack, _hierarchies(production, plan)
    specification = compile_plan(plan, hierarchies, facts, _recasts(production, plan))
    return Metadata(
        title=plan.title,
        unit_measure=plan.unit_measure,
        reference_period=plan.reference_period[0],
        source=plan.source,
        notes=tuple(pack.notes[note] for note in plan.notes),
        legal_basis=plan.legal_basis,
        synthetic=any(load.synthetic for load in facts.loads),
        rows=plan.layout.rows,
        columns=plan.layout.columns,
        chart=plan.layout.chart,
        population=population_of(plan, hierarchies, facts, complete_dimensions(specification, facts)),
    )


def trace(release: Release, dataset_id: str, cell: tuple[str, ...] = ()) -> tuple[LineageStep, ...]:
    """The steps from a released number back to its legal act, newest first.

    Raises: NotFound for an unknown dataset or cell.
    """
    dataset = release.dataset(dataset_id)
    if cell:
        try:
            dataset.structure.position(cell)
        except (KeyError, ValueError) as error:
            shape = " ".join(dimension.id for dimension in dataset.structure.dimensions)
            raise NotFound(
                f"there is no such cell: {error}", where=f"dataset {dataset_id}", fix=f"give a code for each of: {shape}"
            ) from error
    return tuple(reversed(dataset.lineage))


@functools.cache
def _code_digest() -> str:
    """SHA-256 over the core's source: another way of counting or protecting produces anew."""
    core = Path(saime.core.__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(core.rglob("*.py")))).hexdigest()


def _fingerprint(pack: Pack, plan: TabulationPlan, facts: FactTable, engine: str) -> str:
    """Everything that the dataset depends on: code, plan, hierarchies, contract, loads, and the words beside the numbers."""
    hierarchies: list[BaseModel] = [pack.classification(dimension.hierarchy) for dimension in plan.dimensions.values()]
    hierarchies += [pack.recast(dimension.recast) for dimension in plan.dimensions.values() if dimension.recast]
    notes = [pack.notes[note] for note in plan.notes]
    acts = [pack.legal_acts[act] for act in dict.fromkeys((*plan.legal_basis, *facts.feed.legal_basis))]
    return f"{_code_digest()}:{engine}:{digest(plan, *hierarchies, facts.feed, *facts.loads, *notes, *acts)}"
