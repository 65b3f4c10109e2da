"""What ``saime bench`` runs; not part of the installed package. docs/benchmarks.md keeps the figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import perturbation, protection, spark, tabulation, warehouse
from benchmarks.measure import Line

SUBJECTS = {
    "tabulation": tabulation.lines,
    "warehouse": warehouse.lines,
    "perturbation": perturbation.lines,
    "protection": protection.lines,
    "spark": spark.lines,
}


def run(rows: int, subjects: tuple[str, ...] = (), show: Callable[[Line], None] = lambda line: None) -> list[Line]:
    """Measure; ``show`` gets each line as soon as it is there. ``subjects``: some of SUBJECTS, or all."""
    done = []
    for subject in subjects or SUBJECTS:
        with tempfile.TemporaryDirectory(prefix="saime-bench-") as folder:
            for line in SUBJECTS[subject](Path(folder), rows):
                show(line)
                done.append(line)
    return done
