"""Shares of a total, made of protected counts: a share with a withheld count in it is withheld, and a published one tells its count.

Who knows a share and the total that it is of knows the count, to within rounding. So the counts behind shares are protected in the linked
system as if they were published, and a release is attacked with the counts that its shares and published totals tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, floor

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import SHARES, Certificate, rules_of
from saime.core.model.dataset import (
    CONFIDENTIAL,
    FREE,
    NORMAL,
    NOT_AVAILABLE,
    PRIMARY,
    SECONDARY,
    WITHHELD,
    Dataset,
    DataStructure,
    LineageStep,
    Metadata,
)
from saime.core.model.derived import Figure, Number, derive
from saime.core.model.text import Text
from saime.core.protection.amount_attack import determined
from saime.core.protection.constraints import SHOWN, Flags, Places, as_numbers
from saime.core.protection.linked import link, number_cells
from saime.core.protection.linked_stocks import of_counts
from saime.core.protection.solver import SOLVER

METHOD = "all withheld shares can change while everything published stays, for a reader who knows the totals that shares are of"
STEP = Decimal("0.1")  # of a percent, to which shares are rounded


def publish_shares(counts: Dataset, share_of: str, metadata: Metadata) -> tuple[Dataset, Certificate]:
    """Shape: the cells of the protected counts in the same order. Unit: percent of the total of the dimension ``share_of``, rounded.

    A withheld share has the reason of its count; where only its total is withheld, none.
    """
    figures = [Figure(value, status) for value, status in zip(counts.values, counts.obs_status, strict=True)]
    shares = [derive(_percent, figure, figures[total]) for figure, total in zip(figures, _totals(counts.structure, share_of), strict=True)]
    step = _step(counts.lineage[-1], share_of)
    dataset = Dataset(
        id=counts.id,
        metadata=metadata,
        structure=counts.structure,
        values=tuple(None if share.value is None else float(share.value) for share in shares),
        obs_status=tuple(share.obs_status for share in shares),
        conf_status=tuple(
            FREE if share.obs_status != WITHHELD else CONFIDENTIAL if conf == FREE else conf
            for share, conf in zip(shares, counts.conf_status, strict=True)
        ),
        lineage=(*counts.lineage[:-1], step),
    )
    return dataset, certify_shares(dataset, step)


def _percent(part: Number, whole: Number) -> Decimal:
    return (Decimal(100) * Decimal(part) / Decimal(whole)).quantize(STEP, ROUND_HALF_UP)


def _totals(structure: DataStructure, share_of: str) -> list[int]:
    """The position of the total that each cell is a share of."""
    axis = [dimension.id for dimension in structure.dimensions].index(share_of)
    dimension = structure.dimensions[axis]
    parents = {code.id: code.parent for code in dimension.codes}

    def root(code: str) -> str:
        parent = parents[code]
        return code if parent is None else root(parent)

    return [structure.position((*cell[:axis], root(cell[axis]), *cell[axis + 1 :])) for cell in structure.cells()]


def _step(of_counts: LineageStep, share_of: str) -> LineageStep:
    label = Text(
        lv=f"{of_counts.label.lv}; īpatsvars netiek publicēts, ja netiktu publicēts kāds no skaitļiem, no kuriem tas aprēķināts",
        en=f"{of_counts.label.en}; a share is withheld where a count that it is made of would be",
    )
    details = {"rule": SHARES, "minimum": of_counts.details["minimum"], "share_of": share_of}
    return LineageStep(kind="protection", id=f"{SHARES}-{share_of}", label=label, details=details)


def certify_shares(dataset: Dataset, step: LineageStep) -> Certificate:
    """Raises: Refused naming withheld shares that follow from the others."""
    status = np.array(dataset.obs_status)
    withheld = np.flatnonzero(_counts_withheld(dataset, step))
    rows = link([(dataset.structure, dataset.metadata.population)]).rows
    exposed: Places = withheld[determined(rows, ~np.isin(status, (WITHHELD, NOT_AVAILABLE)), withheld)]
    if len(exposed):
        cells = list(dataset.structure.cells())
        named = ", ".join("|".join(cells[place]) for place in exposed[:SHOWN])
        what = f"{len(exposed)} withheld shares follow from the published ones and their totals"
        raise Refused(what, where=f"dataset {dataset.id}, cells {named}", fix="protect the table again")
    return Certificate.of(
        dataset,
        "attack",
        rules=rules_of(step),
        method=METHOD,
        solver=SOLVER,
        withheld=int((status == WITHHELD).sum()),
    )


def _counts_withheld(shares: Dataset, step: LineageStep) -> Flags:
    """Which shares are withheld with their counts. Of one without a reason and with a withheld total, only the total may be."""
    withheld = np.array(shares.obs_status) == WITHHELD
    totals = withheld[_totals(shares.structure, str(step.details["share_of"]))]
    return np.asarray(withheld & (np.isin(shares.conf_status, (PRIMARY, SECONDARY)) | ~totals))


def counts_told(shares: Dataset, counts: Sequence[Dataset]) -> Dataset:
    """The counts that a reader works out of shares and the totals that ``counts`` publish, as a dataset of counts.

    A count that rounding leaves open is not available.
    """
    step = shares.protected_by(SHARES)
    assert step is not None and shares.metadata.population is not None  # noqa: S101, PT018 - ``publish_shares`` gives both
    population = of_counts(shares.metadata.population)
    own, *others = number_cells([(shares.structure, population), *((one.structure, one.metadata.population) for one in counts)])
    known = np.full(max(int(places.max()) for places in (own, *others)) + 1, np.nan)
    for one, places in zip(counts, others, strict=True):
        values = as_numbers(one.values)
        known[places[~np.isnan(values)]] = values[~np.isnan(values)]
    totals = known[own][_totals(shares.structure, str(step.details["share_of"]))]
    told = [_count(share, total) for share, total in zip(shares.values, totals.tolist(), strict=True)]
    hidden = _counts_withheld(shares, step).tolist()
    status = [WITHHELD if own else NOT_AVAILABLE if count is None else NORMAL for own, count in zip(hidden, told, strict=True)]
    return Dataset(
        id=shares.id,
        metadata=shares.metadata.model_copy(update={"population": population}),
        structure=shares.structure,
        values=tuple(n if s == NORMAL else None for n, s in zip(told, status, strict=True)),
        obs_status=tuple(status),
        conf_status=tuple(conf if s == WITHHELD else FREE for s, conf in zip(status, shares.conf_status, strict=True)),
        lineage=(LineageStep(kind="protection", id="told", label=step.label, details={"minimum": step.details["minimum"]}),),
    )


def _count(share: float | None, total: float) -> int | None:
    """The one whole number with this share of the total; None where there are several, or nothing is known."""
    if share is None or np.isnan(total):
        return None
    exact, half, whole = Decimal(str(share)), STEP / 2, Decimal(int(total))
    fewest, most = ceil((exact - half) * whole / 100), floor((exact + half) * whole / 100)
    fitting = [n for n in range(max(0, fewest), min(most, fewest + 2) + 1) if whole and _percent(n, whole) == exact]
    return fitting[0] if len(fitting) == 1 else None
