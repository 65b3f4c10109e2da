from __future__ import annotations

import io

import pytest
from python_calamine import CalamineWorkbook

from saime.core.exchange.xlsx import write_xlsx
from support.example_datasets import cube, disability, flat, publication


def sheets(content: bytes) -> dict[str, list[list[object]]]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}


def test_numbers_are_numbers_and_missing_ones_are_signs_with_a_legend():
    data = sheets(write_xlsx(disability(), publication(disability()), "lv"))["Dati"]
    lines = {row[0]: row[1:5] for row in data}
    assert lines["Personas kopā"] == [2500, 400, 31, ":"]
    assert lines["bērni"] == [700, 90, 0, ":"]
    assert lines["1. grupa"] == [900, "c", "c", 300]
    told = [row[0] for row in data]
    assert any(str(line).startswith("c – konfidenciāls") for line in told)
    assert any(str(line).startswith(": – nav datu") for line in told)
    assert any(str(line).startswith("Sintētiski dati") for line in told[:3])


@pytest.mark.parametrize(("language", "name"), [("lv", "Par datiem"), ("en", "About")])
def test_the_second_sheet_tells_how_the_numbers_were_made(language, name):
    about = sheets(write_xlsx(disability(), publication(disability()), language))[name]
    facts = " ".join(str(cell) for row in about for cell in row)
    for needed in ("disability-2019-06", "r1", "MK-490-2016", "https://example.org/lv/datasets/disability-2019-06", "12"):
        assert needed in facts


def test_two_dimensions_across_head_every_column():
    dataset = cube(
        "wide",
        (flat("AREA", 3, prefix="r"), flat("SEX", 2, prefix="s"), flat("AGE", 2, prefix="a")),
        rows=("AREA",),
        columns=("SEX", "AGE"),
    )
    data = sheets(write_xlsx(dataset, publication(dataset), "en"))["Data"]
    upper = next(index for index, row in enumerate(data) if "SEX s0" in row)
    assert data[upper][1:] == ["SEX s0", "SEX s0", "SEX s1", "SEX s1"]
    assert data[upper + 1] == ["AREA en", "AGE a0", "AGE a1", "AGE a0", "AGE a1"]
    assert data[upper + 3][1:] == [4, 5, 6, 7]


def test_the_same_input_gives_the_same_bytes():
    assert write_xlsx(disability(), publication(disability()), "en") == write_xlsx(disability(), publication(disability()), "en")
