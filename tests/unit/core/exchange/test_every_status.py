"""Withheld, not available, not applicable, zero, unreliable, estimated and after a break stay apart in every file."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pytest
from python_calamine import CalamineWorkbook

from saime.core.exchange.csv import write_csv
from saime.core.exchange.jsonstat import write_jsonstat
from saime.core.exchange.px import write_px
from saime.core.exchange.symbols import symbols_in
from saime.core.exchange.xlsx import write_xlsx
from support.all_statuses import KINDS, all_statuses
from support.example_datasets import publication

DATASET = all_statuses()
LANGUAGE_PLACE = {"lv": 1, "en": 2}
SIGNS = {"Q": "c", "O": ":", "M": "z", "U": "u", "E": "e", "B": "b"}
PX = {"Q": '".."', "O": '"..."', "M": '"."', "U": '"...."'}


@pytest.mark.parametrize("language", ["lv", "en"])
def test_csv_has_the_codes_and_their_names(language: str) -> None:
    rows = list(csv.DictReader(io.StringIO(write_csv(DATASET, language))))
    told = [(row["KIND"], row["OBS_VALUE"], row["OBS_STATUS"], row["CONF_STATUS"]) for row in rows]
    assert told == [(kind[0], "" if kind[3] is None else str(kind[3]), kind[4], kind[5]) for kind in KINDS]
    names = {symbol.obs_status: symbol.name.in_language(language) for symbol in symbols_in(DATASET) if symbol.obs_status != "A"}
    assert [row["OBS_STATUS_LABEL"] for row in rows] == [names.get(kind[4], "") for kind in KINDS]


def test_px_has_a_symbol_for_each_thing_without_a_number_and_a_note_for_each_number_to_be_careful_with() -> None:
    content = write_px(DATASET, publication(DATASET))
    figures = content.split("DATA=")[1].replace(";", "").split()
    assert figures == [PX[kind[4]] if kind[3] is None else str(kind[3]) for kind in KINDS]
    careful = [kind for kind in KINDS if kind[4] in "UEB"]
    assert content.count("CELLNOTE(") == content.count("CELLNOTE[en](") == len(careful)
    for kind in careful:
        assert f'CELLNOTE("{kind[1]}")' in content
    for number, name in enumerate(("nav piemērojams", "konfidenciāls", "nav datu", "zema ticamība"), start=1):
        assert f'DATASYMBOL{number}="{name}";' in content


@pytest.mark.parametrize("language", ["lv", "en"])
def test_jsonstat_has_a_status_for_each_and_explains_it(language: str) -> None:
    message = write_jsonstat(DATASET, publication(DATASET), language)
    assert message["value"] == [kind[3] for kind in KINDS]
    assert message["status"] == {str(place): kind[4] for place, kind in enumerate(KINDS) if kind[4] != "A"}
    assert message["extension"]["symbols"].keys() == SIGNS.keys()


@pytest.mark.parametrize(("language", "name"), [("lv", "Dati"), ("en", "Data")])
def test_a_workbook_keeps_numbers_and_shows_their_signs(language: str, name: str) -> None:
    content = write_xlsx(DATASET, publication(DATASET), language)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name).to_python()
    lines = {row[0]: (number, row[1]) for number, row in enumerate(rows, start=1)}
    for kind in KINDS:
        line, value = lines[kind[LANGUAGE_PLACE[language]]]
        sign = SIGNS.get(kind[4])
        assert value == (sign if kind[3] is None else kind[3])
        if kind[3] is not None:
            assert number_format(content, f"B{line}") == (f'#,##0" {sign}"' if sign else "#,##0")
    for symbol in symbols_in(DATASET):
        assert f"{symbol.sign} – {symbol.meaning.in_language(language)}" in lines


def number_format(workbook: bytes, cell: str) -> str:
    """The format of a number on the first sheet, from the parts of the file; 3 is the built-in one."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        sheet, styles = (parts.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
    formats = {"3": "#,##0"} | {
        key: code.replace("&quot;", '"') for key, code in re.findall(r'numFmtId="(\d+)" formatCode="([^"]+)"', styles)
    }
    used = re.findall(r'numFmtId="(\d+)"', styles.split("<cellXfs")[1].split("</cellXfs>")[0])
    style = re.search(rf'<c r="{cell}" s="(\d+)"', sheet)
    assert style is not None
    return formats[used[int(style.group(1))]]
