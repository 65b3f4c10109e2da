"""What ``saime bench`` runs; not part of the installed package. docs/benchmarks.md keeps the figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks import perturbation, protection, release, spark, tabulation, warehouse
from benchmarks.measure import Line

SUBJECTS = {
    "tabulation": tabulation.lines,
    "warehouse": warehouse.lines,
    "perturbation": perturbation.lines,
    "protection": protection.lines,
    "release": release.lines,
    "spark": spark.lines,
}

FULL = {
    "tabulation": (10_000_000, 100_000_000),
    "warehouse": (20_000_000,),
    "protection": (2_000_000,),
    "release": (20_000_000, 100_000_000),
    "spark": (100_000_000,),
}  # rows of the goals; a million elsewhere


def run(rows: int, subjects: tuple[str, ...] = (), show: Callable[[Line], None] = lambda line: None) -> list[Line]:
    """Measure; ``show`` gets each line as soon as it is there. ``subjects``: some of SUBJECTS, or all."""
    done = []
    for subject in subjects or SUBJECTS:
        with tempfile.TemporaryDirectory(prefix="saime-bench-") as folder:
            for measured in SUBJECTS[subject](Path(folder), rows):
                line = replace(measured, subject=subject)
                show(line)
                done.append(line)
    return done


def run_full(subjects: tuple[str, ...] = (), show: Callable[[Line], None] = lambda line: None) -> list[Line]:
    """Measure at the sizes for which goals are set. ``subjects``: some of SUBJECTS, or all."""
    return [line for subject in subjects or SUBJECTS for rows in FULL.get(subject, (1_000_000,)) for line in run(rows, (subject,), show)]
