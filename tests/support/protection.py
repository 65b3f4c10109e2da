"""Tables to protect: built from cells of leaf codes, or from invented persons who may be in several cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from saime.core.model.dataset import Dataset, DataStructure, Dimension, DimensionCode, FrequencyTable, LineageStep, Metadata
from saime.core.model.text import Text
from saime.core.protection import ProtectedDataset, protect
from saime.core.tabulation.plan import ThresholdProtection

Tree = dict[str, str | None]  # code: parent


def words(text: str) -> Text:
    return Text(lv=text, en=text)


METADATA = Metadata(title=words("Table"), unit_measure=words("persons"), reference_period="2022", source=words("Test"), synthetic=True)


def dimension(name: str, tree: Tree, *, overlaps: bool = False, exhaustive: bool = True) -> Dimension:
    codes = tuple(DimensionCode(id=code, label=words(code), parent=parent) for code, parent in tree.items())
    return Dimension(id=name, label=words(name), codes=codes, overlaps=overlaps, exhaustive=exhaustive)


def flat(name: str, leaves: Iterable[str], *, overlaps: bool = False) -> Dimension:
    """A total ``_T`` over the leaves."""
    return dimension(name, {"_T": None, **dict.fromkeys(leaves, "_T")}, overlaps=overlaps)


def table(dimensions: Sequence[Dimension], values: Iterable[int | None]) -> FrequencyTable:
    return FrequencyTable(dataset="test", structure=DataStructure(dimensions=tuple(dimensions)), values=tuple(values))


def matrix(rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]]) -> FrequencyTable:
    """An additive table of two dimensions ROW and COLUMN from its inner counts."""
    inner = {(row, column): counts[i][j] for i, row in enumerate(rows) for j, column in enumerate(columns)}
    structure = DataStructure(dimensions=(flat("ROW", rows), flat("COLUMN", columns)))
    values = [sum(count for leaf, count in inner.items() if _below(leaf, cell)) for cell in structure.cells()]
    return table(structure.dimensions, values)


def _below(leaf: tuple[str, ...], cell: tuple[str, ...]) -> bool:
    return all(code in ("_T", part) for part, code in zip(leaf, cell, strict=True))


def from_persons(dimensions: Sequence[Dimension], persons: Iterable[frozenset[tuple[str, ...]]]) -> FrequencyTable:
    """Count distinct persons; a person is the set of leaf cells that its rows belong to."""
    structure = DataStructure(dimensions=tuple(dimensions))
    counts = dict.fromkeys(structure.cells(), 0)
    for person in persons:
        for cell in {cell for row in person for cell in product(*(_lineage(d, code) for d, code in zip(dimensions, row, strict=True)))}:
            counts[cell] += 1
    return table(dimensions, counts.values())


def _lineage(of: Dimension, code: str) -> list[str]:
    parents = {c.id: c.parent for c in of.codes}
    path = [code]
    while (parent := parents[path[-1]]) is not None:
        path.append(parent)
    return path


def withhold(counted: FrequencyTable, cells: dict[tuple[str, ...], str], *, minimum: int = 5) -> Dataset:
    """What a careless producer would publish: the given cells withheld with the given statuses, everything else shown."""
    places = {counted.structure.position(cell): status for cell, status in cells.items()}
    size = counted.structure.size
    details: dict[str, str | int | float | bool | None] = {"minimum": minimum, "withheld": len(places)}
    return Dataset(
        id=counted.dataset,
        metadata=METADATA,
        structure=counted.structure,
        values=tuple(None if place in places else value for place, value in enumerate(counted.values)),
        obs_status=tuple(_obs_status(place in places, value) for place, value in enumerate(counted.values)),
        conf_status=tuple(places.get(place, "F") for place in range(size)),
        lineage=(LineageStep(kind="protection", id="by-hand", label=words("By hand"), details=details),),
    )


def _obs_status(is_withheld: bool, value: int | None) -> str:
    if is_withheld:
        return "Q"
    return "O" if value is None else "A"


def withheld_cells(dataset: Dataset) -> dict[tuple[str, ...], str]:
    """Each withheld cell with its confidentiality status."""
    triples = zip(dataset.structure.cells(), dataset.obs_status, dataset.conf_status, strict=True)
    return {cell: conf for cell, obs, conf in triples if obs == "Q"}


def protected(counted: FrequencyTable, minimum: int = 5) -> ProtectedDataset:
    return protect(counted, ThresholdProtection(minimum=minimum), METADATA)
