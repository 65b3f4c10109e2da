"""The table form of ``saime protect``: a CSV file from outside, protected as a spec asks."""

from __future__ import annotations

import json
from pathlib import Path

import click

from saime.cli.console import number, progress_bar
from saime.core.durable import replace_file
from saime.core.errors import BadInput, NotFound
from saime.core.protection.table_output import write_protected
from saime.core.protection.table_protection import TableProtection, read_and_protect
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


def _tell(protection: TableProtection, out: Path) -> None:
    primary, secondary = int(protection.primary.flags.sum()), int(protection.secondary.sum())
    pattern, narrowest = protection.pattern, protection.narrowest_interval
    click.echo(
        f"{number(protection.cells.size)} cells, {number(primary + secondary)} withheld: "
        f"{number(primary)} primary, {number(secondary)} to protect them"
    )
    proven = "the least possible" if pattern.is_optimal else f"not proven to be the least possible, which is {pattern.bound:.10g} or more"
    click.echo(f"Cost {pattern.cost:.10g}: {proven}")
    if narrowest is not None:
        click.echo(f"The narrowest interval that a reader can deduce of a primary cell is {narrowest:.10g} wide")
    click.echo(f"Written to {out}")
