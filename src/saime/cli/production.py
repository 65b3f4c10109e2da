"""Commands of production: tabulate, protect, trace."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from saime.cli.console import language_option, number, progress_bar
from saime.cli.tables import protect_table
from saime.cli.workplace import open_pack, open_production
from saime.core.errors import NotFound
from saime.core.exchange.jsonstat import write_inside_jsonstat
from saime.core.model.dataset import CONFIDENTIAL, PRIMARY, SECONDARY, WITHHELD, Dataset, MagnitudeTable
from saime.core.tabulation.engines import DEFAULT_ENGINE, ENGINES
from saime.core.tabulation.tabulation import InsideTable
from saime.production import services

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
engine_option = click.option("--engine", type=click.Choice(list(ENGINES)), default=DEFAULT_ENGINE, show_default=True, help="What counts.")


@click.command()
@click.argument("plan")
@engine_option
@click.option("--json", "as_json", is_flag=True, help="Print the inside table as JSON-stat 2.0.")
@language_option
@click.option("--show-sql", is_flag=True, help="Print what DuckDB is asked, and count nothing.")
@click.option("--explain", is_flag=True, help="Print what will be read and counted and how, and count nothing.")
@click.option("--as-of", type=click.DateTime(MOMENTS), help="Count from what was loaded at this moment, in UTC unless it has a zone.")
def tabulate(plan: str, engine: str, as_json: bool, language: str, show_sql: bool, explain: bool, as_of: datetime | None) -> None:
    """Count a plan's table, unprotected: it stays inside.

    Example: saime tabulate disability-2019-06 --engine reference --json
    """
    production = replace(open_production(), as_of=as_of and (as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)))
    wanted = open_pack().plan(plan)
    if production.deletions_since:
        click.echo(f"Persons deleted since then: {production.deletions_since}; the table is without them", err=True)
    if show_sql or explain:
        told = [f"{name}: {said}" for name, said in services.explain_plan(production, wanted, engine)] if explain else []
        click.echo("\n".join([*told, *(services.queries(production, wanted) if show_sql else [])]))
        return
    facts = production.facts(wanted)
    with progress_bar(f"Counting {plan}") as progress:
        table = services.tabulate(production, wanted, facts, engine=engine, progress=progress)
    if as_json:
        click.echo(json.dumps(write_inside_jsonstat(table, language), ensure_ascii=False, indent=1))
    else:
        _print_table(table)


def _print_table(table: InsideTable) -> None:
    """A cell a line: codes, value, and for other measures than distinct persons how many stand behind it; then its status."""
    columns: list[Iterable[object]] = [table.values]
    if isinstance(table, MagnitudeTable):
        columns.append(table.contributors)
    if table.obs_status:
        columns.append(table.obs_status)
    for cell, *figures in zip(table.structure.cells(), *columns, strict=True):
        click.echo("\t".join([*cell, *(".." if figure is None else str(figure) for figure in figures)]))
    click.echo("Inside: these counts are not protected and must not be published.")


@click.command()
@click.argument("plan_or_table")
@engine_option
@click.option("--spec", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Protect a CSV file as this JSON file asks.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the protected table goes; with --spec.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON; with --spec.")
def protect(plan_or_table: str, engine: str, spec: Path | None, out: Path | None, as_json: bool) -> None:
    """Protect a plan's table, or a CSV file from outside, and say what was withheld.

    A plan's table is counted first; what is withheld is told with the reason, and nothing is stored.

    \b
    Examples: saime protect disability-2019-06
              saime protect table.csv --spec spec.json --out protected.csv
    """
    if spec and out:
        protect_table(Path(plan_or_table), spec, out, as_json=as_json)
    elif spec or out or as_json:
        raise click.UsageError("a table from outside takes both --spec and --out; a plan takes neither, nor --json")
    else:
        _protect_plan(plan_or_table, engine)


def _protect_plan(plan: str, engine: str) -> None:
    production, wanted = open_production(), open_pack().plan(plan)
    facts = production.facts(wanted)
    with progress_bar(f"Counting {plan}") as progress:
        table = services.tabulate(production, wanted, facts, engine=engine, progress=progress)
    protected = services.protect_plan(production, wanted, table, facts, engine)
    for cell, reason in _withheld(protected.dataset):
        click.echo(f"{' '.join(cell)}\t{reason}")
    certificate = protected.certificate
    told = f": {number(certificate.primary)} small counts, {number(certificate.secondary)} to protect them" if certificate.primary else ""
    exposed = f"{certificate.exposed} exposed to the attack"
    click.echo(f"{number(certificate.cells)} cells, {number(certificate.withheld)} withheld{told}; {exposed}")


def _withheld(dataset: Dataset) -> list[tuple[tuple[str, ...], str]]:
    reasons = {PRIMARY: "small count", SECONDARY: "protects a small count", CONFIDENTIAL: "no reason given"}
    statuses = zip(dataset.structure.cells(), dataset.obs_status, dataset.conf_status, strict=True)
    return [(cell, reasons[conf]) for cell, status, conf in statuses if status == WITHHELD]


@click.command()
@click.argument("dataset")
@click.argument("cell", nargs=-1)
@language_option
def trace(dataset: str, cell: tuple[str, ...], language: str) -> None:
    """Show the way from a released number back to its source and legal act.

    Example: saime trace disability-2019-06 group2 sight 2019-06
    """
    current = open_production().store.current()
    if current is None:
        raise NotFound("there is no release yet", fix="run: saime release prepare")
    click.echo(f"release\t{current.id}\t{current.released_at}")
    for step in services.trace(current, dataset, cell):
        details = " ".join(f"{name}={value}" for name, value in step.details.items())
        click.echo("\t".join(filter(None, [step.kind, step.id, step.label.in_language(language), step.digest, details])))
