"""What a reader can deduce of the withheld cells of datasets of amounts, and the certificates that this is nothing exact.

From outside nothing tells primary cells from others, nor what the rules require of each: that would tell contributions. What is proven
again from datasets alone is that no withheld cell can be computed; what the rules require was proven when they were protected.

A mean times the persons behind it is a sum, and somebody may know the persons. So a published mean counts as a published sum. Which
sums follow from which does not depend on the persons: they only scale the columns of the equations. So it is proven for whatever
persons there are, by asking whether a withheld cell could change while all published ones and all equations stay.

Unit: hundredths of the dataset's unit inside, so that all values are whole numbers and no sum is rounded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import AMOUNTS, MEANS, Certificate, LinkedDataset, dataset_digest, rules_of
from saime.core.model.dataset import NOT_AVAILABLE, WITHHELD, Dataset, DataStructure, LineageStep, Population
from saime.core.protection.audit import audit
from saime.core.protection.averages import as_person_months, divisors, totals_of
from saime.core.protection.constraints import INFINITY, SHOWN, Flags, Knowledge, Numbers, Places
from saime.core.protection.linked import Described, LinkedSystem, connected, link
from saime.core.protection.reduction import keep_rows
from saime.core.protection.solver import SOLVER

METHOD = "exact intervals of all withheld cells, for a reader of everything the dataset publishes"
METHOD_OF_MEANS = "all withheld cells can change while everything published stays, for a reader who knows the persons behind every mean"
HUNDREDTHS = 100
STATISTICS = ("sum", "mean")  # of the same amounts: one system


def described_amounts(structure: DataStructure, population: Population | None) -> Described:
    """As the linked system takes it: sums and means of the same amounts are of one population, person-months and averages of them too."""
    if population is None:
        return structure, None
    population = as_person_months(population)
    measures = [
        {name: value for name, value in measure.items() if name != "statistic" or value not in STATISTICS}
        for measure in json.loads(population.measure)
    ]
    return structure, population.model_copy(update={"measure": json.dumps(measures, sort_keys=True)})


def withheld_intervals(dataset: Dataset) -> tuple[Places, Numbers]:
    """The places of the withheld cells, and the lowest and highest value of each in the dataset's unit. Shape: cells; cells x 2.

    Raises: BadInput if nothing agrees with what is published.
    """
    system = link([described_amounts(dataset.structure, dataset.metadata.population)])
    withheld = np.flatnonzero([status == WITHHELD for status in dataset.obs_status])
    values = np.round(totals_of(dataset) * HUNDREDTHS)
    unit = HUNDREDTHS * divisors(dataset.structure, dataset.metadata.population)[withheld]
    return withheld, sum_intervals(system.rows, values, withheld) / unit[:, None]


def sum_intervals(rows: Knowledge, values: Numbers, withheld: Places) -> Numbers:
    """The lowest and the highest sum of each withheld cell, for a reader of the others. Shape: cells x 2. Unit: of the values."""
    return audit(rows, values, (np.zeros(len(values)), np.full(len(values), INFINITY)), withheld)


def determined(rows: Knowledge, known: Flags, targets: Places) -> Flags:
    """Which of the targets equations fix, whatever the values. Shape: that of the targets."""
    equations = keep_rows(rows, rows.lower == rows.upper)
    size = len(known)
    ends = audit(equations, np.where(known, 0.0, np.nan), (np.full(size, -1.0), np.ones(size)), targets)
    return np.asarray(ends[:, 1] - ends[:, 0] <= 0)


def certify_amounts(dataset: Dataset, step: LineageStep) -> Certificate:
    """The certificate of a dataset of sums or means that was protected as the step says.

    Raises: Refused naming withheld cells that can be computed; BadInput if nothing agrees with what is published.
    """
    is_mean = step.details["rule"] == MEANS
    withheld, widths = _widths_of_means(dataset) if is_mean else _widths_of_sums(dataset)
    _refuse(dataset, withheld[widths <= 0])
    bounded = widths[np.isfinite(widths)]
    return Certificate.of(
        dataset,
        "attack",
        rules=rules_of(step),
        method=METHOD_OF_MEANS if is_mean else METHOD,
        solver=SOLVER,
        withheld=len(withheld),
        narrowest_interval=float(bounded.min()) if len(bounded) else None,
    )


def _widths_of_sums(dataset: Dataset) -> tuple[Places, Numbers]:
    withheld, intervals = withheld_intervals(dataset)
    return withheld, np.round(intervals[:, 1] - intervals[:, 0], 2)


def _widths_of_means(dataset: Dataset) -> tuple[Places, Numbers]:
    """0 for a mean that is fixed, and without end for one that is not: how far it reaches depends on the persons."""
    status = np.array(dataset.obs_status)
    withheld = np.flatnonzero(status == WITHHELD)
    rows = link([described_amounts(dataset.structure, dataset.metadata.population)]).rows
    known = ~np.isin(status, (WITHHELD, NOT_AVAILABLE))
    return withheld, np.where(determined(rows, known, withheld), 0.0, INFINITY)


def prove_amounts_together(datasets: Sequence[Dataset], earlier: Sequence[Dataset]) -> dict[str, tuple[LinkedDataset, ...]]:
    """Attack datasets of amounts that share cells as one system, those of a release and earlier ones; what each was attacked with, by id.

    Raises: Refused naming cells that they give away together.
    """
    everything = [*datasets, *earlier]
    found = {}
    for group in connected([described_amounts(one.structure, one.metadata.population) for one in everything]):
        if group[0] < len(datasets) and len(group) > 1:
            members = [everything[place] for place in group]
            _prove_group(members)
            told = [
                LinkedDataset(dataset=d.id, digest=dataset_digest(d), earlier=p >= len(datasets))
                for p, d in zip(group, members, strict=True)
            ]
            for at, place in enumerate(group):
                if place < len(datasets):
                    found[members[at].id] = (*told[:at], *told[at + 1 :])
    return found


def _prove_group(members: Sequence[Dataset]) -> None:
    system = link([described_amounts(one.structure, one.metadata.population) for one in members])
    known = np.zeros(system.size, dtype=np.bool_)
    for one, places in zip(members, system.places, strict=True):
        known[places[~np.isin(one.obs_status, (WITHHELD, NOT_AVAILABLE))]] = True
    exact = _exact_sums(members, system, known)
    for one, places in zip(members, system.places, strict=True):
        withheld = np.flatnonzero(np.array(one.obs_status) == WITHHELD)
        open_ = withheld[~known[places[withheld]]]
        fixed = determined(system.rows, known, places[open_])
        if exact is not None:
            ends = sum_intervals(system.rows, exact, places[open_])
            fixed |= np.round(ends[:, 1] - ends[:, 0]) <= 0
        _refuse(one, np.sort(np.concatenate([withheld[known[places[withheld]]], open_[fixed]])))


def _exact_sums(members: Sequence[Dataset], system: LinkedSystem, known: Flags) -> Numbers | None:
    """The published sums in hundredths; None where some cell is known by its mean alone, whose persons are not in these datasets."""
    sums = [totals_of(one) if _is_of_sums(one) else np.full(one.structure.size, np.nan) for one in members]
    values = np.round(system.gather(sums) * HUNDREDTHS)
    return None if np.isnan(values[known]).any() else values


def _is_of_sums(dataset: Dataset) -> bool:
    step = dataset.protected_by(AMOUNTS, MEANS)
    return step is not None and step.details["rule"] == AMOUNTS


def _refuse(dataset: Dataset, exposed: Places) -> None:
    if len(exposed):
        cells = list(dataset.structure.cells())
        named = ", ".join("|".join(cells[place]) for place in exposed[:SHOWN])
        raise Refused(
            f"{len(exposed)} withheld cells can be computed from the published ones",
            where=f"dataset {dataset.id}, cells {named}",
            fix="protect the table again, together with those that it shares cells with",
        )
