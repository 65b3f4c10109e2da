"""Compile a plan: its hierarchies become dimensions, its codes become tests, its periods become TIME_PERIOD."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from saime.core.errors import BadInput
from saime.core.model.cell_blocks import places_of
from saime.core.model.classification import Classification, Code
from saime.core.model.dataset import DataStructure, Dimension, DimensionCode
from saime.core.model.recast import Recast
from saime.core.tabulation.concepts import concept_of
from saime.core.tabulation.conditions import check_amount, fact_column, resolve_code, resolve_conditions
from saime.core.tabulation.plan import PlannedDimension, TabulationPlan
from saime.core.tabulation.recasting import RecastDimension, recast_dimension
from saime.core.tabulation.specification import CountedDimension, Leaf, Specification, Test
from saime.core.tabulation.tabulation import Tabulation
from saime.core.tabulation.time import read_periods, time_dimension
from saime.core.warehouse.facts import PERSON, FactTable

SHOWN = 5  # divided codes that a message names
NO_RECASTS: Mapping[str, Recast] = MappingProxyType({})


def compile_plan(
    plan: TabulationPlan, classifications: Mapping[str, Classification], facts: FactTable, recasts: Mapping[str, Recast] = NO_RECASTS
) -> Specification:
    """What engines count for the plan: ``compile_tabulation`` without what is made of the counts."""
    return compile_tabulation(plan, classifications, facts, recasts).counted


def compile_tabulation(
    plan: TabulationPlan, classifications: Mapping[str, Classification], facts: FactTable, recasts: Mapping[str, Recast] = NO_RECASTS
) -> Tabulation:
    """Resolve the plan against the classifications and mappings (by the name that the plan uses) and the columns of the facts.

    Raises: BadInput that names plan, dimension, code and remedy when the three do not fit each other.
    """
    where = f"plans/{plan.dataset}.yaml"
    _check_scope(plan, facts, where)
    measure = plan.measure
    recast = _recast(plan, classifications, facts, recasts, where)
    dimensions = tuple(
        recast[name].counted if name in recast else _dimension(name, planned, classifications, facts, where)
        for name, planned in plan.dimensions.items()
    )
    periods = read_periods(plan.reference_period, where)
    if measure.amount is not None:
        check_amount(measure.amount, plan, periods, facts, where)
    concept = concept_of(measure, periods, where)
    time = time_dimension(periods, side_by_side=not concept.bounds_time)
    described = [recast[d.dimension.id].dimension if d.dimension.id in recast else d.dimension for d in dimensions]
    structure = DataStructure(dimensions=(*described, time))
    time_counted = time_dimension(concept.windows, side_by_side=True) if concept.combinations else time
    not_available = places_of(plan.not_available, structure, f"{where}, not_available")
    counted = Specification(
        dataset=plan.dataset,
        structure=DataStructure(dimensions=(*(d.dimension for d in dimensions), time_counted)),
        filter=resolve_conditions(plan.filter, facts, f"{where}, filter"),
        dimensions=dimensions,
        periods=concept.windows,
        not_available=frozenset() if concept.combinations or recast else not_available,
        amount=measure.amount,
        counts=_counted_column(plan, facts, where),
    )
    return Tabulation(counted, structure, periods, measure, concept, not_available, recast)


def _check_scope(plan: TabulationPlan, facts: FactTable, where: str) -> None:
    if plan.population != facts.feed.feed:
        what = f"the plan counts feed '{plan.population}', the facts are of feed '{facts.feed.feed}'"
        raise BadInput(what, where=f"{where}, population", fix="tabulate over the facts of the feed that the plan names")


def _counted_column(plan: TabulationPlan, facts: FactTable, where: str) -> str:
    """Whose distinct values are counted."""
    if plan.unit == "person":
        return PERSON
    if facts.feed.household_column is None:
        what = f"feed '{facts.feed.feed}' has no column of type household"
        raise BadInput(what, where=f"{where}, unit", fix="count persons, or a feed that tells households")
    if plan.measure.amount is not None:
        raise BadInput("amounts are added up by person, not by household", where=f"{where}, unit", fix="write `unit: person`")
    return facts.feed.household_column


def _recast(
    plan: TabulationPlan, classifications: Mapping[str, Classification], facts: FactTable, recasts: Mapping[str, Recast], where: str
) -> dict[str, RecastDimension]:
    """The dimensions whose facts are coded in another version of the classification."""
    found = {}
    for name, planned in plan.dimensions.items():
        if planned.recast is not None:
            here = f"{where}, dimension {name}"
            hierarchy, column = _hierarchy(planned, classifications, here), fact_column(planned.column or "", facts, here)
            source = classifications[column.code_list or ""]
            codes, recast = facts.code_lists[column.name], recasts[planned.recast]
            described = CountedDimension(_described(name, planned, hierarchy), (), per_person=planned.membership == "per_person")
            found[name] = recast_dimension(described, hierarchy, column.name, source, codes, recast, here)
            if plan.measure.amount is not None and found[name].splits:
                divided = ", ".join(split.source.id for split in found[name].splits[:SHOWN])
                what = f"mapping '{recast.id}' divides codes ({divided}), and nobody knows whose amounts went to which part"
                raise BadInput(what, where=here, fix="count persons, or use a version that the codes go to whole")
    return found


def _hierarchy(planned: PlannedDimension, classifications: Mapping[str, Classification], where: str) -> Classification:
    if planned.hierarchy not in classifications:
        known = ", ".join(sorted(classifications)) or "none"
        raise BadInput(f"there is no hierarchy '{planned.hierarchy}'", where=where, fix=f"use one of: {known}")
    if not classifications[planned.hierarchy].codes:
        raise BadInput(f"hierarchy '{planned.hierarchy}' has no codes", where=where, fix="add at least one code")
    return classifications[planned.hierarchy]


def _dimension(
    name: str, planned: PlannedDimension, classifications: Mapping[str, Classification], facts: FactTable, where: str
) -> CountedDimension:
    here = f"{where}, dimension {name}"
    hierarchy = _hierarchy(planned, classifications, here)
    _check_parents(hierarchy, planned, here)
    leaves = tuple(_leaf(code, hierarchy, planned, facts, here) for code in hierarchy.leaves)
    return CountedDimension(_described(name, planned, hierarchy), leaves, per_person=planned.membership == "per_person")


def _check_parents(hierarchy: Classification, planned: PlannedDimension, where: str) -> None:
    leaves = {code.id for code in hierarchy.leaves}
    for code in hierarchy.codes:
        if code.when is not None and code.id not in leaves:
            what = f"code '{code.id}' has children, which say what belongs to it, and a `when` of its own"
            fix = f"remove its `when` in classifications/{planned.hierarchy}.yaml, or give the condition to a child"
            raise BadInput(what, where=f"{where}, code '{code.id}'", fix=fix)


def _described(name: str, planned: PlannedDimension, hierarchy: Classification) -> Dimension:
    codes = tuple(DimensionCode(id=c.id, label=c.label, parent=c.parent, note=c.note) for c in hierarchy.codes)
    return Dimension(
        id=name, label=hierarchy.title, codes=codes, overlaps=planned.overlaps, exhaustive=planned.exhaustive, role=planned.role
    )


def _leaf(code: Code, hierarchy: Classification, planned: PlannedDimension, facts: FactTable, where: str) -> Leaf:
    positions = {other.id: position for position, other in enumerate(hierarchy.codes)}
    tests = _tests(code, planned, facts, f"{where}, code '{code.id}' of classifications/{planned.hierarchy}.yaml")
    return Leaf(tests, tuple(positions[ancestor] for ancestor in hierarchy.lineage(code.id)))


def _tests(code: Code, planned: PlannedDimension, facts: FactTable, where: str) -> tuple[Test, ...]:
    if code.when is not None:
        return resolve_conditions(code.when, facts, where)
    if planned.column is None:
        fix = "give the code a `when`, or give the plan's dimension the `column` that holds the code"
        raise BadInput(f"nothing says which facts belong to code '{code.id}'", where=where, fix=fix)
    return (resolve_code(planned.column, code.id, facts, where),)
