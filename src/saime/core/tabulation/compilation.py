"""Compile a plan: its hierarchies become dimensions, its codes become tests, its periods become TIME_PERIOD."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from saime.core.errors import BadInput
from saime.core.model.classification import Classification, Code
from saime.core.model.dataset import DataStructure, Dimension, DimensionCode
from saime.core.tabulation.conditions import resolve_code, resolve_conditions
from saime.core.tabulation.plan import PlannedDimension, TabulationPlan
from saime.core.tabulation.specification import CountedDimension, Leaf, Specification, Test
from saime.core.tabulation.time import read_periods, time_dimension
from saime.core.warehouse.facts import FactTable


def compile_plan(plan: TabulationPlan, classifications: Mapping[str, Classification], facts: FactTable) -> Specification:
    """Resolve the plan against the classifications (by the name that the plan uses) and the columns of the facts.

    Raises: BadInput that names plan, dimension, code and remedy when the three do not fit each other.
    """
    where = f"plans/{plan.dataset}.yaml"
    _check_scope(plan, facts, where)
    dimensions = tuple(_dimension(name, planned, classifications, facts, where) for name, planned in plan.dimensions.items())
    periods = read_periods(plan.reference_period, where)
    structure = DataStructure(dimensions=(*(d.dimension for d in dimensions), time_dimension(periods)))
    return Specification(
        dataset=plan.dataset,
        structure=structure,
        filter=resolve_conditions(plan.filter, facts, f"{where}, filter"),
        dimensions=dimensions,
        periods=periods,
        not_available=frozenset(cell for block in plan.not_available for cell in _block(block, structure, where)),
    )


def _check_scope(plan: TabulationPlan, facts: FactTable, where: str) -> None:
    if plan.population != facts.feed.feed:
        what = f"the plan counts feed '{plan.population}', the facts are of feed '{facts.feed.feed}'"
        raise BadInput(what, where=f"{where}, population", fix="tabulate over the facts of the feed that the plan names")
    if len(plan.measures) != 1:
        raise BadInput(f"a plan has one measure, this one has {len(plan.measures)}", where=f"{where}, measures", fix="keep one measure")


def _dimension(
    name: str, planned: PlannedDimension, classifications: Mapping[str, Classification], facts: FactTable, where: str
) -> CountedDimension:
    here = f"{where}, dimension {name}"
    if planned.hierarchy not in classifications:
        known = ", ".join(sorted(classifications)) or "none"
        raise BadInput(f"there is no hierarchy '{planned.hierarchy}'", where=here, fix=f"use one of: {known}")
    hierarchy = classifications[planned.hierarchy]
    if not hierarchy.codes:
        raise BadInput(f"hierarchy '{planned.hierarchy}' has no codes", where=here, fix="add at least one code")
    _check_parents(hierarchy, planned, here)
    leaves = tuple(_leaf(code, hierarchy, planned, facts, here) for code in hierarchy.leaves)
    return CountedDimension(_described(name, planned, hierarchy), leaves)


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


def _block(block: Mapping[str, tuple[str, ...]], structure: DataStructure, where: str) -> set[int]:
    """Positions of the cells of a block; a dimension that the block does not name is there with all its codes."""
    here = f"{where}, not_available"
    if not block:
        raise BadInput("a block of cells names no dimension", where=here, fix="name the codes of at least one dimension")
    for dimension in structure.dimensions:
        if unknown := [code for code in block.get(dimension.id, ()) if code not in dimension.positions]:
            known = ", ".join(dimension.positions)
            what = f"dimension {dimension.id} has no code {', '.join(map(repr, unknown))}"
            raise BadInput(what, where=here, fix=f"use some of: {known}")
    chosen = [block.get(dimension.id, tuple(dimension.positions)) for dimension in structure.dimensions]
    return {structure.position(cell) for cell in product(*chosen)}
