"""The pack's register of providers says what its source says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from saime.core.errors import BadInput
from saime.registers.content import RegisterContent, read_register
from support.pack_copy import copy_pack, replace_in

TYPES = {
    "long_term_care_institution": 34,
    "municipal_social_service": 20,
    "home_care": 10,
    "day_care_centre": 8,
    "social_housing": 5,
    "social_rehabilitation_institution": 5,
    "crisis_centre": 4,
    "night_shelter": 3,
    "group_apartment": 2,
    "short_term_care_institution": 2,
    "day_care_and_rehabilitation_centre": 1,
    "day_centre": 1,
    "family_support_centre": 1,
    "halfway_house": 1,
    "humanitarian_aid": 1,
    "municipal_agency": 1,
    "shelter": 1,
    "soup_kitchen": 1,
}
CLIENT_GROUPS = {
    "elderly": 40,
    "physically_disabled": 30,
    "persons_with_mental_disorders": 27,
    "residents": 18,
    "orphans": 14,
    "persons_in_crisis": 14,
    "visually_impaired": 13,
    "other": 10,
    "families_with_children": 8,
    "hearing_impaired": 7,
    "homeless": 6,
    "disabled_children": 5,
    "poor_persons": 5,
    "victims_of_illegal_acts": 4,
    "young_people": 3,
    "ex_prisoners": 2,
    "addicted_persons": 1,
    "unemployed": 1,
}
LEGAL_STATUSES = {
    "municipal_institution": 46,
    "municipal_unit": 24,
    "limited_company": 13,
    "municipality": 8,
    "state_institution": 4,
    "association": 2,
    "foundation": 2,
    "public_nonprofit": 1,
    "religious_organisation": 1,
}


@pytest.fixture(scope="module")
def content(pack_root: Path) -> RegisterContent:
    return read_register(pack_root)


def test_there_are_101_entries_numbered_without_a_gap(content: RegisterContent) -> None:
    assert [row.provider_no for row in content.providers] == list(range(1, 102))


def test_types_groups_statuses_and_accommodation_are_as_counted_at_the_source(content: RegisterContent) -> None:
    assert Counter(row.provider_type_code for row in content.providers) == TYPES
    assert Counter(code for row in content.providers for code in row.client_group_codes) == CLIENT_GROUPS
    assert Counter(row.legal_status_code for row in content.providers) == LEGAL_STATUSES
    assert Counter(row.accommodation for row in content.providers) == {"with": 50, "without": 50, "both": 1}
    assert sum(row.serves_children for row in content.providers) == 48
    assert sum(row.serves_adults for row in content.providers) == 92


def test_every_label_is_used_and_says_something_in_both_languages(content: RegisterContent) -> None:
    assert set(content.labels.provider_types) == set(TYPES)
    assert set(content.labels.client_groups) == set(CLIENT_GROUPS)
    assert set(content.labels.legal_statuses) == set(LEGAL_STATUSES)
    for labels in (content.labels.provider_types, content.labels.client_groups, content.labels.legal_statuses):
        assert all(text.lv and text.en and text.lv != text.en for text in labels.values())


def test_only_aglona_was_split(content: RegisterContent) -> None:
    counted = Counter(row.name_2009 for row in content.successions)
    assert {name for name, number in counted.items() if number > 1} == {"Aglonas novads"}
    assert len({row.atvk_2009 for row in content.successions}) == len(content.municipalities) == 21


def test_doubts_name_what_the_entry_holds(content: RegisterContent) -> None:
    entries = {row.provider_no: row for row in content.providers}
    assert all("28383161" in entries[number].phone for number in (90, 91, 92))
    assert not entries[43].address
    assert entries[91].address == "dzīvesvietā"
    assert entries[52].address == entries[53].address
    assert entries[52].postal_code != entries[53].postal_code
    assert entries[24].name == entries[42].name
    listed = {row.municipality for row in content.providers if row.provider_type_code == "municipal_social_service"}
    assert not {"Rēzeknes novads", "Rugāju novads"} & listed


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("providers.csv", "\n7,Daugavpils pilsēta", "\n7,Daugavpilis", "providers.csv, row 8, column municipality: 'Daugavpilis'"),
        ("providers.csv", "\n7,Daugavpils", "\n6,Daugavpils", "providers.csv, row 8, column provider_no: repeats row 7"),
        ("providers.csv", "night_shelter", "night_club", "providers.csv, row 6, column provider_type_code: 'night_club'"),
        ("municipalities.csv", "0604300", "9999999", "municipalities.csv, row 4, column atvk_2009: '9999999'"),
        ("local_governments_2010_to_2021.csv", "main_part", "most", "row 13, column extent"),
        ("provider_notes.yaml", "entries: [43]", "entries: [430]", "entry 430"),
        ("register.yaml", "MK-587-2014", "MK-1-1900", "MK-1-1900"),
        ("provider_labels.yaml", "en: Crisis centre", "de: Krisenzentrum", "line 13, provider_types.crisis_centre.en: Field required"),
    ],
)
def test_faults_are_named_by_file_row_and_column(pack_root: Path, tmp_path: Path, file: str, old: str, new: str, named: str) -> None:
    pack = copy_pack(pack_root, tmp_path)
    replace_in(pack / "units" / file, old, new)
    with pytest.raises(BadInput) as raised:
        read_register(pack)
    assert named in str(raised.value)
    assert raised.value.fix
