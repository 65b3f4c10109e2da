"""Load policy documents from a pack; the only writer of the monitoring tables."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from saime.core.model.text import Text
from saime.monitoring import models
from saime.monitoring.content import DocumentContent, DocumentRows, IndicatorRow, NoteEntry, TargetRow, read_documents
from saime.registers.synchronise import Changes, Wanted, bring_in_line


def load_documents(pack_root: Path) -> dict[str, Changes]:
    """Bring documents, targets, indicators and budgets in line with the pack, in one transaction; a second run changes nothing.

    Answers rows, additions, changes and removals by table. Raises: BadInput naming file, row and column.
    """
    return bring_in_line(_tables(read_documents(pack_root)))


def _tables(content: DocumentContent) -> list[Wanted]:
    terms, rows = content.terms, content.rows.items()
    return [
        Wanted(models.Unit, _terms(models.Unit, terms.units), ("code",)),
        Wanted(models.Comparator, _terms(models.Comparator, terms.comparators), ("code",)),
        Wanted(models.Population, _terms(models.Population, terms.populations), ("code",)),
        Wanted(models.Document, _documents(content), ("code",)),
        Wanted(models.LineOfAction, [line for code, part in rows for line in _lines_of_action(code, part)], ("key",)),
        Wanted(models.Target, [target for code, part in rows for target in _targets(code, part)], ("key",)),
        Wanted(models.Indicator, [indicator for code, part in rows for indicator in _indicators(code, part)], ("key",)),
        Wanted(models.BudgetProgramme, [programme for code, part in rows for programme in _programmes(code, part)], ("key",)),
        Wanted(models.BudgetLine, [line for code, part in rows for line in _budget_lines(code, part)], ("programme_id", "year")),
        Wanted(models.Note, list(_notes(content)), ("document_id", "position")),
    ]


def _key(document: str, code: str) -> str:
    return f"{document} {code}"


def _terms(model: type[models.Term], terms: dict[str, Text]) -> list[models.Term]:
    return [model(code=code, name_lv=text.lv, name_en=text.en) for code, text in terms.items()]


def _documents(content: DocumentContent) -> list[models.Document]:
    return [
        models.Document(
            code=code,
            title_lv=entry.title.lv,
            title_en=entry.title.en,
            status=entry.status,
            status_note_lv=entry.status_note.lv,
            status_note_en=entry.status_note.en,
            start_year=entry.years[0],
            end_year=entry.years[1],
        )
        for code, entry in content.terms.documents.items()
    ]


def _lines_of_action(document: str, rows: DocumentRows) -> list[models.LineOfAction]:
    named = {row.line_of_action: (_in_small_letters(row.line_of_action_lv), row.line_of_action_en) for row in rows.targets}
    named |= {row.line_of_action_no: (row.line_of_action_lv, row.line_of_action_en) for row in rows.indicators}
    return [
        models.LineOfAction(key=_key(document, code), document_id=document, code=code, position=position, name_lv=lv, name_en=en)
        for position, (code, (lv, en)) in enumerate(named.items())
    ]


def _targets(document: str, rows: DocumentRows) -> list[models.Target]:
    return [_target(document, row, position) for position, row in enumerate(rows.targets)]


def _indicators(document: str, rows: DocumentRows) -> list[models.Indicator]:
    return [_indicator(document, row, position) for position, row in enumerate(rows.indicators)]


def _target(document: str, row: TargetRow, position: int) -> models.Target:
    return models.Target(
        key=_key(document, row.target_no),
        line_of_action_id=_key(document, row.line_of_action),
        code=row.target_no,
        position=position,
        name_lv=_in_small_letters(row.indicator_lv),
        name_en=row.indicator_en,
        unit_id=row.unit,
        comparator_id=row.comparator,
        value=row.target_value,
        value_decimals=_decimals(row.target_value),
        year=row.target_year,
        reference_population_id=row.reference_population,
        disaggregation_id=row.disaggregation,
        quote_lv=row.source_quote_lv,
    )


def _indicator(document: str, row: IndicatorRow, position: int) -> models.Indicator:
    return models.Indicator(
        key=_key(document, row.indicator_no),
        line_of_action_id=_key(document, row.line_of_action_no),
        code=row.indicator_no,
        position=position,
        name_lv=row.indicator_lv,
        name_en=row.indicator_en,
        unit_id=row.unit,
        result_lv=row.result_lv,
        result_en=row.result_en,
        baseline_period=row.baseline_year,
        baseline_value=row.baseline_value,
        baseline_women=row.baseline_women,
        baseline_men=row.baseline_men,
        decimals=_decimals(row.baseline_value),
        plan_id=row.plan_2019,
        source_document_lv=row.source_document,
        source_footnotes=row.source_footnotes,
    )


def _in_small_letters(name: str) -> str:
    """Slides print some names in capitals, which are hard to read in a table."""
    return name.capitalize() if name.isupper() else name


def _decimals(printed: Decimal | None) -> int:
    """How many digits after the point the document prints."""
    return max(0, -int(printed.as_tuple().exponent)) if printed is not None else 0


def _programmes(document: str, rows: DocumentRows) -> list[models.BudgetProgramme]:
    """Programmes before their parts, so that each part finds its parent."""
    first = {row.programme: row for row in reversed(rows.budget)}
    return [
        models.BudgetProgramme(
            key=_key(document, row.programme),
            document_id=document,
            budget=row.budget,
            code=row.programme_code,
            parent_id=_key(document, row.parent) if row.parent else None,
            name_lv=row.name_lv,
            name_en=row.name_en,
        )
        for row in sorted(first.values(), key=lambda row: (row.parent is not None, row.programme))
    ]


def _budget_lines(document: str, rows: DocumentRows) -> list[models.BudgetLine]:
    return [
        models.BudgetLine(programme_id=_key(document, row.programme), year=row.year, kind=row.kind, amount=row.eur) for row in rows.budget
    ]


def _notes(content: DocumentContent) -> Iterable[models.Note]:
    for document, notes in content.notes.items():
        subjects = [(note, subject) for note in notes for subject in _subjects(note, document)]
        for position, (note, subject) in enumerate(subjects):
            yield models.Note(document_id=document, position=position, text_lv=note.text.lv, text_en=note.text.en, **subject)


def _subjects(note: NoteEntry, document: str) -> list[dict[str, str]]:
    """One note per thing named; without any, the note is about the document."""
    kinds = {"target_id": note.targets, "indicator_id": note.indicators, "programme_id": note.programmes}
    return [{field: _key(document, name)} for field, names in kinds.items() for name in names] or [{}]
