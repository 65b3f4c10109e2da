from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from saime.core.exchange.csv import write_csv
from saime.core.model.dataset import Dimension
from support.example_datasets import code, cube, disability, text

LABELS = st.lists(
    st.text(min_size=1, alphabet=st.characters(exclude_categories=("Cs", "Cc"), include_characters='\r\n",;')), min_size=1, max_size=4
)


def rows(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_one_row_a_cell_with_code_label_value_and_status():
    dataset = disability()
    read = rows(write_csv(dataset, "en"))
    assert [tuple(row[d.id] for d in dataset.structure.dimensions) for row in read] == list(dataset.structure.cells())
    assert [row["OBS_VALUE"] for row in read] == ["" if value is None else str(value) for value in dataset.values]
    assert [row["OBS_STATUS"] for row in read] == list(dataset.obs_status)
    assert [row["CONF_STATUS"] for row in read] == list(dataset.conf_status)
    assert read[0]["DISABILITY_STATUS_LABEL"] == "All persons"
    assert {row["COMMENT_DSET"] for row in read} == {"Synthetic data"}


def test_lines_end_as_the_standard_says():
    content = write_csv(disability(), "lv")
    assert content.count("\r\n") == content.count("\n") == 21


@given(labels=LABELS)
def test_any_label_survives(labels):
    dimension = Dimension(id="D", label=text("D"), codes=tuple(code(str(n), label, label) for n, label in enumerate(labels)))
    assert [row["D_LABEL"] for row in rows(write_csv(cube("any", (dimension,)), "lv"))] == labels
