"""The register's entries as JSON and CSV: the same fields, with source and date in every file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language

from saime.registers.models import Provider, RegisterEdition
from saime.registers.selection import Selection

CSV_COLUMNS = (
    "number", "name", "municipality_2010_code", "municipality_2010", "local_government_2021_codes", "local_government_2021",
    "local_government_is_uncertain", "type_code", "type", "type_words", "accommodation_code", "accommodation", "address", "postal_code",
    "phone", "legal_status_code", "legal_status", "legal_status_words", "clients_age_sex", "serves_children", "serves_adults",
    "client_group_codes", "client_groups", "client_groups_words", "notes", "as_of", "source",
)  # fmt: skip


def as_json(edition: RegisterEdition, selection: Selection, providers: Iterable[Provider]) -> dict[str, Any]:
    entries = [_entry(provider) for provider in providers]
    return {
        "title": edition.title,
        "source": edition.source,
        "as_of": edition.as_of.isoformat(),
        "language": get_language(),
        "legal_basis": {"then": edition.legal_basis_then, "now": edition.legal_basis_now},
        "filters": {name: value for name, value in vars(selection).items() if value},
        "count": len(entries),
        "providers": entries,
    }


def as_csv(edition: RegisterEdition, providers: Iterable[Provider]) -> str:
    """UTF-8 text with one row per entry; lists are joined by ``; ``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS)
    writer.writeheader()
    for provider in providers:
        entry = _entry(provider) | {"as_of": edition.as_of.isoformat(), "source": edition.source}
        writer.writerow({name: _cell(entry[name]) for name in CSV_COLUMNS})
    return text.getvalue()


def _entry(provider: Provider) -> dict[str, Any]:
    governments = list(provider.municipality.successors.all())
    groups = list(provider.client_groups.all())
    return {
        "number": provider.number,
        "name": provider.name,
        "municipality_2010_code": provider.municipality_id,
        "municipality_2010": provider.municipality.name,
        "local_government_2021_codes": [government.code for government in governments],
        "local_government_2021": [government.name for government in governments],
        "local_government_is_uncertain": len(governments) > 1,
        "type_code": provider.type_id,
        "type": provider.type.name,
        "type_words": provider.type_words,
        "accommodation_code": provider.accommodation_id,
        "accommodation": provider.accommodation.name,
        "address": provider.address,
        "postal_code": provider.postal_code,
        "phone": provider.phones,
        "legal_status_code": provider.legal_status_id,
        "legal_status": provider.legal_status.name,
        "legal_status_words": provider.legal_status_words,
        "clients_age_sex": provider.clients_age_sex,
        "serves_children": provider.serves_children,
        "serves_adults": provider.serves_adults,
        "client_group_codes": [group.code for group in groups],
        "client_groups": [group.name for group in groups],
        "client_groups_words": provider.client_groups_words,
        "notes": [{"topic": note.topic, "text": note.text} for note in provider.notes.all()],
    }


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(part["text"] if isinstance(part, dict) else part for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
