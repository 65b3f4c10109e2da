"""The clients that readers use, asking a running server for files by address."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pyaxis import pyaxis
from pyjstat import pyjstat

from support.released import publish


@pytest.fixture
def server(live_server, settings, tmp_path: Path):
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, home=tmp_path)
    publish(tmp_path / "releases")
    return live_server


def test_pyjstat_and_pyaxis_read_the_same_selection_by_address(server):
    address = f"{server.url}/en/datasets/recipients-2022"
    query = "?SEX=F,M&REF_AREA=0034000,0039000,0041000"
    message = pyjstat.Dataset.read(f"{address}.json{query}").write("dataframe")
    file = pyaxis.parse(f"{address}.px{query}", encoding="utf-8", lang="en")["DATA"]
    assert message["value"].tolist() == [40, 30, 0, 25, 20, 90]
    assert file["DATA"].astype(int).tolist() == [40, 30, 0, 25, 20, 90]
    assert file["Area"].tolist() == message["Area"].tolist()
