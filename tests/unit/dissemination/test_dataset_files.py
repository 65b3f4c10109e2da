from __future__ import annotations

import csv
import dataclasses
import io
import json
import re

import pytest
from jsonstat_validator import validate_jsonstat
from pyaxis import pyaxis
from python_calamine import CalamineWorkbook

PAGE = "/lv/datasets/recipients-2022"
TYPES = {
    "px": "text/x-pcaxis",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats",
    "json": "application/json",
    "svg": "image/svg+xml",
}


@pytest.mark.parametrize("extension", TYPES)
@pytest.mark.parametrize("language", ["lv", "en"])
def test_every_format_is_served_with_its_type_name_and_open_access(reader, extension, language):
    answer = reader.get(f"/{language}/datasets/recipients-2022.{extension}")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(TYPES[extension])
    assert f'filename="recipients-2022.{extension}"' in answer["Content-Disposition"]
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in answer["Cache-Control"]


def read_csv(reader, query=""):
    return list(csv.DictReader(io.StringIO(reader.get(f"{PAGE}.csv{query}").content.decode())))


def test_all_files_tell_the_same_numbers(reader, tmp_path):
    rows = read_csv(reader)
    values = [int(row["OBS_VALUE"]) if row["OBS_VALUE"] else None for row in rows]
    message = json.loads(reader.get(f"{PAGE}.json").content)
    assert validate_jsonstat(message) is True
    assert message["value"] == values
    path = tmp_path / "file.px"
    path.write_bytes(reader.get(f"{PAGE}.px").content)
    frame = pyaxis.parse(str(path), encoding="utf-8")["DATA"]
    assert [None if value != value else int(value) for value in frame["DATA"]] == values
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(reader.get(f"{PAGE}.xlsx").content))
    cells = [cell for row in workbook.get_sheet_by_name("Dati").to_python() for cell in row[1:] if cell != ""]
    assert [None if cell == "c" else cell for cell in cells if not isinstance(cell, str) or cell == "c"] == values


def test_a_small_count_and_its_neighbours_are_in_no_file(reader):
    hidden = [row for row in read_csv(reader) if row["OBS_STATUS"] == "Q"]
    assert {(row["REF_AREA"], row["SEX"]) for row in hidden} >= {("0004000", "M")}
    assert len(hidden) >= 2
    assert all(row["OBS_VALUE"] == "" for row in hidden)


@pytest.mark.parametrize("query", ["?SEX=F,M&REF_AREA=0034000", "?SEX=F&SEX=M&REF_AREA=0034000", "?SEX=M,F,F&REF_AREA=0034000"])
def test_a_selection_may_be_written_with_commas_or_repeated(reader, query):
    rows = read_csv(reader, query)
    assert [(row["REF_AREA"], row["SEX"], row["OBS_VALUE"]) for row in rows] == [("0034000", "F", "40"), ("0034000", "M", "30")]
    assert "recipients-2022-selection.csv" in reader.get(f"{PAGE}.csv{query}")["Content-Disposition"]


def test_an_unchanged_file_is_not_sent_again(reader):
    first = reader.get(f"{PAGE}.csv?SEX=F,M")
    again = reader.get(f"{PAGE}.csv?SEX=M&SEX=F", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert reader.get(f"{PAGE}.csv?SEX=F", headers={"if-none-match": first["ETag"]}).status_code == 200
    tags = {reader.get(f"/{language}/datasets/recipients-2022.{kind}")["ETag"] for language in ("lv", "en") for kind in TYPES}
    assert len(tags) == 10


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/en/datasets/nothing.csv", 404, ["nothing", "recipients-2022"]),
        ("/en/datasets/recipients-2022.docx", 404, ["docx", "px, csv, xlsx, json, svg"]),
        ("/en/datasets/recipients-2022.csv?GENDER=F", 400, ["GENDER", "REF_AREA, SEX, TIME_PERIOD"]),
        ("/en/datasets/recipients-2022.csv?SEX=X", 400, ["SEX", "“X”", "_T, F, M"]),
        ("/en/datasets/recipients-2022.csv?SEX=", 400, ["SEX", "without a code"]),
        ("/en/datasets/recipients-2022.csv?width=narrow", 400, ["width"]),
        ("/en/datasets/recipients-2022.svg?width=1", 400, ["width", "narrow"]),
        ("/en/datasets/recipients-2022.svg?REF_AREA=0001000&SEX=F", 404, ["no chart"]),
        ("/lv/datasets/recipients-2022.csv?SEX=X", 400, ["Dimensijai „SEX” nav koda „X”", "_T, F, M"]),
    ],
)
def test_a_wrong_address_is_told_what_is_known(reader, address, status, words):
    answer = reader.get(address)
    assert answer.status_code == status
    for word in words:
        assert word in answer.content.decode()


def test_errors_are_json_for_those_who_ask_for_json(reader):
    answer = reader.get("/en/datasets/recipients-2022.json?SEX=X")
    assert answer.status_code == 400
    assert "X" in answer.json()["error"]["what"]


def test_known_codes_are_listed_only_up_to_a_point(reader):
    answer = reader.get("/en/datasets/large-2022.json?AGE=zzz").json()["error"]
    assert answer["fix"].endswith("a19, … (30)")


def test_too_large_a_selection_is_refused_with_counts_and_a_way_out(reader, settings):
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, maximum_cells=100)
    answer = reader.get("/en/datasets/large-2022.json")
    assert answer.status_code == 403
    assert "4050 cells" in answer.json()["error"]["what"]
    assert "PLACE (45 codes)" in answer.json()["error"]["fix"]
    assert reader.get("/en/datasets/large-2022.json?PLACE=_T").status_code == 200


def test_the_chart_draws_no_withheld_number(reader):
    drawing = reader.get(f"{PAGE}.svg?SEX=F,M&REF_AREA=0004000,0034000,0041000").content.decode()
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", drawing)
    assert {"c (konfidenciāls)", "40", "20"} <= set(texts)
    assert "80" not in texts


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nothing_can_be_sent_here(reader, method):
    assert getattr(reader, method)(f"{PAGE}.csv").status_code == 405
