"""Tables that an agency published before, kept in the pack as ``datasets/NAME.json`` just as they were printed."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.model.dataset import FREE, NORMAL, NOT_AVAILABLE, Dataset, DataStructure, Dimension, DimensionCode, LineageStep, Metadata
from saime.core.model.period import Period
from saime.core.model.text import Text
from saime.core.pack.reader import Pack
from saime.core.tabulation.plan import TIME
from saime.production.lineage import legal_act_steps

TIME_LABEL = Text(lv="Periods", en="Period")


class PrintedRow(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    values: dict[str, int | None]


class PublishedTable(BaseModel):
    """Rows by columns of one period; a null is a cell that the source printed without a figure."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    title: Text
    source: Text
    period: str
    unit_measure: Text
    legal_basis: tuple[str, ...]
    notes: tuple[Text, ...]
    rows_dimension: str
    rows_hierarchy: str
    columns_dimension: str
    columns_hierarchy: str
    rows: tuple[PrintedRow, ...]


def read_published_table(path: Path) -> PublishedTable:
    """Raises: BadInput that names the file and the fault."""
    try:
        return PublishedTable.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise BadInput(f"not a published table: {error}", where=str(path), fix="docs/reference/pack.md shows the form") from error


def published_datasets(pack: Pack) -> list[Dataset]:
    """Every published table of the pack as a dataset, by file name."""
    return [as_dataset(read_published_table(path), pack) for path in sorted((pack.root / "datasets").glob("*.json"))]


def as_dataset(table: PublishedTable, pack: Pack) -> Dataset:
    """The table as its source printed it; nothing is added, left out or derived."""
    rows, columns = pack.classification(table.rows_hierarchy), pack.classification(table.columns_hierarchy)
    structure = DataStructure(
        dimensions=(_dimension(table.rows_dimension, rows), _dimension(table.columns_dimension, columns), _time(table.period))
    )
    printed = {row.id: row.values for row in table.rows}
    try:
        values = tuple(printed[row][column] for row, column, _ in structure.cells())
    except KeyError as error:
        raise BadInput(
            f"the printed table has no row or column {error}", where=table.id, fix="add it or take it out of the hierarchy"
        ) from error
    return Dataset(
        id=table.id,
        metadata=_metadata(table),
        structure=structure,
        values=values,
        obs_status=tuple(NORMAL if value is not None else NOT_AVAILABLE for value in values),
        conf_status=(FREE,) * structure.size,
        lineage=(*legal_act_steps(pack, table.legal_basis), LineageStep(kind="external", id=table.id, label=table.source)),
    )


def _metadata(table: PublishedTable) -> Metadata:
    return Metadata(
        title=table.title,
        unit_measure=table.unit_measure,
        reference_period=table.period,
        source=table.source,
        notes=table.notes,
        legal_basis=table.legal_basis,
        published_by_source=True,
        rows=(table.rows_dimension,),
        columns=(table.columns_dimension,),
        chart={"kind": "bar", "dimension": table.columns_dimension},
    )


def _dimension(name: str, classification: Classification) -> Dimension:
    codes = tuple(DimensionCode(id=code.id, label=code.label, parent=code.parent) for code in classification.codes)
    return Dimension(id=name, label=classification.title, codes=codes, overlaps=True)


def _time(period: str) -> Dimension:
    code = Period.parse(period).code
    return Dimension(id=TIME, label=TIME_LABEL, codes=(DimensionCode(id=code, label=Text(lv=code, en=code)),), role="time")
