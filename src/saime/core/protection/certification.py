"""Certificates: made from an attack on the published datasets alone, and checked again the same way.

A dataset is attacked alone when it is kept, and together with all that shares cells with it, in its release and in earlier ones, before
it is published. The rule is read from each dataset's lineage, which its digest binds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from saime.core.errors import BadInput, Refused
from saime.core.model.certificate import AMOUNTS, CELL_KEY, MEANS, QUANTILES, SHARES, Certificate, LinkedDataset, dataset_digest
from saime.core.model.dataset import PRIMARY, SECONDARY, Dataset, LineageStep
from saime.core.protection.amount_attack import certify_amounts, prove_amounts_together
from saime.core.protection.attack import Finding, attack, attack_together, exposed_cells, narrowest_interval
from saime.core.protection.cell_keys import certify_cell_keys
from saime.core.protection.constraints import SHOWN
from saime.core.protection.linked import agreeing, connected, shown_by
from saime.core.protection.linked_stocks import unit_told
from saime.core.protection.proofs import LARGE
from saime.core.protection.quantiles import certify_quantiles
from saime.core.protection.secondary import EARLIER_VINTAGES_HELP
from saime.core.protection.shares import certify_shares, counts_told
from saime.core.protection.solver import SOLVER
from saime.core.protection.unlinked import refuse_unlinked

COUNTED_HERE = ("feed", "delivery", "tabulation", "protection")  # kinds of steps in a lineage
PROTECT_AGAIN = "protect the table again, or join codes with small counts in the classification"
METHOD = "attack by linear programming, plain and informed"
METHOD_IN_LARGE = f"{METHOD}; where more than {LARGE} withheld cells hang together, intervals are at least as wide as told"


@dataclass(frozen=True)
class Together:
    """What the attack on a dataset and all that it shares cells with has shown; ``linked`` is empty where it shares none."""

    linked: tuple[LinkedDataset, ...]
    narrowest_interval: float | None


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
    return Certificate.of(dataset, "published_by_source", basis=dataset.metadata.source)


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
    if step := dataset.protected_by(AMOUNTS, MEANS):
        return _expected_of_amounts(dataset, step).model_copy(update={"solver": certificate.solver})
    if step := dataset.protected_by(QUANTILES):
        return certify_quantiles(dataset, step)
    if step := dataset.protected_by(SHARES):
        return certify_shares(dataset, step).model_copy(update={"solver": certificate.solver})
    if step := dataset.protected_by(CELL_KEY):
        return certify_cell_keys(dataset, step)
    minimum = minimum_of(dataset)
    try:
        findings = attack(dataset, minimum)
    except BadInput as contradiction:
        raise _not_certified(dataset, contradiction.what) from contradiction
    refuse_exposed(dataset, exposed_cells(findings, minimum))
    return certify(dataset, minimum, findings).model_copy(update={"solver": certificate.solver})


def _expected_of_amounts(dataset: Dataset, step: LineageStep) -> Certificate:
    try:
        return certify_amounts(dataset, step)
    except BadInput as contradiction:
        raise _not_certified(dataset, contradiction.what) from contradiction


def minimum_of(dataset: Dataset) -> int:
    step = dataset.protected_by()
    minimum = step.details.get("minimum") if step else None
    if not isinstance(minimum, int) or minimum < 2:
        raise _not_certified(dataset, "the lineage has no protection step with a minimum count")
    return minimum


def prove_together(datasets: Sequence[Dataset], earlier: Sequence[Dataset]) -> dict[str, Together]:
    """Attack the datasets of a release as one system with what was published before; by id, those that share cells.

    Raises: Refused naming cells that the datasets give away together, also withheld cells of earlier ones; and datasets
    that may not be published together (``unlinked.py``).
    """
    known = {dataset_digest(dataset) for dataset in datasets}
    before = [dataset for dataset in earlier if dataset_digest(dataset) not in known]
    refuse_unlinked(datasets, before)
    amounts = prove_amounts_together(*([one for one in some if one.protected_by(AMOUNTS, MEANS)] for some in (datasets, before)))
    found = {name: Together(linked, None) for name, linked in amounts.items()}
    return found | _prove_counts(told_counts(datasets, [*datasets, *before]), told_counts(before, [*datasets, *before]))


def told_counts(datasets: Sequence[Dataset], everything: Sequence[Dataset]) -> dict[str, Dataset]:
    """By digest, the datasets of exact counts, and those of shares as the counts that they tell beside totals of ``everything``."""
    counts = [one for one in everything if is_of_counts(one)]
    told = (
        (one, one if is_of_counts(one) else counts_told(one, counts)) for one in datasets if is_of_counts(one) or one.protected_by(SHARES)
    )
    return {dataset_digest(one): found for one, found in told}


def is_of_counts(dataset: Dataset) -> bool:
    """Whether it is part of the system of exact counts."""
    step = dataset.protected_by()
    return step is None or "rule" not in step.details


def _prove_counts(current: dict[str, Dataset], earlier: dict[str, Dataset]) -> dict[str, Together]:
    """By digest; no earlier dataset is among the current ones."""
    kept = agreeing(list(earlier.values()), [shown_by(dataset) for dataset in current.values()])
    everything = [*current.items(), *((digest, dataset) for digest, dataset in earlier.items() if any(dataset is one for one in kept))]
    described = [(dataset.structure, dataset.metadata.population) for _, dataset in everything]
    found: dict[str, Together] = {}
    for group in connected(described):
        if group[0] < len(current) and len(group) > 1:
            found |= _prove_group([everything[place] for place in group], sum(place < len(current) for place in group))
    return found


def _prove_group(group: Sequence[tuple[str, Dataset]], current: int) -> dict[str, Together]:
    """The first ``current`` datasets are of the release, the others were published before."""
    datasets = [dataset for _, dataset in group]
    findings = attack_together(datasets, [minimum_of(dataset) for dataset in datasets])
    for dataset, own in zip(datasets[:current], findings, strict=False):
        refuse_exposed(dataset, exposed_cells(own, minimum_of(dataset)), has_earlier=len(datasets) > current)
    _check_earlier(datasets[current:], findings[current:])
    narrowest = narrowest_interval(tuple(finding for own in findings[:current] for finding in own))
    told = [LinkedDataset(dataset=d.id, digest=digest, earlier=place >= current) for place, (digest, d) in enumerate(group)]
    others = [(*told[:place], *told[place + 1 :]) for place in range(current)]
    return {dataset.id: Together(linked, narrowest) for dataset, linked in zip(datasets, others, strict=False)}


def _check_earlier(datasets: Sequence[Dataset], findings: Sequence[tuple[Finding, ...]]) -> None:
    """Refuse what gives away cells that earlier datasets withhold, unless these gave them away themselves or they are shown now."""
    exposed = [
        {finding.cell for finding in exposed_cells(own, minimum_of(dataset)) if finding.plain.width > 0 or finding.conf_status == PRIMARY}
        for dataset, own in zip(datasets, findings, strict=True)
    ]
    if not any(exposed):
        return
    alone = attack_together(datasets, [minimum_of(dataset) for dataset in datasets])
    for dataset, own, cells in zip(datasets, alone, exposed, strict=True):
        before = {finding.cell for finding in exposed_cells(own, minimum_of(dataset))}
        _refuse_given_away(dataset, tuple(finding for finding in own if finding.cell in cells - before))


def _choices_told(dataset: Dataset) -> dict[str, int]:
    """How many cells were asked to be kept and to be hidden, as the lineage tells."""
    step = dataset.protected_by()
    details = step.details if step else {}
    return {name: int(details[name] or 0) for name in ("keep", "prefer_hidden") if name in details}


def certify(dataset: Dataset, minimum: int, findings: tuple[Finding, ...]) -> Certificate:
    by_status = Counter(finding.conf_status for finding in findings)
    return Certificate.of(
        dataset,
        "attack",
        rules={"rule": "threshold", "minimum": minimum, **unit_told(dataset.metadata.population), **_choices_told(dataset)},
        method=METHOD if all(one.plain.is_exact and one.informed.is_exact for one in findings) else METHOD_IN_LARGE,
        solver=SOLVER,
        withheld=len(findings),
        primary=by_status[PRIMARY],
        secondary=by_status[SECONDARY],
        narrowest_interval=narrowest_interval(findings),
    )


def refuse_exposed(dataset: Dataset, exposed: tuple[Finding, ...], *, has_earlier: bool = False) -> None:
    """``has_earlier``: what was published before may be the reason. Raises: Refused naming the cells."""
    if exposed:
        open_cells = sum(not (finding.plain.is_exact or finding.informed.is_exact) for finding in exposed)
        more = f"; {open_cells} more were not examined to the end" if open_cells else ""
        what = f"{len(exposed) - open_cells} withheld cells can be computed from the published ones{more}"
        raise _exposed(dataset, exposed, what, has_earlier)


def _refuse_given_away(dataset: Dataset, exposed: tuple[Finding, ...]) -> None:
    if exposed:
        what = f"the new tables and the earlier ones together give away {len(exposed)} cells that an earlier release withholds"
        raise _exposed(dataset, exposed, what, has_earlier=True)


def _exposed(dataset: Dataset, exposed: tuple[Finding, ...], what: str, has_earlier: bool) -> Refused:
    fix = f"{PROTECT_AGAIN}; or {EARLIER_VINTAGES_HELP}" if has_earlier else PROTECT_AGAIN
    named = ", ".join("|".join(finding.cell) for finding in exposed[:SHOWN])
    more = f" and {len(exposed) - SHOWN} more" if len(exposed) > SHOWN else ""
    return Refused(what, where=f"dataset {dataset.id}, cells {named}{more}", fix=fix)


def _not_certified(dataset: Dataset, reason: str) -> Refused:
    return Refused(reason, where=f"dataset {dataset.id}", fix="protect the table again and release what that gives")
