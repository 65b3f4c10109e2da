"""From an exact table of counts to a dataset whose every count is changed a little, by the key of its cell.

What a reader must know goes with the dataset: that counts are changed, by how much at most, and that they do not add up. The keys stay
inside. ``perturbation.py`` says how a change follows from a count and a key.
"""

from __future__ import annotations

import hashlib

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import CELL_KEY, Certificate, rules_of
from saime.core.model.dataset import FREE, NORMAL, NOT_AVAILABLE, Dataset, FrequencyTable, LineageStep, Metadata
from saime.core.model.perturbation_parameters import PerturbationParameters
from saime.core.model.text import Text
from saime.core.protection.constraints import as_numbers
from saime.core.protection.perturbation import Keys, PerturbationTable
from saime.core.protection.perturbation_design import PerturbationDesign

METHOD = "cell keys from the record keys of the distinct persons of each cell, margins too; proven from outside: table and blocked counts"
DIGITS = 9  # of a probability, in the digest of a perturbation table: more depends on the machine


def protect_by_cell_keys(
    table: FrequencyTable, keys: Keys, parameters: PerturbationParameters, metadata: Metadata, lineage: tuple[LineageStep, ...]
) -> tuple[Dataset, Certificate]:
    """Change each count by its key. Shape: the table's cells in the same order. Unit: persons. A true zero stays zero.

    Raises: BadInput if no distribution meets the parameters.
    """
    counts = np.nan_to_num(as_numbers(table.values)).astype(np.int64)
    perturbation = designed(parameters, field_of_plan(table.dataset))
    changed = counts + perturbation.changes(counts, keys)
    known = table.obs_status or (NORMAL,) * len(counts)
    step = _step(parameters, perturbation)
    dataset = Dataset(
        id=table.dataset,
        metadata=metadata.model_copy(update={"notes": (*metadata.notes, _note(parameters))}),
        structure=table.structure,
        values=tuple(None if value is None else int(count) for value, count in zip(table.values, changed, strict=True)),
        obs_status=tuple(NOT_AVAILABLE if value is None else status for value, status in zip(table.values, known, strict=True)),
        conf_status=(FREE,) * len(counts),
        lineage=(*lineage, step),
    )
    return dataset, certify_cell_keys(dataset, step)


def field_of_plan(dataset: str) -> str:
    """Where the parameters stand."""
    return f"plans/{dataset}.yaml, protection: cell_key"


def designed(parameters: PerturbationParameters, where: str) -> PerturbationTable:
    """The perturbation table that the parameters lead to. Raises: BadInput naming the one that cannot be met ``where`` they stand."""
    falling = (parameters.falling,) if isinstance(parameters.falling, bool) else parameters.falling
    design = PerturbationDesign(parameters.largest_change, parameters.variance, parameters.blocked, parameters.stay, falling)
    return design.table("of the plan", where=where)


def table_digest(table: PerturbationTable) -> str:
    """SHA-256 over count, change and probability of every transition."""
    rows = [f"{row.count},{row.change},{row.probability:.{DIGITS}f}" for row in table.transitions]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _note(parameters: PerturbationParameters) -> Text:
    most = parameters.largest_change
    return Text(
        lv=f"Lai neatklātu personas, katrs skaitlis ir nejauši mainīts, ne vairāk kā par {most}. Nulles ir patiesas. Tāpēc daļu summa "
        "var nesakrist ar kopskaitu; kopskaits ir precīzāks nekā summa.",
        en=f"To protect persons, every count is changed at random, by {most} at most. Zeros are true. So parts need not add up to "
        "their total; the total is more exact than the sum.",
    )


def _step(parameters: PerturbationParameters, perturbation: PerturbationTable) -> LineageStep:
    label = Text(
        lv="Statistiskās konfidencialitātes aizsardzība: katrs skaitlis ir nedaudz mainīts pēc šūnas atslēgas",
        en="Statistical disclosure control: every count is changed a little by the key of its cell",
    )
    falling = parameters.falling
    told = "" if falling is True else str(falling) if isinstance(falling, bool) else ", ".join(map(str, falling))
    details: dict[str, str | int | float | bool | None] = {
        "rule": CELL_KEY,
        "largest_change": parameters.largest_change,
        "variance": parameters.variance,
        "blocked": parameters.blocked,
        "stay": parameters.stay,
        "falling": told or None,
        "table_digest": table_digest(perturbation),
    }
    return LineageStep(kind="protection", id=f"{CELL_KEY}-{parameters.largest_change}", label=label, details=details)


def certify_cell_keys(dataset: Dataset, step: LineageStep) -> Certificate:
    """Raises: Refused for a table that the parameters do not lead to, a blocked count, or a missing note."""
    parameters = _parameters(step)
    if table_digest(designed(parameters, f"dataset {dataset.id}, lineage")) != step.details["table_digest"]:
        raise _refused(dataset, "the perturbation table is not the one that the parameters lead to")
    if any(value is not None and (value != int(value) or value < 0 or 0 < value <= parameters.blocked) for value in dataset.values):
        raise _refused(dataset, f"a value is no count, or from 1 to {parameters.blocked}, which the perturbation table never gives")
    if _note(parameters) not in dataset.metadata.notes:
        raise _refused(dataset, "no note tells readers that the counts are changed")
    return Certificate.of(dataset, "perturbation", rules=rules_of(step), method=METHOD)


def _parameters(step: LineageStep) -> PerturbationParameters:
    given = {name: step.details.get(name) for name in ("largest_change", "variance", "blocked", "stay")}
    falling = step.details.get("falling")
    flags = [part == "True" for part in str(falling).split(", ")] if falling else [True]
    return PerturbationParameters.model_validate({**given, "falling": flags[0] if len(flags) == 1 else tuple(flags)})


def _refused(dataset: Dataset, what: str) -> Refused:
    return Refused(what, where=f"dataset {dataset.id}", fix="protect the table again")
