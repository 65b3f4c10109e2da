"""What a reader can deduce of the withheld cells of a dataset of amounts, and the certificate that this is nothing exact.

From outside nothing tells primary cells from others, nor what the rules require of each: that would tell contributions. What is proven
again from the dataset alone is that no withheld cell can be computed; what the rules require was proven when it was protected.

Unit: hundredths of the dataset's unit inside, so that all values are whole numbers and no sum is rounded.
"""

from __future__ import annotations

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import AMOUNTS, Certificate, dataset_digest
from saime.core.model.dataset import WITHHELD, Dataset, LineageStep
from saime.core.protection.audit import audit
from saime.core.protection.constraints import INFINITY, SHOWN, Numbers, Places, as_numbers, knowledge
from saime.core.protection.solver import SOLVER

METHOD = "exact intervals of all withheld cells, for a reader of everything the dataset publishes"
HUNDREDTHS = 100


def amounts_step(dataset: Dataset) -> LineageStep | None:
    """The last step of protection, if it protected amounts; None for a dataset of counts."""
    steps = [step for step in dataset.lineage if step.kind == "protection"]
    return steps[-1] if steps and steps[-1].details.get("rule") == AMOUNTS else None


def withheld_intervals(dataset: Dataset) -> tuple[Places, Numbers]:
    """The places of the withheld cells, and the lowest and highest value of each in the dataset's unit. Shape: cells; cells x 2.

    Raises: BadInput if nothing agrees with what is published.
    """
    withheld = np.flatnonzero([status == WITHHELD for status in dataset.obs_status])
    values = np.round(as_numbers(dataset.values) * HUNDREDTHS)
    bounds = np.zeros(len(values)), np.full(len(values), INFINITY)
    return withheld, audit(knowledge(dataset.structure), values, bounds, withheld) / HUNDREDTHS


def certify_amounts(dataset: Dataset, step: LineageStep) -> Certificate:
    """The certificate of a dataset of amounts that was protected as the step says.

    Raises: Refused naming withheld cells that can be computed; BadInput if nothing agrees with what is published.
    """
    withheld, intervals = withheld_intervals(dataset)
    widths = np.round(intervals[:, 1] - intervals[:, 0], 2)
    if len(exposed := withheld[widths <= 0]):
        cells = list(dataset.structure.cells())
        named = ", ".join("|".join(cells[place]) for place in exposed[:SHOWN])
        raise Refused(
            f"{len(exposed)} withheld cells can be computed from the published ones",
            where=f"dataset {dataset.id}, cells {named}",
            fix="protect the table again",
        )
    bounded = widths[np.isfinite(widths)]
    return Certificate(
        kind="attack",
        dataset=dataset.id,
        dataset_digest=dataset_digest(dataset),
        valid=True,
        rules={name: value for name, value in step.details.items() if name != "withheld" and value is not None},
        method=METHOD,
        solver=SOLVER,
        cells=dataset.structure.size,
        withheld=len(withheld),
        narrowest_interval=float(bounded.min()) if len(bounded) else None,
    )
