"""From an exact table of medians or quantiles to a dataset that may be published: by a rule, with nothing to attack.

A quantile is an amount of one person, or lies between those of two. So it is published only where enough persons stand on either side of
it, and rounded, so that it is no longer anybody's exact amount. A quantile of a whole does not follow from those of its parts, nor the
other way round: it only lies between the least and the greatest of them. No cell is withheld to protect another.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from math import ceil, floor

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import QUANTILES, Certificate, rules_of
from saime.core.model.dataset import (
    CONFIDENTIAL,
    FREE,
    NORMAL,
    NOT_APPLICABLE,
    NOT_AVAILABLE,
    WITHHELD,
    Dataset,
    LineageStep,
    MagnitudeTable,
    Metadata,
)
from saime.core.model.text import Text
from saime.core.protection.constraints import Flags
from saime.core.tabulation.plan import QuantileProtection

METHOD = "persons on either side of each published value, which is rounded; no cell follows from others"


def protect_quantiles(
    table: MagnitudeTable, share: Decimal, rule: QuantileProtection, metadata: Metadata, lineage: tuple[LineageStep, ...], hidden: Flags
) -> tuple[Dataset, Certificate]:
    """Round each value, and withhold those with too few persons below or above and those in ``hidden``.

    Shape: the table's cells in the same order; ``hidden`` one flag a cell. ``share``: of persons at or below the value; ½ for a median.
    """
    statuses = [_status(n, share, rule.each_side, is_hidden=h) for n, h in zip(table.contributors, hidden.tolist(), strict=True)]
    known = table.obs_status or (NORMAL,) * len(statuses)
    step = _step(rule, statuses.count(WITHHELD))
    dataset = Dataset(
        id=table.dataset,
        metadata=metadata,
        structure=table.structure,
        values=tuple(_rounded(v, rule.rounded_to) if s == NORMAL else None for v, s in zip(table.values, statuses, strict=True)),
        obs_status=tuple(told if status == NORMAL else status for told, status in zip(known, statuses, strict=True)),
        conf_status=tuple(CONFIDENTIAL if status == WITHHELD else FREE for status in statuses),
        lineage=(*lineage, step),
    )
    return dataset, certify_quantiles(dataset, step)


def persons_on_either_side(persons: int, share: Decimal) -> int:
    """The fewer of those at or below the quantile and of those at or above it, by their places in rising order."""
    return min(floor(persons * share), persons - ceil(persons * share))


def _status(persons: int | None, share: Decimal, each_side: int, *, is_hidden: bool) -> str:
    if persons is None:
        return NOT_AVAILABLE
    if is_hidden or (persons > 0 and persons_on_either_side(persons, share) < each_side):
        return WITHHELD
    return NORMAL if persons else NOT_APPLICABLE


def _rounded(value: Decimal | None, unit: Decimal) -> float | None:
    return None if value is None else float((value / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit)


def _step(rule: QuantileProtection, withheld: int) -> LineageStep:
    label = Text(
        lv="Statistiskās konfidencialitātes aizsardzība: mediānas un kvantiles ir noapaļotas; ja personu ir par maz, tās netiek publicētas",
        en="Statistical disclosure control: medians and quantiles are rounded, and not published where there are too few persons",
    )
    details: dict[str, str | int | float | bool | None] = {
        "rule": QUANTILES,
        "each_side": rule.each_side,
        "rounded_to": float(rule.rounded_to),
        "withheld": withheld,
    }
    return LineageStep(kind="protection", id=f"{QUANTILES}-{rule.each_side}", label=label, details=details)


def certify_quantiles(dataset: Dataset, step: LineageStep) -> Certificate:
    """Raises: Refused for values that are not rounded as the step says."""
    unit = Decimal(str(step.details["rounded_to"]))
    values = [Decimal(str(value)) for value in dataset.values if value is not None]
    if odd := sum(value % unit != 0 for value in values):
        raise Refused(f"{odd} values are not rounded to {unit}", where=f"dataset {dataset.id}", fix="protect the table again")
    return Certificate.of(
        dataset,
        "rule",
        rules=rules_of(step),
        method=METHOD,
        withheld=int(np.count_nonzero([status == WITHHELD for status in dataset.obs_status])),
    )
