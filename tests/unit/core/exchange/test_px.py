from __future__ import annotations

import math

import pytest
from pyaxis import pyaxis

from saime.core.exchange.layout import arrange
from saime.core.exchange.px import write_px
from saime.core.model.dataset import Dataset, DataStructure, Dimension
from support.example_datasets import STATUS, code, cube, disability, flat, publication, text


def read_back(dataset: Dataset, folder, language=None):
    path = folder / f"{dataset.id}.px"
    path.write_text(write_px(dataset, publication(dataset)), encoding="utf-8")
    return pyaxis.parse(str(path), encoding="utf-8", lang=language)


@pytest.mark.parametrize("language", ["lv", "en"])
def test_pyaxis_reads_every_number_and_keeps_withheld_missing_and_zero_apart(tmp_path, language):
    dataset = disability()
    frame = read_back(dataset, tmp_path, language)["DATA"]
    expected = {None: {"Q": math.nan, "O": '"..."'}}
    for row, value, status in zip(frame.itertuples(index=False), dataset.values, dataset.obs_status, strict=True):
        wanted = str(value) if value is not None else expected[None][status]
        assert row[-1] == wanted or (row[-1] != row[-1] and wanted != wanted)
    labels = [tuple(row[:-1]) for row in frame.itertuples(index=False)]
    names = [{c.id: c.label.in_language(language) for c in d.codes} for d in dataset.structure.dimensions]
    assert labels == [tuple(n[c] for n, c in zip(names, cell, strict=True)) for cell in dataset.structure.cells()]


def test_a_table_laid_out_otherwise_keeps_each_number_at_its_codes(tmp_path):
    dataset = cube(
        "turned",
        (flat("SEX", 2, prefix="s"), flat("AGE", 3, prefix="a"), flat("AREA", 4, prefix="r")),
        rows=("AREA",),
        columns=("AGE", "SEX"),
    )
    frame = read_back(dataset, tmp_path)["DATA"].astype({"DATA": int})
    layout = arrange(dataset)
    assert list(frame.columns) == [d.label.lv for d in (*layout.rows, *layout.columns)] + ["DATA"]
    for cell, value in zip(dataset.structure.cells(), dataset.values, strict=True):
        wanted = {d.label.lv: {c.id: c.label.lv for c in d.codes}[k] for d, k in zip(dataset.structure.dimensions, cell, strict=True)}
        match = frame[(frame[list(wanted)] == list(wanted.values())).all(axis=1)]
        assert match["DATA"].tolist() == [value]


def test_both_languages_stand_side_by_side_and_keywords_are_complete(tmp_path):
    read = read_back(disability(), tmp_path)
    metadata, translation = read["METADATA"], read["TRANSLATION"]
    assert metadata["LANGUAGES"] == ["lv", "en"]
    assert metadata["AGGREGALLOWED"] == "NO"
    assert translation["TITLE"] == {"lv": ["Personu ar invaliditāti skaits"], "en": ["Persons with disabilities"]}
    assert translation["DATASYMBOL2"] == {"lv": ["konfidenciāls"], "en": ["confidential"]}
    assert translation["DATASYMBOL3"] == {"lv": ["nav datu"], "en": ["not available"]}
    assert metadata["CODES(Invaliditātes statuss)"] == [c.id for c in STATUS.codes]
    assert metadata["TIMEVAL(Periods)"][-1] == "201906"
    assert metadata["NOTE"][0].startswith("Sintētiski dati")


def test_what_readers_split_on_never_stands_in_a_value(tmp_path):
    odd = Dimension(
        id="ODD",
        label=text("Dīvaina"),
        codes=(code("a", 'a="b"; DATA=', 'x="y"'), code("b", "b" * 300, "b"), code("c", "divi\nrindas", "two")),
    )
    dataset = cube("odd", (odd,))
    content = write_px(dataset, publication(dataset))
    assert content.count("DATA=") == 1
    assert max(map(len, content.splitlines())) < 310
    values = read_back(dataset, tmp_path)["METADATA"]["VALUES(Dīvaina)"]
    assert values == ["a＝'b'; DATA＝", "b" * 300, "divi rindas"]


def test_a_long_note_goes_on_as_further_strings(tmp_path):
    long = " ".join(["garš"] * 200)
    dataset = cube("long", (flat("SEX", 2),), notes=(text(long),))
    content = write_px(dataset, publication(dataset))
    assert max(map(len, content.splitlines())) <= 140
    assert " ".join(read_back(dataset, tmp_path)["METADATA"]["NOTE"]) == long


def test_equal_labels_are_told_apart_by_their_codes(tmp_path):
    twice = Dimension(id="D", label=text("D"), codes=(code("a", "Ķekava", "Ķekava"), code("b", "Ķekava", "Ķekava")))
    assert read_back(cube("twice", (twice,)), tmp_path)["METADATA"]["VALUES(D)"] == ["Ķekava (a)", "Ķekava (b)"]


@pytest.mark.parametrize(
    ("codes", "scale"), [(["2021", "2022"], "TLIST(A1)"), (["2022-Q1", "2022-Q2"], "TLIST(Q1)"), (["2022", "2022-01"], None)]
)
def test_a_time_scale_is_declared_when_periods_have_one_length(codes, scale):
    time = Dimension(id="TIME_PERIOD", label=text("Laiks"), role="time", codes=tuple(code(c, c, c) for c in codes))
    dataset = cube("time", (flat("SEX", 2), time))
    content = write_px(dataset, publication(dataset))
    assert (f'TIMEVAL("Laiks")={scale}' in content) if scale else "TIMEVAL" not in content


def test_a_number_of_low_reliability_says_so_in_a_note_of_its_cell(tmp_path):
    dataset = cube("weak", (flat("SEX", 2),)).model_copy(update={"obs_status": ("A", "U")})
    metadata = read_back(dataset, tmp_path)["METADATA"]
    assert metadata["CELLNOTE(SEX c1 ķ)"][0].startswith("zema ticamība")


def test_decimals_are_those_of_the_data(tmp_path):
    structure = DataStructure(dimensions=(flat("SEX", 2),))
    dataset = cube("rates", structure.dimensions).model_copy(update={"values": (1.25, 2)})
    read = read_back(dataset, tmp_path)
    assert read["METADATA"]["DECIMALS"] == "2"
    assert list(read["DATA"]["DATA"]) == ["1.25", "2"]
