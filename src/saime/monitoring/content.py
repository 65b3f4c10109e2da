"""The files under ``documents/`` of a pack that hold policy documents, read and checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel

from saime.core.errors import BadInput
from saime.core.model.text import Text
from saime.core.pack.yaml_file import read_model
from saime.registers.rows import Faults, OptionalInt, Row, Words, read_rows

OptionalDecimal = Annotated[Decimal | None, BeforeValidator(lambda value: value or None)]
OptionalWords = Annotated[str | None, BeforeValidator(lambda value: value or None)]


class TargetRow(Row):
    document: Words
    line_of_action: Words
    line_of_action_lv: Words
    line_of_action_en: Words
    target_no: Words
    indicator_lv: Words
    indicator_en: Words
    unit: OptionalWords
    comparator: Words
    target_value: OptionalDecimal
    target_year: OptionalInt
    reference_population: OptionalWords
    disaggregation: OptionalWords
    source_quote_lv: Words


class IndicatorRow(Row):
    line_of_action_no: Words
    line_of_action_lv: Words
    line_of_action_en: Words
    indicator_no: Words
    result_lv: Words
    result_en: Words
    indicator_lv: Words
    indicator_en: Words
    unit: OptionalWords
    baseline_year: Words
    baseline_value: Decimal
    baseline_women: OptionalDecimal
    baseline_men: OptionalDecimal
    plan_2019: Words
    source_document: str
    source_footnotes: str


class BudgetRow(Row):
    budget: Literal["basic", "special"]
    programme_code: Words
    parent_code: OptionalWords
    name_lv: Words
    name_en: Words
    year: int
    kind: Literal["plan", "projection"]
    eur: OptionalInt

    @property
    def programme(self) -> str:
        return f"{self.budget} {self.programme_code}"

    @property
    def parent(self) -> str | None:
        return f"{self.budget} {self.parent_code}" if self.parent_code else None


class PackFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentEntry(PackFile):
    title: Text
    status: Literal["draft", "ended"]
    status_note: Text
    years: tuple[int, int]
    targets: str | None = None
    indicators: str | None = None
    budget: str | None = None


class Documents(PackFile):
    documents: dict[str, DocumentEntry]
    units: dict[str, Text]
    comparators: dict[str, Text]
    populations: dict[str, Text]


class NoteEntry(PackFile):
    text: Text
    targets: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()


class DocumentNotes(RootModel[dict[str, tuple[NoteEntry, ...]]]):
    """Notes by document."""


@dataclass(frozen=True)
class DocumentRows:
    """The rows of one document's files."""

    targets: list[TargetRow]
    indicators: list[IndicatorRow]
    budget: list[BudgetRow]


@dataclass(frozen=True)
class DocumentContent:
    terms: Documents
    rows: dict[str, DocumentRows]
    notes: dict[str, tuple[NoteEntry, ...]]


def read_documents(pack_root: Path) -> DocumentContent:
    """Raises: BadInput that names every fault by file, row and column."""
    folder, faults = pack_root / "documents", Faults()
    terms = read_model(folder / "documents.yaml", Documents)
    rows = {code: _read_rows(entry, folder, faults) for code, entry in terms.documents.items()}
    notes = read_model(folder / "document_notes.yaml", DocumentNotes).root
    faults.raise_if_any(folder)
    for code, entry in terms.documents.items():
        _check(rows[code], entry, terms, folder, faults)
    faults.raise_if_any(folder)
    _check_notes(notes, rows, folder / "document_notes.yaml")
    return DocumentContent(terms, rows, notes)


def _read_rows(entry: DocumentEntry, folder: Path, faults: Faults) -> DocumentRows:
    return DocumentRows(
        targets=read_rows(folder / entry.targets, TargetRow, faults) if entry.targets else [],
        indicators=read_rows(folder / entry.indicators, IndicatorRow, faults) if entry.indicators else [],
        budget=read_rows(folder / entry.budget, BudgetRow, faults) if entry.budget else [],
    )


def _check(rows: DocumentRows, entry: DocumentEntry, terms: Documents, folder: Path, faults: Faults) -> None:
    targets, indicators, budget = (folder / (name or "") for name in (entry.targets, entry.indicators, entry.budget))
    faults.add_unknown(targets, rows.targets, "unit", terms.units)
    faults.add_unknown(targets, rows.targets, "comparator", terms.comparators)
    faults.add_unknown(targets, rows.targets, "reference_population", terms.populations)
    faults.add_unknown(targets, rows.targets, "disaggregation", terms.populations)
    faults.add_unknown(indicators, rows.indicators, "unit", terms.units)
    faults.add_unknown(indicators, rows.indicators, "plan_2019", terms.comparators)
    faults.add_unknown(budget, rows.budget, "parent", {row.programme for row in rows.budget})
    faults.add_repeated(targets, rows.targets, "target_no")
    faults.add_repeated(indicators, rows.indicators, "indicator_no")
    faults.add_repeated(budget, rows.budget, "budget", "programme_code", "year")


def _check_notes(notes: dict[str, tuple[NoteEntry, ...]], rows: dict[str, DocumentRows], path: Path) -> None:
    unknown = [f"document {name}" for name in notes if name not in rows]
    for document in notes.keys() & rows.keys():
        known = {
            "targets": {row.target_no for row in rows[document].targets},
            "indicators": {row.indicator_no for row in rows[document].indicators},
            "programmes": {row.programme for row in rows[document].budget},
        }
        named = [(kind, name) for note in notes[document] for kind in known for name in getattr(note, kind)]
        unknown += [f"{kind} {name}" for kind, name in named if name not in known[kind]]
    if unknown:
        what = f"names what the documents do not have: {', '.join(unknown)}"
        raise BadInput(what, where=str(path), fix="correct the names, or add the document to documents.yaml")
