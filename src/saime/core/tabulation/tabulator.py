"""Tabulate a plan: compile it, count with an engine, and see that the counts agree with what the plan declares."""

from __future__ import annotations

from collections.abc import Mapping

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.model.recast import Recast
from saime.core.tabulation.agreement import check_agreement
from saime.core.tabulation.compilation import NO_RECASTS, compile_tabulation
from saime.core.tabulation.engines import (
    DEFAULT_ENGINE,
    NO_SETTINGS,
    AddsAmounts,
    AddsRecordKeys,
    CellKeys,
    EngineSettings,
    Progress,
    get_engine,
)
from saime.core.tabulation.plan import QUANTILES, TabulationPlan
from saime.core.tabulation.tabulation import InsideTable
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.record_keys import RecordKeyTable


def tabulate_plan(
    plan: TabulationPlan,
    classifications: Mapping[str, Classification],
    facts: FactTable,
    engine: str = DEFAULT_ENGINE,
    progress: Progress | None = None,
    recasts: Mapping[str, Recast] = NO_RECASTS,
    settings: EngineSettings = NO_SETTINGS,
) -> InsideTable:
    """The plan's measure in every cell: a FrequencyTable of distinct persons, or a MagnitudeTable of any other measure.

    Shape: the plan's dimensions in order, codes in the order of their classifications, TIME_PERIOD last. Unit: the plan's.
    Raises: BadInput if plan, classifications and facts do not fit, if the engine does not exist or cannot add up amounts, or
    if the counts do not agree with what plan and classifications declare (``agreement.py``).
    """
    tabulation = compile_tabulation(plan, classifications, facts, recasts)
    counted = tabulation.counted
    if tabulation.measure.amount is not None:
        added = _adder(engine, settings).add_up(counted, facts, ordered=tabulation.measure.statistic in QUANTILES, progress=progress)
        check_agreement(counted.table(added.persons.tolist()), plan, classifications, counted.periods)
        return tabulation.table_of_amounts(added)
    counts = get_engine(engine, settings).tabulate(counted, facts, progress=progress)
    check_agreement(counts, plan, classifications, counted.periods)
    return tabulation.table_of_counts(counts)


def add_record_keys(
    plan: TabulationPlan,
    classifications: Mapping[str, Classification],
    facts: FactTable,
    keys: RecordKeyTable,
    engine: str = DEFAULT_ENGINE,
    progress: Progress | None = None,
    recasts: Mapping[str, Recast] = NO_RECASTS,
    settings: EngineSettings = NO_SETTINGS,
) -> CellKeys:
    """The cell keys of a plan of distinct persons. Shape: the cells of its table, in order.

    Raises: BadInput if the engine does not add up record keys, and for divided codes, whose parts have no persons of their own.
    """
    tabulation = compile_tabulation(plan, classifications, facts, recasts)
    if any(recast.splits for recast in tabulation.recasts.values()):
        what = "a mapping divides codes, and estimated parts have no persons whose keys could be added"
        raise BadInput(
            what, where=f"plans/{plan.dataset}.yaml, protection", fix="protect with a `minimum`, or use a version without splits"
        )
    adder = get_engine(engine, settings)
    if not isinstance(adder, AddsRecordKeys):
        raise BadInput(f"engine {engine} does not add up record keys", where="--engine", fix=f"use --engine {DEFAULT_ENGINE}")
    return adder.add_record_keys(tabulation.counted, facts, keys, progress=progress)


def _adder(name: str, settings: EngineSettings) -> AddsAmounts:
    engine = get_engine(name, settings)
    if not isinstance(engine, AddsAmounts):
        raise BadInput(f"engine {name} does not add up amounts", where="--engine", fix=f"use --engine {DEFAULT_ENGINE}")
    return engine
