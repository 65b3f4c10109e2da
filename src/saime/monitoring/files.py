"""Targets and indicators as JSON, targets as CSV; every file names its document and the document's status."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language

from saime.monitoring.budget import budget_tables
from saime.monitoring.models import Document, Indicator, LineOfAction, Measured, Target, Term

CSV_COLUMNS = (
    "document", "document_title", "document_status", "document_status_note", "line_of_action", "line_of_action_name", "code", "name",
    "comparator", "value", "unit", "year", "reference_population", "disaggregation", "quote_lv", "notes",
)  # fmt: skip


def as_json(documents: Iterable[Document]) -> dict[str, Any]:
    return {"language": get_language(), "documents": [_document(document) for document in documents]}


def as_csv(documents: Iterable[Document]) -> str:
    """UTF-8 text with one row per target; notes are joined by ``; ``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS)
    writer.writeheader()
    for document in documents:
        head = {"document": document.code, "document_title": document.title}
        head |= {"document_status": document.status, "document_status_note": document.status_note}
        for line in document.lines_of_action.all():
            for target in line.targets.all():
                row = head | _place(line) | _target(target)
                writer.writerow(row | {"notes": "; ".join(row["notes"])})
    return text.getvalue()


def _document(document: Document) -> dict[str, Any]:
    lines = list(document.lines_of_action.all())
    return {
        "code": document.code,
        "title": document.title,
        "status": document.status,
        "status_note": document.status_note,
        "notes": [note.text for note in document.notes.all() if note.is_about_the_document],
        "targets": [_place(line) | _target(target) for line in lines for target in line.targets.all()],
        "indicators": [_place(line) | _indicator(indicator) for line in lines for indicator in line.indicators.all()],
        "budget": _budget(document),
    }


def _place(line: LineOfAction) -> dict[str, Any]:
    return {"line_of_action": line.code, "line_of_action_name": line.name}


def _measured(measured: Measured) -> dict[str, Any]:
    return {"code": measured.code, "name": measured.name, "unit": _name(measured.unit)}


def _target(target: Target) -> dict[str, Any]:
    return _measured(target) | {
        "comparator": target.comparator.name,
        "value": _printed(target.value, target.value_decimals),
        "year": target.year,
        "reference_population": _name(target.reference_population),
        "disaggregation": _name(target.disaggregation),
        "quote_lv": target.quote_lv,
        "notes": [note.text for note in target.notes.all()],
    }


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return _measured(indicator) | {
        "result": indicator.result,
        "baseline_period": indicator.baseline_period,
        "baseline_value": _printed(indicator.baseline_value, indicator.decimals),
        "baseline_women": _printed(indicator.baseline_women, indicator.decimals),
        "baseline_men": _printed(indicator.baseline_men, indicator.decimals),
        "plan": indicator.plan.name,
        "source_document_lv": indicator.source_document_lv or None,
        "notes": [note.text for note in indicator.notes.all()],
    }


def _budget(document: Document) -> list[dict[str, Any]]:
    rows = [
        (table, row, block.total.programme.code if row is not block.total else None)
        for table in budget_tables(document)
        for block in table.blocks
        for row in (block.total, *block.parts)
    ]
    return [
        {
            "budget": table.budget.value,
            "code": row.programme.code,
            "parent": parent,
            "name": row.programme.name,
            "amounts_eur": {str(column.year): amount for column, amount in zip(table.years, row.amounts, strict=True)},
            "notes": [note.text for note in row.programme.notes.all()],
        }
        for table, row, parent in rows
    ]


def _name(term: Term | None) -> str | None:
    return term.name if term else None


def _printed(value: Decimal | None, decimals: int) -> str | None:
    """The digits that the document prints, as text: 4.0 stays 4.0."""
    return None if value is None else f"{value:.{decimals}f}"
