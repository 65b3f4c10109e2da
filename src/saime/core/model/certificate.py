"""The certificate that stands between a protected dataset and a release; protection makes it, readers show it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from saime.core.model.dataset import Dataset, LineageStep
from saime.core.model.text import Text

AMOUNTS, MEANS, QUANTILES = "amounts", "means", "quantiles"  # rules of certificates; counts have a threshold
CELL_KEY, SHARES = "cell-key", "shares"

Kind = Literal["attack", "rule", "perturbation", "published_by_source"]


class LinkedDataset(BaseModel):
    """Another dataset over which the attack ran too; ``earlier``: it was published before and is not part of the release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    digest: str
    earlier: bool = False


class Certificate(BaseModel):
    """Proof that a dataset may be published.

    ``attack``: every withheld cell was attacked over what the dataset publishes and kept its interval.
    ``rule``: what is withheld and rounded follows a rule, and no cell follows from others, so there is nothing to attack.
    ``perturbation``: every count was changed by its cell key; nothing is withheld.
    ``published_by_source``: the figures were published before by their source and are shown as it printed them (ADR 0007).
    ``dataset_digest`` binds the certificate to the dataset it was made for. The certificate is public: it carries
    no digest of the unprotected table, because a reader could guess small counts until the digest agrees.

    ``withheld`` counts primary and secondary cells; these two are 0 where the statuses do not tell them apart.
    ``narrowest_interval``: persons between the fewest and the most that the tightest withheld cell may hold, for a reader
    who knows the rule; None where no withheld cell has a bound above.
    ``linked``: the datasets that share cells with this one, of the release and of earlier ones. A dataset is kept with a certificate
    of its own attack; the release adds ``linked`` and the ``narrowest_interval`` of the attack on all of them together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    dataset: str
    dataset_digest: str
    valid: bool
    rules: dict[str, str | int | float] = {}
    method: str = ""
    solver: str = ""
    cells: int
    withheld: int = 0
    primary: int = 0
    secondary: int = 0
    exposed: int = 0
    narrowest_interval: float | None = None
    basis: Text | None = None
    linked: tuple[LinkedDataset, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset, kind: Kind, **proven: Any) -> Certificate:
        """A valid one for the dataset as it stands. ``proven``: the fields of what was proven, and how."""
        return cls(
            kind=kind, dataset=dataset.id, dataset_digest=dataset_digest(dataset), valid=True, cells=dataset.structure.size, **proven
        )


def rules_of(step: LineageStep) -> dict[str, str | int | float]:
    """What a step of protection applied, without how much it withheld."""
    return {name: value for name, value in step.details.items() if name != "withheld" and value is not None}


def dataset_digest(dataset: Dataset) -> str:
    """SHA-256 of everything a dataset says: id, metadata, structure, values, statuses and lineage, as canonical JSON.

    Canonical: keys sorted, no spaces, UTF-8, and a whole number written without a decimal point whatever its type.
    """
    content = dataset.model_dump(mode="json")
    content["values"] = [_canonical(value) for value in dataset.values]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _canonical(value: int | float | None) -> int | float | None:
    return int(value) if isinstance(value, float) and value.is_integer() else value
