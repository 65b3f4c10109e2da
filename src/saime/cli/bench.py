"""``saime bench``: what is measured against what, in ``benchmarks/`` of the source folder."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

import saime
from saime.core.errors import Refused

SUBJECTS = ["tabulation", "warehouse", "perturbation", "protection", "release", "spark"]
FOLDER = Path(saime.__file__).resolve().parents[2] / "benchmarks"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a list of name, what was compared, goal, measured ratio, met or not.")
@click.option("--rows", type=click.IntRange(min=10_000), default=1_000_000, show_default=True, help="Size of each measurement.")
@click.option("--full", is_flag=True, help="Measure at the sizes of the goals, up to 100 million rows.")
@click.option("--subject", "subjects", multiple=True, type=click.Choice(SUBJECTS), help="Measure this; may be repeated.")
def bench(as_json: bool, rows: int, full: bool, subjects: tuple[str, ...]) -> None:
    """Measure speed and memory against other ways of doing the same, in turns and with results checked equal.

    Example: saime bench --rows 10000000 --subject tabulation
    """
    benchmarks = open_benchmarks()
    show = (lambda line: None) if as_json else _show
    lines = benchmarks.run_full(subjects, show) if full else benchmarks.run(rows, subjects, show)
    if as_json:
        click.echo(json.dumps([line.as_dict() for line in lines], indent=1))


def _show(line: Any) -> None:
    goal = f"{'at most' if line.at_most else 'at least'} {line.goal:g}: {'met' if line.is_met else 'NOT met'}"
    measured = f"{line.measured:.2f} {line.unit}, " if line.measured is not None else ""
    click.echo(f"{line.name} ({line.compared}, {line.at}): {measured}goal {goal}")


def open_benchmarks() -> ModuleType:
    """Raises: Refused when Saime was installed without its source folder."""
    if not (FOLDER / "__init__.py").is_file():
        raise Refused("the benchmarks are not installed", where=str(FOLDER), fix="run the command in a checkout of the source")
    if str(FOLDER.parent) not in sys.path:
        sys.path.append(str(FOLDER.parent))
    return importlib.import_module("benchmarks")
