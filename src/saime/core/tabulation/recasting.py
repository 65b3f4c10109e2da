"""Facts coded in one version of a classification, counted in another.

A source code that went whole to a target code is counted in it, exactly. One that was split is counted by itself, as an extra code
under the lowest code above all its parts; everything from there up is exact. Below, its persons are divided by stated weights into
whole numbers that add up, and the codes that get a part are estimates (OBS_STATUS E).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from saime.core.errors import BadInput
from saime.core.model.classification import Classification, Code
from saime.core.model.dataset import BREAK, ESTIMATED, NORMAL, DataStructure, Dimension, DimensionCode
from saime.core.model.period import Period
from saime.core.model.recast import Recast, divide
from saime.core.tabulation.specification import CountedDimension, Leaf, OneOf

Counts = npt.NDArray[Any]


@dataclass(frozen=True)
class Split:
    """A source code that was split. ``parts``: of each part, its lineage below the code above all, nearest first, and its weight."""

    source: Code
    parts: tuple[tuple[tuple[int, ...], int], ...]


@dataclass(frozen=True)
class RecastDimension:
    """``dimension``: of the table. ``counted``: the same with one more code, at the end, for each split source code."""

    dimension: Dimension
    counted: CountedDimension
    splits: tuple[Split, ...]

    def is_estimate(self, period: Period) -> npt.NDArray[np.bool_]:
        """For each code, whether a part of a split code that holds in the period is in it."""
        marks = np.zeros(len(self.dimension.codes), np.bool_)
        for split in self.splits:
            if split.source.holds_in(period):
                marks[[place for lineage, _ in split.parts for place in lineage]] = True
        return marks

    def obs_status(self, periods: Sequence[Period]) -> list[list[str]]:
        """Of each code in each period. B stands where the figure of the last period before, of the same length, is an estimate."""
        estimates = [self.is_estimate(period) for period in periods]
        statuses = [[ESTIMATED if mark else NORMAL for mark in marks] for marks in zip(*estimates, strict=True)]
        for place, period in enumerate(periods):
            before = [n for n, other in enumerate(periods) if other.frequency == period.frequency and other.end < period.start]
            if before:
                last = max(before, key=lambda n: periods[n].end)
                for code in np.flatnonzero(estimates[last] & ~estimates[place]):
                    statuses[code][place] = BREAK
        return statuses


def recast_dimension(
    described: CountedDimension,
    hierarchy: Classification,
    column: str,
    source: Classification,
    codes: Sequence[str],
    recast: Recast,
    where: str,
) -> RecastDimension:
    """``described``: the table's dimension without leaves. ``codes``: those that the facts' column holds, in the order of their
    positions; ``source``: their classification.

    Raises: BadInput for a code that the mapping leads nowhere, or to a code that is no leaf of the hierarchy.
    """
    leaves = {code.id: place for place, code in enumerate(hierarchy.codes) if code in hierarchy.leaves}
    whole: dict[str, list[int]] = {leaf: [] for leaf in leaves}
    splits: list[tuple[int, Split, str | None]] = []
    for position, code in enumerate(codes):
        targets = _targets(code, leaves, recast, where)
        if len(targets) == 1:
            whole[targets[0][0]].append(position)
        else:
            splits.append((position, *_split(source.by_id[code], targets, hierarchy)))
    extra = tuple(DimensionCode(id=f"{split.source.id} (divided)", label=split.source.label, parent=above) for _, split, above in splits)
    dimension = described.dimension
    places = dimension.positions
    counted = [Leaf((OneOf(column, tuple(whole[leaf])),), tuple(places[c] for c in hierarchy.lineage(leaf))) for leaf in leaves]
    for number, (position, _, above) in enumerate(splits, start=len(places)):
        upward = () if above is None else tuple(places[c] for c in hierarchy.lineage(above))
        counted.append(Leaf((OneOf(column, (position,)),), (number, *upward)))
    wider = Dimension.model_validate(dimension.model_dump() | {"codes": (*dimension.codes, *extra)})
    return RecastDimension(dimension, replace(described, dimension=wider, leaves=tuple(counted)), tuple(split for _, split, _ in splits))


def spread(counts: Counts, structure: DataStructure, recasts: dict[str, RecastDimension]) -> Counts:
    """Divide the persons of split codes among their parts. Shape: ``structure``, the counted one; then without the extra codes."""
    dimensions = list(structure.dimensions)
    for axis, dimension in enumerate(structure.dimensions):
        if dimension.id in recasts:
            counts = _spread_axis(counts, axis, dimensions, recasts[dimension.id])
            dimensions[axis] = recasts[dimension.id].dimension
    return counts


def _spread_axis(counts: Counts, axis: int, dimensions: Sequence[Dimension], recast: RecastDimension) -> Counts:
    by_code = np.moveaxis(counts, axis, 0)
    codes = len(recast.dimension.codes)
    result = by_code[:codes].copy()
    others = [dimension for place, dimension in enumerate(dimensions) if place != axis]
    for number, split in enumerate(recast.splits, start=codes):
        weights = tuple(weight for _, weight in split.parts)
        for (lineage, _), part in zip(split.parts, _divided(by_code[number], weights, others), strict=True):
            for place in lineage:
                result[place] += part
    return np.moveaxis(result, 0, axis)


def _divided(counts: Counts, weights: tuple[int, ...], others: Sequence[Dimension]) -> Iterator[Counts]:
    """Each part of the counts. Where another dimension does not overlap, its totals are the sums of their divided parts."""
    distinct, places = np.unique(counts, return_inverse=True)
    divided = np.array([divide(int(count), weights) for count in distinct], np.int64)
    for part in divided.T:
        found = part[places].reshape(counts.shape)
        for axis, dimension in enumerate(others):
            if not dimension.overlaps:
                _sum_up(np.moveaxis(found, axis, 0), dimension)
        yield found


def _sum_up(by_code: Counts, dimension: Dimension) -> None:
    """Each parent becomes the sum of its children, the deepest first, in place."""
    parents = {code.id: code.parent for code in dimension.codes}

    def depth(code: str) -> int:
        parent = parents[code]
        return 0 if parent is None else 1 + depth(parent)

    for parent in sorted(dimension.families, key=depth, reverse=True):
        by_code[dimension.positions[parent]] = sum(by_code[dimension.positions[child]] for child in dimension.families[parent])


def _targets(code: str, leaves: dict[str, int], recast: Recast, where: str) -> tuple[tuple[str, int], ...]:
    """A code that the mapping does not name keeps its place if the other version has it too."""
    targets = recast.targets.get(code, ((code, 1),) if code in leaves else ())
    if not targets:
        what = f"mapping '{recast.id}' does not say what became of code '{code}'"
        raise BadInput(what, where=where, fix=f"add it to classifications/recasts/{recast.id}.csv")
    if unknown := [target for target, _ in targets if target not in leaves]:
        what = f"mapping '{recast.id}' leads from '{code}' to '{unknown[0]}', which is no leaf of the hierarchy"
        raise BadInput(what, where=where, fix=f"mend classifications/recasts/{recast.id}.csv, or use the hierarchy that it leads to")
    return targets


def _split(source: Code, targets: Sequence[tuple[str, int]], hierarchy: Classification) -> tuple[Split, str | None]:
    """The split and the lowest code above all its parts, if there is one."""
    lineages = [hierarchy.lineage(target) for target, _ in targets]
    above = next((code for code in lineages[0] if all(code in lineage for lineage in lineages)), None)
    places = {code.id: place for place, code in enumerate(hierarchy.codes)}
    below = [tuple(places[c] for c in lineage[: lineage.index(above) if above else None]) for lineage in lineages]
    return Split(source, tuple((part, weight) for part, (_, weight) in zip(below, targets, strict=True))), above
