"""JSON-stat 2.0, class ``dataset``, as json-stat.org/full describes it.

Values are a dense list; ``status`` names only observations that are not normal, by CL_OBS_STATUS code, and
``extension.symbols`` explains the codes. Left out: collections, bundles, coordinates, units of a metric dimension
(we have none: the unit stands in the extension).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from saime.core.exchange.explanation import STEP_NAMES, explain_certificate, steps_from_release_back
from saime.core.exchange.publication import Publication, notes
from saime.core.exchange.symbols import symbols_in
from saime.core.model.dataset import NORMAL, Dataset, DataStructure, Dimension, FrequencyTable, LineageStep, MagnitudeTable

MEDIA_TYPES = {
    "px": "text/x-pcaxis",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


def write_jsonstat(dataset: Dataset, publication: Publication, language: str) -> dict[str, Any]:
    """Shape: a JSON-stat dataset, ready for json.dumps, in one language."""
    metadata = dataset.metadata
    message: dict[str, Any] = {
        "version": "2.0",
        "class": "dataset",
        "label": metadata.title.in_language(language),
        "source": metadata.source.in_language(language),
        "updated": publication.released_at.isoformat(timespec="seconds"),
        **_structure(dataset.structure, language),
        "value": list(dataset.values),
        "status": {str(place): status for place, status in enumerate(dataset.obs_status) if status != NORMAL},
        "note": [note.in_language(language) for note in notes(dataset)],
        "link": _links(publication),
        "extension": _extension(dataset, publication, language),
    }
    return {key: content for key, content in message.items() if content not in ({}, [])}


def write_inside_jsonstat(table: FrequencyTable | MagnitudeTable, language: str) -> dict[str, Any]:
    """The exact figures in the same shape, marked as unprotected; for production's eyes, never for a file that leaves it.

    A decimal is written as the nearest double, which shows the same digits.
    """
    return {
        "version": "2.0",
        "class": "dataset",
        "label": table.dataset,
        **_structure(table.structure, language),
        "value": [float(value) if isinstance(value, Decimal) else value for value in table.values],
        "status": {str(place): status for place, status in enumerate(table.obs_status) if status != NORMAL},
        "extension": {"inside": True, "protected": False},
    }


def _structure(structure: DataStructure, language: str) -> dict[str, Any]:
    roles: dict[str, list[str]] = {}
    for dimension in structure.dimensions:
        if dimension.role:
            roles.setdefault(dimension.role, []).append(dimension.id)
    found: dict[str, Any] = {
        "id": [dimension.id for dimension in structure.dimensions],
        "size": list(structure.shape),
        "dimension": {dimension.id: _dimension(dimension, language) for dimension in structure.dimensions},
    }
    return found | ({"role": roles} if roles else {})


def _dimension(dimension: Dimension, language: str) -> dict[str, Any]:
    category: dict[str, Any] = {
        "index": dict(dimension.positions),
        "label": {code.id: code.label.in_language(language) for code in dimension.codes},
    }
    shown = {parent: list(children) for parent, children in dimension.families.items() if parent in dimension.positions}
    if shown:
        category["child"] = shown
    code_notes = {code.id: [code.note.in_language(language)] for code in dimension.codes if code.note}
    if code_notes:
        category["note"] = code_notes
    return {"label": dimension.label.in_language(language), "category": category}


def _links(publication: Publication) -> dict[str, list[dict[str, str]]]:
    files = [{"type": kind, "href": f"{publication.address}.{extension}"} for extension, kind in MEDIA_TYPES.items()]
    return {
        "describedby": [{"type": "text/html", "href": publication.address}],
        "alternate": files,
        "license": [{"type": "text/html", "href": publication.licence}],
    }


def _extension(dataset: Dataset, publication: Publication, language: str) -> dict[str, Any]:
    certificate = publication.certificate
    return {
        "dataset": dataset.id,
        "release": publication.release,
        "unit": dataset.metadata.unit_measure.in_language(language),
        "reference_period": dataset.metadata.reference_period,
        "synthetic": dataset.metadata.synthetic,
        "published_by_source": dataset.metadata.published_by_source,
        "symbols": {s.obs_status: s.meaning.in_language(language) for s in symbols_in(dataset) if s.obs_status != NORMAL},
        "lineage": [_step(step, language) for step in steps_from_release_back(dataset, publication)],
        "certificate": {
            "kind": certificate.kind,
            "valid": certificate.valid,
            "dataset_digest": certificate.dataset_digest,
            "explanation": [text.in_language(language) for text in explain_certificate(certificate)],
        },
        "licence": publication.licence,
    }


def _step(step: LineageStep, language: str) -> dict[str, Any]:
    words = {"name": STEP_NAMES[step.kind].in_language(language), "label": step.label.in_language(language)}
    return step.model_dump(exclude_none=True) | words
