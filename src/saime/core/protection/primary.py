"""Primary suppression: which counts are small enough to point at persons."""

from __future__ import annotations

from saime.core.model.dataset import FrequencyTable
from saime.core.tabulation.plan import ThresholdProtection


def primary_cells(table: FrequencyTable, rule: ThresholdProtection) -> tuple[int, ...]:
    """Positions of the cells with 1 to ``minimum - 1`` persons, in the order of the observations.

    Unit: persons. True zeros stay: they point at nobody. A cell that is not available has no count and is never primary.
    Group disclosure (all persons of a margin in one cell) is another rule and not part of this one.
    """
    return tuple(place for place, count in enumerate(table.values) if count is not None and 0 < count < rule.minimum)
