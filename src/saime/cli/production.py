"""Commands of production: tabulate, protect, trace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from saime.cli.console import language_option, number, progress_bar
from saime.cli.tables import protect_table
from saime.cli.workplace import open_pack, open_production
from saime.core.errors import NotFound
from saime.core.exchange.jsonstat import write_inside_jsonstat
from saime.core.model.dataset import CONFIDENTIAL, PRIMARY, SECONDARY, WITHHELD, Dataset, FrequencyTable, MagnitudeTable
from saime.core.protection import ProtectedDataset
from saime.core.protection.linked_counts import price_of
from saime.core.tabulation.engines import DEFAULT_ENGINE, ENGINES
from saime.core.tabulation.tabulation import InsideTable
from saime.production import services

NEAR_MISS = "differs by a few persons from what was published from other deliveries"
PROVEN_WITHOUT_ATTACK = {"rule": "rounded by rule", "perturbation": "perturbed", "published_by_source": "published by its source"}
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
    """A header, then a cell a line: codes, value, and for other measures than distinct persons how many stand behind it; its status."""
    columns: dict[str, Iterable[object]] = {"OBS_VALUE": table.values}
    if isinstance(table, MagnitudeTable):
        columns["CONTRIBUTORS"] = table.contributors
    if table.obs_status:
        columns["OBS_STATUS"] = table.obs_status
    click.echo("\t".join([*(dimension.id for dimension in table.structure.dimensions), *columns]))
    for cell, *figures in zip(table.structure.cells(), *columns.values(), strict=True):
        click.echo("\t".join([*cell, *(".." if figure is None else str(figure) for figure in figures)]))
    click.echo("Inside: these counts are not protected and must not be published.")


@click.command()
@click.argument("plans_or_table", nargs=-1)
@engine_option
@click.option("--verify", "verified", metavar="RELEASE", help="Prove this release again: its id, the path of its manifest, or 'current'.")
@click.option("--spec", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Protect a CSV file as this JSON file asks.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the protected table goes; with --spec.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON; with --spec.")
def protect(plans_or_table: tuple[str, ...], engine: str, verified: str | None, spec: Path | None, out: Path | None, as_json: bool) -> None:
    """Protect the tables of plans together, or a CSV file from outside, and say what was withheld; or prove a release again.

    Plans are counted first; what is withheld is told with the reason and the price, and nothing is stored.

    \b
    Examples: saime protect benefit-recipients-2022 benefit-recipients-2022-monthly
              saime protect --verify current
              saime protect table.csv --spec spec.json --out protected.csv
    """
    if verified and not (plans_or_table or spec or out or as_json):
        _verify(verified)
    elif not verified and spec and out and len(plans_or_table) == 1:
        protect_table(Path(plans_or_table[0]), spec, out, as_json=as_json)
    elif verified or spec or out or as_json or not plans_or_table:
        raise click.UsageError("give plans alone, or --verify alone, or one table from outside with both --spec and --out")
    else:
        _protect_plans(plans_or_table, engine)


def _verify(name: str) -> None:
    store = open_production().store
    release = store.find(name)
    certificates = store.verify(release)
    for dataset, certificate in certificates.items():
        width = certificate.narrowest_interval
        narrowest = "no cell with an upper bound" if width is None else f"narrowest interval {width:g}"
        told = narrowest if certificate.kind == "attack" else PROVEN_WITHOUT_ATTACK[certificate.kind]
        together = f"\ttogether with {len(certificate.linked)} others" if certificate.linked else ""
        click.echo(f"{dataset}\t{number(certificate.withheld)} withheld\t{told}{together}")
    click.echo(f"Release {release.id} is proven: {len(certificates)} datasets")


def _protect_plans(names: tuple[str, ...], engine: str) -> None:
    production, plans = open_production(), [open_pack().plan(name) for name in names]
    facts = [production.facts(plan) for plan in plans]
    with progress_bar("Counting and protecting") as progress:
        protected = services.protect_plans(production, plans, facts, engine=engine, progress=progress)
    for one, table in zip(protected.datasets, protected.tables, strict=True):
        _tell(one, table)
    for cells, told in ((protected.already_published, "was published before and cannot be hidden"), (protected.near_misses, NEAR_MISS)):
        for dataset, cell in cells:
            click.echo(f"{dataset}\t{' '.join(cell)}\t{told}")


def _tell(one: ProtectedDataset, table: InsideTable) -> None:
    if one.certificate.kind == "perturbation":
        click.echo(f"{one.dataset.id}: {number(one.certificate.cells)} cells, {_perturbation(one.certificate.rules)}")
        return
    for cell, reason in _withheld(one.dataset):
        click.echo(f"{one.dataset.id}\t{' '.join(cell)}\t{reason}")
    certificate, price = one.certificate, ""
    if isinstance(table, FrequencyTable):
        paid, unit = price_of(one.dataset, table), certificate.rules.get("unit", "person")
        price = (
            f": {number(paid.small)} small counts, {number(paid.secondary)} to protect them with {number(paid.persons)} {unit}s in them; "
            f"information lost {100 * paid.loss:.1f} %"
        )
    exposed = f"{certificate.exposed} exposed to the attack"
    click.echo(f"{one.dataset.id}: {number(certificate.cells)} cells, {number(certificate.withheld)} withheld{price}; {exposed}")


def _perturbation(rules: Mapping[str, str | int | float]) -> str:
    return f"each changed by its key by {rules['largest_change']} at most; SHA-256 of the perturbation table {rules['table_digest']}"


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
