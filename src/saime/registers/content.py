"""The files under ``units/`` of a pack that make the register of providers, read and checked against each other."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from saime.core.errors import BadInput
from saime.core.model.text import Text
from saime.core.pack.texts import LegalAct, read_legal_acts
from saime.core.pack.yaml_file import read_model
from saime.registers.map import MunicipalityShape, read_shapes
from saime.registers.rows import Codes, Faults, Row, Words, read_rows


class MunicipalityRow(Row):
    municipality_no: int
    atvk_2009: Words
    name: Words
    kind: Literal["republican_city", "novads"]


class SuccessionRow(Row):
    atvk_2009: Words
    name_2009: Words
    atvk_2021: Words
    name_2021: Words
    extent: Literal["whole", "main_part", "part"]
    note: str


class ProviderRow(Row):
    provider_no: int
    municipality: Words
    name: Words
    accommodation: Words
    address: str
    postal_code: str
    provider_type: Words
    provider_type_code: Words
    clients_age_sex: Words
    serves_children: bool
    serves_adults: bool
    client_groups: Words
    client_group_codes: Codes
    legal_status: Words
    legal_status_code: Words
    phone: str


class PackFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Edition(PackFile):
    as_of: datetime.date
    title: Text
    source: Text
    legal_basis_then: Text
    legal_basis_now: str


class Labels(PackFile):
    provider_types: dict[str, Text]
    client_groups: dict[str, Text]
    legal_statuses: dict[str, Text]
    accommodation: dict[str, Text]


class EntryNote(PackFile):
    topic: Literal["phone", "address", "status", "coding", "separators", "other"]
    entries: tuple[int, ...]
    text: Text


class TerritoryNote(PackFile):
    municipality: str
    text: Text


class RegisterNotes(PackFile):
    notes: tuple[EntryNote, ...]
    municipalities: tuple[TerritoryNote, ...]


@dataclass(frozen=True)
class RegisterContent:
    edition: Edition
    legal_basis_now: LegalAct
    labels: Labels
    municipalities: list[MunicipalityRow]
    successions: list[SuccessionRow]
    providers: list[ProviderRow]
    notes: RegisterNotes
    shapes: dict[str, MunicipalityShape]


def read_register(pack_root: Path) -> RegisterContent:
    """Raises: BadInput that names every fault by file, row and column."""
    folder, faults = pack_root / "units", Faults()
    edition = read_model(folder / "register.yaml", Edition)
    municipalities = read_rows(folder / "municipalities.csv", MunicipalityRow, faults)
    content = RegisterContent(
        edition=edition,
        legal_basis_now=_legal_act(pack_root, edition.legal_basis_now, folder / "register.yaml"),
        labels=read_model(folder / "provider_labels.yaml", Labels),
        municipalities=municipalities,
        successions=read_rows(folder / "local_governments_2010_to_2021.csv", SuccessionRow, faults),
        providers=read_rows(folder / "providers.csv", ProviderRow, faults),
        notes=read_model(folder / "provider_notes.yaml", RegisterNotes),
        shapes=read_shapes(pack_root / "geography" / "local-governments-2009.geojson", {row.atvk_2009 for row in municipalities}),
    )
    faults.raise_if_any(folder)  # a row that cannot be read would also be missed by the checks below
    _check(content, folder, faults)
    faults.raise_if_any(folder)
    _check_notes(content, folder / "provider_notes.yaml")
    return content


def _legal_act(pack_root: Path, name: str, path: Path) -> LegalAct:
    act = read_legal_acts(pack_root).get(name)
    if act is None or act.adopted is None:
        what = f"the legal act '{name}' is unknown or has no date"
        raise BadInput(what, where=str(path), fix="add it to documents/legal_acts.yaml with the day it was adopted")
    return act


def _check(content: RegisterContent, folder: Path, faults: Faults) -> None:
    municipalities, successions, providers = (
        folder / name for name in ("municipalities.csv", "local_governments_2010_to_2021.csv", "providers.csv")
    )
    codes = {row.atvk_2009 for row in content.municipalities}
    faults.add_unknown(municipalities, content.municipalities, "atvk_2009", content.shapes.keys())
    faults.add_unknown(municipalities, content.municipalities, "atvk_2009", {row.atvk_2009 for row in content.successions})
    faults.add_unknown(successions, content.successions, "atvk_2009", codes)
    faults.add_unknown(providers, content.providers, "municipality", {row.name for row in content.municipalities})
    faults.add_unknown(providers, content.providers, "provider_type_code", content.labels.provider_types)
    faults.add_unknown(providers, content.providers, "client_group_codes", content.labels.client_groups)
    faults.add_unknown(providers, content.providers, "legal_status_code", content.labels.legal_statuses)
    faults.add_unknown(providers, content.providers, "accommodation", content.labels.accommodation)
    faults.add_repeated(providers, content.providers, "provider_no")
    faults.add_repeated(municipalities, content.municipalities, "atvk_2009")
    faults.add_repeated(successions, content.successions, "atvk_2009", "atvk_2021")


def _check_notes(content: RegisterContent, path: Path) -> None:
    numbers = {row.provider_no for row in content.providers}
    codes = {row.atvk_2009 for row in content.municipalities}
    unknown = sorted({number for note in content.notes.notes for number in note.entries} - numbers)
    absent = sorted({note.municipality for note in content.notes.municipalities} - codes)
    if unknown or absent:
        named = ", ".join([f"entry {number}" for number in unknown] + [f"municipality {code}" for code in absent])
        raise BadInput(f"the notes name what the register does not have: {named}", where=str(path), fix="correct the numbers of the notes")
