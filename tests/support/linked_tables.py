"""Tables of the same persons over the same areas, grouped in several ways: they share the cells of the areas and of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from saime.core.model.dataset import Dataset, DataStructure, FrequencyTable, LineageStep, Population
from saime.core.protection import TableToProtect
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import METADATA, dimension, withhold, words

Groups = Mapping[str, Sequence[str]]  # areas by group


def grouped(name: str, groups: Groups, counts: Mapping[str, int], *, minimum: int = 5, data: str = "d1") -> TableToProtect:
    """Areas below their groups below the total; the period is 2022, from the delivery ``data``."""
    tree: dict[str, str | None] = {"LV": None}
    for group, areas in groups.items():
        tree |= {group: "LV"} | dict.fromkeys(areas, group)
    sums = {group: sum(counts[area] for area in areas) for group, areas in groups.items()}
    values = {"LV": sum(sums.values())} | sums | dict(counts)
    time = dimension("TIME_PERIOD", {"2022": None}).model_copy(update={"role": "time"})
    structure = DataStructure(dimensions=(dimension("AREA", tree), time))
    whom = Population(feed="benefits", measure="persons", data={"2022": data}, complete=("AREA",))
    table = FrequencyTable(dataset=name, structure=structure, values=tuple(values[area] for area in tree))
    metadata = METADATA.model_copy(update={"population": whom})
    return TableToProtect(table, ThresholdProtection(minimum=minimum), metadata, (LineageStep(kind="feed", id="f", label=words("f")),))


def published(one: TableToProtect, statuses: Mapping[str, str], minimum: int = 5) -> Dataset:
    """What a careless producer would publish of the table: the given areas withheld with the given statuses."""
    dataset = withhold(one.table, {(area, "2022"): status for area, status in statuses.items()}, minimum=minimum)
    return dataset.model_copy(update={"id": one.table.dataset, "metadata": one.metadata})


def states(dataset: Dataset) -> dict[str, str]:
    """The status of each area, for people to read."""
    return {cell[0]: status for cell, status in zip(dataset.structure.cells(), dataset.conf_status, strict=True)}
