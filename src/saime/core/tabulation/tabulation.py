"""A compiled plan: what an engine counts, and how the plan's table is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from saime.core.model.dataset import NORMAL, DataStructure, FrequencyTable, MagnitudeTable
from saime.core.model.period import Period
from saime.core.tabulation.concepts import Concept
from saime.core.tabulation.contributions import Contributions, in_units
from saime.core.tabulation.plan import Measure
from saime.core.tabulation.recasting import RecastDimension, spread
from saime.core.tabulation.specification import Specification

Integers = npt.NDArray[np.int64]
InsideTable = FrequencyTable | MagnitudeTable
DECIMALS = Decimal("0.000001")  # of a mean of counts; amounts have two


@dataclass(frozen=True)
class Tabulation:
    """``counted``: what engines count. ``structure``: of the table, with ``periods`` in TIME_PERIOD.

    They differ where a measure combines windows, and where codes of another version are divided (``recasts``, by dimension).
    ``not_available``: positions of the table's cells that are not counted.
    """

    counted: Specification
    structure: DataStructure
    periods: tuple[Period, ...]
    measure: Measure
    concept: Concept
    not_available: frozenset[int]
    recasts: dict[str, RecastDimension]

    def table_of_counts(self, counts: FrequencyTable) -> InsideTable:
        """The table of a measure of persons. ``counts``: distinct persons of ``counted``. Shape: the structure's."""
        if not self.concept.combinations and not self.recasts:
            return counts
        dense = np.array([value or 0 for value in counts.values], np.int64).reshape(self.counted.structure.shape)
        dense = spread(dense, self.counted.structure, self.recasts)
        return self._combined(dense.reshape(-1, len(self.concept.windows))) if self.concept.combinations else self._distinct(dense)

    def _distinct(self, counts: Integers) -> FrequencyTable:
        values: list[int | None] = [int(count) for count in counts.reshape(-1)]
        for cell in self.not_available:
            values[cell] = None
        return FrequencyTable(dataset=self.counted.dataset, structure=self.structure, values=tuple(values), obs_status=self.obs_status)

    def _combined(self, counts: Integers) -> InsideTable:
        """``counts``: by cell and window."""
        if self.concept.counts_persons:
            combined = [[int(combination.value(cell)) for combination in self.concept.combinations] for cell in counts.tolist()]
            return self._distinct(np.array(combined, np.int64))
        values: list[Decimal | None] = []
        contributors: list[int | None] = []
        for cell in counts.tolist():
            for combination in self.concept.combinations:
                values.append(_decimal(combination.value(cell)))
                contributors.append(cell[combination.contributors])
        return self._magnitudes(values, contributors)

    @property
    def obs_status(self) -> tuple[str, ...]:
        """By cell: E where a divided code has a part in it, B at the first period after such ones; empty where all is ordinary."""
        if not self.recasts:
            return ()
        statuses = np.full(self.structure.shape, NORMAL, object)
        for axis, dimension in enumerate(self.structure.dimensions):
            if dimension.id in self.recasts:
                found = np.array(self.recasts[dimension.id].obs_status(self.periods), object)
                shape = [1] * len(statuses.shape)
                shape[axis], shape[-1] = found.shape
                statuses = np.maximum(statuses, found.reshape(shape))  # an estimate after a break is an estimate: A < B < E
        return tuple(statuses.reshape(-1).tolist())

    def table_of_amounts(self, added: Contributions) -> MagnitudeTable:
        """The table of a statistic of amounts. Shape: the structure's. Unit: that of the amounts, such as euros."""
        values = [added.statistic(cell, self.measure) for cell in range(self.structure.size)]
        largest = [tuple(map(in_units, row)) for row in added.largest_of_each()]
        totals = [in_units(int(total)) for total in added.sums] if self.measure.statistic == "mean" else []
        return self._magnitudes(values, [int(n) for n in added.persons], largest, totals)

    def _magnitudes(
        self,
        values: list[Decimal | None],
        contributors: list[int | None],
        largest: Sequence[tuple[Decimal, ...]] = (),
        totals: Sequence[Decimal] = (),
    ) -> MagnitudeTable:
        known, added = list(largest), list[Decimal | None](totals)
        for cell in self.not_available:
            values[cell] = contributors[cell] = None
            if added:
                added[cell] = None
            if known:
                known[cell] = ()
        return MagnitudeTable(
            dataset=self.counted.dataset,
            structure=self.structure,
            measure=self.concept.name,
            is_additive=self.concept.is_additive,
            values=tuple(values),
            contributors=tuple(contributors),
            largest=tuple(known),
            totals=tuple(added),
            obs_status=self.obs_status,
        )


def _decimal(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / value.denominator
    return exact if value.denominator == 1 else exact.quantize(DECIMALS, ROUND_HALF_UP)
