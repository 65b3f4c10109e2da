"""Which cells of a table from outside are primary, why, and how much uncertainty each of them requires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from saime.core.errors import BadInput
from saime.core.model.dataset import CONFIDENTIAL, PRIMARY
from saime.core.model.primary_rule import PrimaryRule
from saime.core.protection.constraints import Flags, Numbers
from saime.core.protection.rules import dominance, group_disclosure, minimum_frequency, p_percent, pq
from saime.core.protection.table_cells import Cells
from saime.core.protection.table_contents import Contents
from saime.core.protection.table_spec import TableSpec, amount_of

DOMINANCE_BY_ONE, DOMINANCE_BY_TWO, ONE_OR_TWO, CONCENTRATION = "O", "T", "G", "M"  # CL_CONF_STATUS


@dataclass(frozen=True)
class PrimaryCells:
    """Shape: one entry a cell; the protection levels are 0 where a cell is not primary. ``reasons`` are codes of CL_CONF_STATUS."""

    flags: Flags
    reasons: tuple[str, ...]
    lower: Numbers
    upper: Numbers
    sliding: Numbers


@dataclass(frozen=True)
class _Found:
    """What one rule says. ``lower`` and ``upper``: the protection it requires, in the unit of the values."""

    flags: Flags
    reason: str
    lower: Numbers
    upper: Numbers


def find_primary(spec: TableSpec, cells: Cells, contents: Contents) -> PrimaryCells:
    """Shape and unit as of the contents. Where several rules hold, the strictest requirement of each side; the first rule's reason.

    Raises: BadInput where a rule lacks the counts it needs, and where a cell is primary and to be kept.
    """
    found = list(_found(spec, cells, contents))
    flags = np.logical_or.reduce([rule.flags for rule in found])
    lower, upper = (np.max([np.where(rule.flags, getattr(rule, side), 0.0) for rule in found], axis=0) for side in ("lower", "upper"))
    upper = np.where(flags, np.maximum(upper, contents.unit * (lower < contents.unit)), 0.0)  # at least two possible values
    sliding = np.zeros(cells.size)
    if spec.protection is not None:
        required = (spec.protection.lower, spec.protection.upper, spec.protection.sliding)
        lower, upper, sliding = (np.where(flags, amount_of(amount, contents.values), 0.0) for amount in required)
    reasons = np.full(cells.size, "", dtype="<U1")
    for rule in reversed(found):
        reasons[rule.flags] = rule.reason
    return PrimaryCells(flags, tuple(reasons.tolist()), np.minimum(lower, contents.values), upper, sliding)


def _found(spec: TableSpec, cells: Cells, contents: Contents) -> Iterator[_Found]:
    rule, values = spec.rule, contents.values
    share = values * (rule.safety_range / 100.0)
    is_count = spec.is_count and contents.unit == 1.0
    nearby = (np.minimum(values, 1.0), np.ones(cells.size)) if is_count else (share, share)
    if rule.minimum is not None:
        yield _too_few(spec, rule.minimum, contents, share)
    if rule.dominance is not None:
        reason = {1: DOMINANCE_BY_ONE, 2: DOMINANCE_BY_TWO}.get(rule.dominance.n, CONCENTRATION)
        yield _sensitive(dominance(values, contents.largest, rule.dominance.n, rule.dominance.k), reason)
    if rule.p_percent is not None:
        yield _sensitive(p_percent(values, contents.largest, rule.p_percent), ONE_OR_TWO)
    if rule.pq is not None:
        yield _sensitive(pq(values, contents.largest, rule.pq.p, rule.pq.q), ONE_OR_TWO)
    if rule.group_disclosure:
        yield _Found(_disclosed_groups(rule, cells, values), CONFIDENTIAL, *nearby)
    if spec.withhold:
        yield _Found(cells.block("withhold", spec.withhold), CONFIDENTIAL, *nearby)


def _too_few(spec: TableSpec, minimum: int, contents: Contents, share: Numbers) -> _Found:
    """A count must be able to hold everything from 1 (0, if zeros are withheld too) to the minimum."""
    flags = minimum_frequency(contents.frequencies, minimum, zeros=spec.rule.zeros)
    if not spec.is_count:
        return _Found(flags, PRIMARY, share, share)
    values = contents.values
    fewest = 0.0 if spec.rule.zeros else 1.0
    return _Found(flags, PRIMARY, np.maximum(values - fewest, 0.0), np.maximum(minimum - values, 0.0))


def _sensitive(measure: Numbers, reason: str) -> _Found:
    """The interval is symmetric, so that its middle does not tell the value's side."""
    return _Found(measure > 0, reason, measure, measure)


def _disclosed_groups(rule: PrimaryRule, cells: Cells, values: Numbers) -> Flags:
    """Raises: BadInput for a dimension that no table has."""
    names = [dimension.id for dimension in cells.dimensions]
    wanted = names if isinstance(rule.group_disclosure, bool) else list(rule.group_disclosure)
    if unknown := [name for name in wanted if name not in names]:
        where = "the spec's rule.group_disclosure"
        raise BadInput(f"unknown dimension {', '.join(unknown)}", where=where, fix=f"use: {', '.join(names)}")
    flags = np.zeros(cells.size, dtype=np.bool_)
    for grid in cells.grids:
        table = grid.places.reshape(grid.structure.shape)
        for axis, dimension in enumerate(grid.structure.dimensions):
            for children in dimension.families.values() if dimension.id in wanted else ():
                parts = np.take(table, [dimension.positions[child] for child in children], axis=axis)
                flags |= group_disclosure(values, np.moveaxis(parts, axis, -1).reshape(-1, len(children)))
    return flags
