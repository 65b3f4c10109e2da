"""The table form of ``saime protect``: a CSV file from outside, protected as a spec asks."""

from __future__ import annotations

import json
from pathlib import Path

import click

from saime.cli.console import number, progress_bar
from saime.core.durable import replace_file
from saime.core.errors import BadInput, NotFound
from saime.core.protection.table_methods import ProtectedTable, read_and_protect
from saime.core.protection.table_output import write_protected
from saime.core.protection.table_perturbation import PerturbedTable
from saime.core.protection.table_protection import SuppressedTable, narrowest
from saime.core.protection.table_rounding import RoundedTable
from saime.core.protection.table_spec import read_spec


def protect_table(table: Path, spec: Path, out: Path, *, as_json: bool) -> None:
    """Read, protect and write a table; the file is written only if every primary cell is safe."""
    _check_files(table, out)
    wanted = read_spec(spec)
    with progress_bar(f"Protecting {table.name}") as progress:
        protection = read_and_protect(table, wanted, progress=progress)
    if as_json:
        click.echo(json.dumps(protection.summary(), ensure_ascii=False, indent=1))
    protection.check_is_safe()
    replace_file(out, write_protected(protection).encode())
    if not as_json:
        _tell(protection, out)


def _check_files(table: Path, out: Path) -> None:
    if not table.is_file():
        raise NotFound("there is no such table", where=str(table), fix="give a CSV file, or leave out --spec to protect a plan of the pack")
    if out.resolve() == table.resolve():
        raise BadInput("the result would take the place of the unprotected table", where=str(out), fix="give --out another file")
    if not out.parent.is_dir():
        raise BadInput("the folder of the result does not exist", where=str(out.parent), fix="make it, or give --out another file")


def _tell(protection: ProtectedTable, out: Path) -> None:
    match protection:
        case SuppressedTable():
            _tell_suppressed(protection)
        case PerturbedTable():
            _tell_perturbed(protection)
        case RoundedTable():
            _tell_rounded(protection)
    click.echo(f"Written to {out}")


def _tell_suppressed(protection: SuppressedTable) -> None:
    primary, secondary = int(protection.primary.flags.sum()), int(protection.secondary.sum())
    pattern = protection.pattern
    click.echo(
        f"{number(protection.cells.size)} cells, {number(primary + secondary)} withheld: "
        f"{number(primary)} primary, {number(secondary)} to protect them"
    )
    proven = "the least possible" if pattern.is_optimal else f"not proven to be the least possible, which is {pattern.bound:.10g} or more"
    click.echo(f"Cost {pattern.cost:.10g}: {proven}")
    _tell_narrowest(protection.narrowest_interval)


def _tell_perturbed(protection: PerturbedTable) -> None:
    told = protection.summary()
    click.echo(f"{number(protection.cells.size)} cells perturbed by cell keys; {number(int((protection.changes != 0).sum()))} changed")
    click.echo(f"Mean change {told['mean_change']}, largest {told['largest_change']} of {told['largest_possible_change']} possible")
    click.echo("The result does not add up, and must not be published beside the exact counts")


def _tell_rounded(protection: RoundedTable) -> None:
    told = protection.summary()
    cells, primary = number(protection.cells.size), number(int(protection.primary.flags.sum()))
    click.echo(f"{cells} cells, {primary} primary, rounded to multiples of {told['base']}")
    click.echo(f"Sum of changes {told['sum_of_changes']}, largest {told['largest_change']}")
    _tell_narrowest(narrowest(protection.intervals))


def _tell_narrowest(width: float | None) -> None:
    if width is not None:
        click.echo(f"The narrowest interval that a reader can deduce of a primary cell is {width:.10g} wide")
