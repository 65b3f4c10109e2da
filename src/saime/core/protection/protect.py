"""From an exact table to a dataset that may be published, with the certificate that proves it by attack.

What is required, and verified again from the dataset alone whenever it enters the release store:

1. a primary cell (1 to ``minimum - 1`` persons) can, for a reader of all published counts, hold every count from 1 to ``minimum``;
2. for a reader who also knows the rule and what the statuses mean, every withheld cell can hold two different counts at least.

Where the statuses "small count" (A) and "secondary" (D) would break 2, all withheld cells get the status C, which gives no reason, and 2
becomes: every withheld cell can hold ``minimum`` different counts. Then 1 is enforced here but cannot be told from outside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from saime.core.errors import BadInput, Refused
from saime.core.model.certificate import Certificate, dataset_digest
from saime.core.model.dataset import (
    CONFIDENTIAL,
    FREE,
    NORMAL,
    NOT_AVAILABLE,
    PRIMARY,
    SECONDARY,
    WITHHELD,
    Dataset,
    FrequencyTable,
    LineageStep,
    Metadata,
)
from saime.core.model.text import Text
from saime.core.protection.amount_attack import amounts_step, certify_amounts
from saime.core.protection.attack import Finding, attack, exposed_cells, narrowest_interval
from saime.core.protection.constraints import SHOWN, check_declaration
from saime.core.protection.primary import primary_cells
from saime.core.protection.secondary import Progress, choose_secondary
from saime.core.protection.solver import SOLVER
from saime.core.tabulation.plan import ThresholdProtection

COUNTED_HERE = ("feed", "delivery", "tabulation", "protection")  # kinds of steps in a lineage
METHOD = "attack by linear programming, plain and informed"


@dataclass(frozen=True)
class ProtectedDataset:
    """What the release store takes: a dataset and the certificate made for it."""

    dataset: Dataset
    certificate: Certificate


def protect(
    table: FrequencyTable,
    rule: ThresholdProtection,
    metadata: Metadata,
    lineage: tuple[LineageStep, ...] = (),
    *,
    progress: Progress | None = None,
) -> ProtectedDataset:
    """Withhold small counts and the others that would give them away, and prove the result.

    Shape: the table's cells in the same order. Unit: persons. The same input gives the same pattern.
    Raises: BadInput where counts contradict the declared overlaps; Refused naming cells that nothing protects.
    """
    check_declaration(table)
    primary = primary_cells(table, rule)
    conf_status = _conf_status(table, primary, rule.minimum, progress)
    dataset = _published(table, metadata, (*lineage, _step(rule, conf_status)), conf_status)
    findings = attack(dataset, rule.minimum)
    _refuse_exposed(dataset, exposed_cells(findings, rule.minimum))
    return ProtectedDataset(dataset, _certificate(dataset, rule.minimum, findings))


def certify_published_by_source(dataset: Dataset) -> Certificate:
    """The certificate of figures that their source has printed; its basis is the source that the metadata names.

    Raises: Refused if the metadata does not say that the source published them, or the lineage that they were counted here.
    """
    if not dataset.metadata.published_by_source or any(step.kind in COUNTED_HERE for step in dataset.lineage):
        raise Refused(
            "only figures that their source has published pass without an attack",
            where=f"dataset {dataset.id}",
            fix="protect the table; of figures that were not counted here, set published_by_source and name the publication",
        )
    return Certificate(
        kind="published_by_source",
        dataset=dataset.id,
        dataset_digest=dataset_digest(dataset),
        valid=True,
        cells=dataset.structure.size,
        basis=dataset.metadata.source,
    )


def verify(dataset: Dataset, certificate: Certificate) -> None:
    """Check that the certificate was made for this dataset and still holds; an attack is run again on the dataset alone.

    Raises: Refused naming what does not hold; for exposed cells, their codes.
    """
    if not certificate.valid:
        raise _not_certified(dataset, "the certificate says that it is not valid")
    if (certificate.dataset, certificate.dataset_digest) != (dataset.id, dataset_digest(dataset)):
        raise _not_certified(dataset, "the certificate was made for other observations, structure, metadata or lineage")
    expected = _expected(dataset, certificate)
    differing = [name for name in type(certificate).model_fields if getattr(certificate, name) != getattr(expected, name)]
    if differing:
        raise _not_certified(dataset, f"the certificate's {', '.join(differing)} do not agree with the attack on the dataset")


def _expected(dataset: Dataset, certificate: Certificate) -> Certificate:
    """The certificate that the dataset deserves. The rule is read from the dataset's lineage, which its digest binds."""
    if certificate.kind == "published_by_source":
        return certify_published_by_source(dataset)
    if step := amounts_step(dataset):
        return _expected_of_amounts(dataset, step).model_copy(update={"solver": certificate.solver})
    minimum = _minimum(dataset)
    try:
        findings = attack(dataset, minimum)
    except BadInput as contradiction:
        raise _not_certified(dataset, contradiction.what) from contradiction
    _refuse_exposed(dataset, exposed_cells(findings, minimum))
    return _certificate(dataset, minimum, findings).model_copy(update={"solver": certificate.solver})


