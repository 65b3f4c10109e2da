"""Load the register of social service providers from a pack; the only writer of the register's tables."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from saime.core.model.text import Text, fold, sort_key
from saime.registers import models
from saime.registers.content import ProviderRow, RegisterContent, read_register
from saime.registers.synchronise import Changes, Wanted, bring_in_line


def load_register(pack_root: Path) -> dict[str, Changes]:
    """Bring the register in line with the pack, in one transaction; a second run changes nothing.

    Answers rows, additions, changes and removals by table. Raises: BadInput naming file, row and column.
    """
    return bring_in_line(_tables(read_register(pack_root)))


def _tables(content: RegisterContent) -> list[Wanted]:
    labels = content.labels
    return [
        Wanted(models.RegisterEdition, [_edition(content)], ("as_of",)),
        Wanted(models.ProviderType, _codes(models.ProviderType, labels.provider_types), ("code",)),
        Wanted(models.ClientGroup, _codes(models.ClientGroup, labels.client_groups), ("code",)),
        Wanted(models.LegalStatus, _codes(models.LegalStatus, labels.legal_statuses), ("code",)),
        Wanted(models.Accommodation, _codes(models.Accommodation, labels.accommodation), ("code",)),
        Wanted(models.LocalGovernment, _local_governments(content), ("code",)),
        Wanted(models.Municipality, _municipalities(content), ("code",)),
        Wanted(models.Succession, _successions(content), ("municipality_id", "local_government_id")),
        Wanted(models.Provider, _providers(content), ("number",)),
        Wanted(models.ProviderClientGroup, _provider_client_groups(content), ("provider_id", "client_group_id")),
        Wanted(models.ProviderNote, list(_provider_notes(content)), ("provider_id", "position")),
        Wanted(models.MunicipalityNote, list(_municipality_notes(content)), ("municipality_id", "position")),
    ]


def _edition(content: RegisterContent) -> models.RegisterEdition:
    edition, act = content.edition, content.legal_basis_now
    return models.RegisterEdition(
        as_of=edition.as_of,
        title_lv=edition.title.lv,
        title_en=edition.title.en,
        source_lv=edition.source.lv,
        source_en=edition.source.en,
        legal_basis_then_lv=edition.legal_basis_then.lv,
        legal_basis_then_en=edition.legal_basis_then.en,
        legal_basis_now_lv=act.title.lv,
        legal_basis_now_en=act.title.en,
        legal_basis_now_number=act.number or "",
        legal_basis_now_adopted=datetime.date.fromisoformat(act.adopted or ""),
    )


def _codes(model: type[models.RegisterCode], labels: dict[str, Text]) -> list[models.RegisterCode]:
    return [model(code=code, name_lv=text.lv, name_en=text.en, position=position) for position, (code, text) in enumerate(labels.items())]


def _local_governments(content: RegisterContent) -> list[models.LocalGovernment]:
    names = {row.atvk_2021: row.name_2021 for row in content.successions}
    return [models.LocalGovernment(code=code, name=name, sort_key=sort_key(name)) for code, name in names.items()]


def _municipalities(content: RegisterContent) -> list[models.Municipality]:
    return [
        models.Municipality(
            code=row.atvk_2009,
            number=row.municipality_no,
            name=row.name,
            kind=row.kind,
            sort_key=sort_key(row.name),
            outline=content.shapes[row.atvk_2009].outline,
            label_x=content.shapes[row.atvk_2009].label[0],
            label_y=content.shapes[row.atvk_2009].label[1],
            outline_is_approximate=content.shapes[row.atvk_2009].is_approximate,
        )
        for row in content.municipalities
    ]


def _successions(content: RegisterContent) -> list[models.Succession]:
    return [
        models.Succession(municipality_id=row.atvk_2009, local_government_id=row.atvk_2021, extent=row.extent)
        for row in content.successions
    ]


def _providers(content: RegisterContent) -> list[models.Provider]:
    codes = {row.name: row.atvk_2009 for row in content.municipalities}
    return [_provider(row, codes[row.municipality], content) for row in content.providers]


def _provider(row: ProviderRow, municipality: str, content: RegisterContent) -> models.Provider:
    return models.Provider(
        number=row.provider_no,
        edition_id=content.edition.as_of,
        municipality_id=municipality,
        name=row.name,
        address=row.address,
        postal_code=row.postal_code,
        phone=row.phone,
        type_id=row.provider_type_code,
        type_words=row.provider_type,
        accommodation_id=row.accommodation,
        legal_status_id=row.legal_status_code,
        legal_status_words=row.legal_status,
        clients_age_sex=row.clients_age_sex,
        serves_children=row.serves_children,
        serves_adults=row.serves_adults,
        client_groups_words=row.client_groups,
        search_text=_search_text(row, content),
        sort_key=sort_key(row.name),
    )


def _search_text(row: ProviderRow, content: RegisterContent) -> str:
    """What a search looks in: the entry's own words, and its coded names in both languages."""
    labels = content.labels
    texts = [labels.provider_types[row.provider_type_code], *(labels.client_groups[code] for code in row.client_group_codes)]
    words = [row.name, row.address, row.postal_code, row.municipality, row.provider_type, row.client_groups, row.legal_status]
    return fold(" ".join([*words, *(text.lv for text in texts), *(text.en for text in texts)]))


def _provider_client_groups(content: RegisterContent) -> list[models.ProviderClientGroup]:
    return [
        models.ProviderClientGroup(provider_id=row.provider_no, client_group_id=code)
        for row in content.providers
        for code in row.client_group_codes
    ]


def _provider_notes(content: RegisterContent) -> Iterable[models.ProviderNote]:
    positions: Counter[int] = Counter()
    for note in content.notes.notes:
        for number in note.entries:
            positions[number] += 1
            yield models.ProviderNote(
                provider_id=number, position=positions[number], topic=note.topic, text_lv=note.text.lv, text_en=note.text.en
            )


def _municipality_notes(content: RegisterContent) -> Iterable[models.MunicipalityNote]:
    positions: Counter[str] = Counter()
    for note in content.notes.municipalities:
        positions[note.municipality] += 1
        yield models.MunicipalityNote(
            municipality_id=note.municipality, position=positions[note.municipality], text_lv=note.text.lv, text_en=note.text.en
        )
