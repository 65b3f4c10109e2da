"""Every combination of tables that a reader cannot rule out, beside what the attack says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from saime.core.model.dataset import Dataset
from saime.core.protection.attack import Finding, attack_together
from saime.core.protection.constraints import Numbers


def candidates(every: Numbers, datasets: list[Dataset]) -> Numbers:
    """Those of ``every`` combination of tables, a row each, that show what the datasets show."""
    found, values = every, [value for dataset in datasets for value in dataset.values]
    for place, value in enumerate(values):
        if value is not None:
            found = found[found[:, place] == value]
    return found


def attacked(possible: Numbers, datasets: list[Dataset], minimum: int) -> Iterator[tuple[Finding, Numbers]]:
    """Each finding of the attack on all datasets together, with the values that its cell can have."""
    place = 0
    for dataset, findings in zip(datasets, attack_together(datasets, [minimum] * len(datasets)), strict=True):
        own = possible[:, place : place + dataset.structure.size]
        for finding in findings:
            yield finding, np.asarray(own[:, dataset.structure.position(finding.cell)])
        place += dataset.structure.size