def _expected_of_amounts(dataset: Dataset, step: LineageStep) -> Certificate:
    try:
        return certify_amounts(dataset, step)
    except BadInput as contradiction:
        raise _not_certified(dataset, contradiction.what) from contradiction


def _minimum(dataset: Dataset) -> int:
    steps = [step for step in dataset.lineage if step.kind == "protection"]
    minimum = steps[-1].details.get("minimum") if steps else None
    if not isinstance(minimum, int) or minimum < 2:
        raise _not_certified(dataset, "the lineage has no protection step with a minimum count")
    return minimum


def _conf_status(table: FrequencyTable, primary: tuple[int, ...], minimum: int, progress: Progress | None) -> tuple[str, ...]:
    """The status of each cell: with reasons (A, D) where these are safe to tell, else C for all that are withheld."""
    try:
        secondary, reasons = choose_secondary(table, primary, minimum, reasons=True, progress=progress), (PRIMARY, SECONDARY)
    except Refused:
        secondary, reasons = choose_secondary(table, primary, minimum, reasons=False, progress=progress), (CONFIDENTIAL, CONFIDENTIAL)
    statuses = dict.fromkeys(primary, reasons[0]) | dict.fromkeys(secondary, reasons[1])
    return tuple(statuses.get(place, FREE) for place in range(table.structure.size))


def _published(table: FrequencyTable, metadata: Metadata, lineage: tuple[LineageStep, ...], conf_status: tuple[str, ...]) -> Dataset:
    pairs = list(zip(table.values, conf_status, strict=True))
    known = table.obs_status or (NORMAL,) * len(pairs)
    return Dataset(
        id=table.dataset,
        metadata=metadata,
        structure=table.structure,
        values=tuple(value if status == FREE else None for value, status in pairs),
        obs_status=tuple(_obs_status(*pair, status) for pair, status in zip(pairs, known, strict=True)),
        conf_status=conf_status,
        lineage=lineage,
    )


def _obs_status(value: int | None, conf_status: str, known: str) -> str:
    """``known``: what the inside table says of the value, such as that it is an estimate."""
    if value is None:
        return NOT_AVAILABLE
    return known if conf_status == FREE else WITHHELD


def _step(rule: ThresholdProtection, conf_status: tuple[str, ...]) -> LineageStep:
    label = Text(
        lv=f"Statistiskās konfidencialitātes aizsardzība: skaits no 1 līdz {rule.minimum - 1} netiek publicēts",
        en=f"Statistical disclosure control: counts of 1 to {rule.minimum - 1} are withheld",
    )
    withheld = sum(status != FREE for status in conf_status)
    return LineageStep(
        kind="protection", id=f"threshold-{rule.minimum}", label=label, details={"minimum": rule.minimum, "withheld": withheld}
    )


def _certificate(dataset: Dataset, minimum: int, findings: tuple[Finding, ...]) -> Certificate:
    by_status = Counter(finding.conf_status for finding in findings)
    return Certificate(
        kind="attack",
        dataset=dataset.id,
        dataset_digest=dataset_digest(dataset),
        valid=True,
        rules={"rule": "threshold", "minimum": minimum},
        method=METHOD,
        solver=SOLVER,
        cells=dataset.structure.size,
        withheld=len(findings),
        primary=by_status[PRIMARY],
        secondary=by_status[SECONDARY],
        narrowest_interval=narrowest_interval(findings),
    )


def _refuse_exposed(dataset: Dataset, exposed: tuple[Finding, ...]) -> None:
    if exposed:
        named = ", ".join("|".join(finding.cell) for finding in exposed[:SHOWN])
        more = f" and {len(exposed) - SHOWN} more" if len(exposed) > SHOWN else ""
        raise Refused(
            f"{len(exposed)} withheld cells can be computed from the published ones",
            where=f"dataset {dataset.id}, cells {named}{more}",
            fix="protect the table again, or join codes with small counts in the classification",
        )


def _not_certified(dataset: Dataset, reason: str) -> Refused:
    return Refused(reason, where=f"dataset {dataset.id}", fix="protect the table again and release what that gives")
