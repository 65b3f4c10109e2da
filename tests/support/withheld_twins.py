"""Two releases that differ in withheld values only: whatever a reader can tell them apart by is a way out. The numbers are made up."""

from __future__ import annotations

from pathlib import Path

from saime.core.model.dataset import Dataset, FrequencyTable
from saime.core.protection.protect import ProtectedDataset, protect
from saime.core.releases.reader import Release
from saime.core.releases.store import ReleaseStore
from saime.core.tabulation.plan import ThresholdProtection
from support.example_datasets import LINEAGE, RELEASED_AT
from support.protection import matrix
from support.released import AREA, SEX, YEAR, counted, metadata

RULE = ThresholdProtection(minimum=5)
LAYOUT = {"rows": ("REF_AREA",), "columns": ("SEX",), "chart": {"kind": "map", "dimension": "REF_AREA"}}


def by_area(moved: int) -> FrequencyTable:
    """Women and men by area; ``moved`` persons of each sex live in Rīga instead of Jūrmala, or the other way round."""
    pairs = {
        "0001000": (6173 - moved, 5291 + moved),
        "0004000": (8317 + moved, 3 - moved),
        "0034000": (4127, 3109),
        "0039000": (0, 2539),
        "0041000": (2063, 9187),
    }
    leaves = {(area, sex, "2022"): count for area, pair in pairs.items() for sex, count in zip("FM", pair, strict=True)}
    return counted("by-area", (AREA, SEX, YEAR), leaves)


def without_reasons(moved: int) -> FrequencyTable:
    """A table whose statuses may not tell small counts from the others: all that is withheld has status C."""
    counts = [[1, 2 + moved, 40 - moved], [1, 0, 1], [1, 2 - moved, 612 + moved], [1, 57, 1]]
    return matrix("ABCD", "xyz", counts).model_copy(update={"dataset": "without-reasons"})


EXACT = (by_area, without_reasons)
TOLD = {"by-area": metadata("Pēc teritorijas", "By area", **LAYOUT), "without-reasons": metadata("Bez iemesliem", "Without reasons")}


def protected(moved: int) -> list[ProtectedDataset]:
    tables = [exact(moved) for exact in EXACT]
    return [protect(table, RULE, TOLD[table.dataset], LINEAGE[:-1]) for table in tables]


def publish_twin(root: Path, moved: int) -> Release:
    store = ReleaseStore(root)
    return store.publish({one.dataset.id: store.add(one) for one in protected(moved)}, released_at=RELEASED_AT)


def withheld_numbers(dataset: Dataset, exact: FrequencyTable) -> set[int]:
    """The exact counts of withheld cells that no published cell has too and that are long enough to be looked for in a text."""
    pairs = zip(exact.values, dataset.obs_status, strict=True)
    return {value for value, status in pairs if status == "Q" and value is not None and value >= 1000} - {*dataset.values}
