"""The benchmarks compare like with like: every competitor answers with the kernel's cube."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saime.cli import bench
from saime.core.errors import Refused
from saime.core.tabulation.kernel import KernelEngine, array_loops

benchmarks: Any = bench.open_benchmarks()


def test_every_competitor_counts_what_the_kernel_counts(tmp_path: Path) -> None:
    competitors, data = benchmarks.tabulation.competitors, benchmarks.tabulation.make_table
    table = data(tmp_path, 10_000)
    right = KernelEngine().count(table.specification, table.facts).reshape(-1)
    assert np.array_equal(right, KernelEngine(loops=array_loops()).count(table.specification, table.facts).reshape(-1))
    for competitor in (competitors.patterns, competitors.depth_by_depth, competitors.grouping_sets):
        assert np.array_equal(right, competitor(table)), competitor.__name__


def test_results_that_differ_have_no_times() -> None:
    with pytest.raises(AssertionError, match="results differ"):
        benchmarks.tabulation.paired(lambda: 1, lambda: 2, runs=1, same=lambda ours, theirs: ours == theirs)


def test_a_subject_whose_competitor_is_not_there_still_has_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAIME_SPARK_REMOTE", raising=False)
    lines = [line.as_dict() for line in benchmarks.run(10_000, ("spark",))]
    assert [(line["subject"], line["measured"], line["met"]) for line in lines] == [("spark", None, False)] * 2
    assert list(benchmarks.SUBJECTS) == bench.SUBJECTS


def test_without_the_source_folder_the_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "benchmarks")
    with pytest.raises(Refused, match="benchmarks are not installed"):
        bench.open_benchmarks()
