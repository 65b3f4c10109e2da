"""``saime linkage``: how well the loads of a feed are found in the register, and acceptance of a fall."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from saime.cli.console import language_option, number
from saime.cli.workplace import environment, open_pack
from saime.core.model.text import Language
from saime.core.warehouse.linkage import LinkageGroup, LinkageReport
from saime.core.warehouse.linkage_records import LinkageState
from saime.core.warehouse.linkage_words import breach_sentences
from saime.intake import services as intake


@click.group()
def linkage() -> None:
    """How well the persons of each load are found in the register; a fall beyond its limit stops publication."""


@linkage.command("list")
@click.argument("feed", required=False)
def list_reports(feed: str | None) -> None:
    """List the loads of a feed, or of all, with their match rate and whether they may be published.

    Example: saime linkage list benefits
    """
    for state in intake.linkage_reports(environment().home, open_pack(), feed):
        report = state.report
        click.echo(f"{report.load}\t{report.feed}\t{report.period}\t{_percent(report.rate)}\t{_standing(state)}")


@linkage.command("show")
@click.argument("load")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@language_option
def show_report(load: str, as_json: bool, language: Language) -> None:
    """Print the linkage report of a load: it stays inside, and small groups have no figures in it.

    Example: saime linkage show benefits-2022-03-1a2b3c4d5e6f
    """
    state = intake.linkage_report(environment().home, open_pack(), load)
    if as_json:
        click.echo(state.report.model_dump_json(indent=1, by_alias=True))
        return
    for line in _lines(state, language):
        click.echo(line)


@linkage.command("accept")
@click.argument("load")
@click.option("--by", required=True, help="Who accepts it; the name is kept on record.")
@click.option("--reason", required=True, help="Why the load may be published as it links; it is kept on record.")
def accept_report(load: str, by: str, reason: str) -> None:
    """Accept a load that is beyond a limit, so that it may be published. A new delivery needs a new acceptance.

    Example: saime linkage accept benefits-2022-03-1a2b3c4d5e6f --by "A. Analyst" --reason "The register was late in March"
    """
    accepted = intake.accept_linkage(environment().home, open_pack(), load, by=by, reason=reason, at=datetime.now(UTC))
    click.echo(f"{accepted.load} may be published: accepted by {accepted.by}, report {accepted.report_digest[:12]}")


def _lines(state: LinkageState, language: Language) -> list[str]:
    report = state.report
    register = report.register_load or "none is loaded"
    before = f"; {report.previous_load}: {_percent(report.previous_rate)}" if report.previous_load else ""
    lines = [
        f"{report.feed_title.in_language(language)}, {report.period}: {report.delivery_name}",
        f"Register {report.register_feed}: {register}",
        f"{number(report.persons)} persons, {number(report.matched)} found: {_percent(report.rate)}{before}",
        *(f"{one.label.in_language(language)}: {one.share:.2%} of those found differ from the register" for one in report.differences),
        *(_group_line(group, language) for group in report.groups),
        f"{_standing(state)}",
    ]
    return lines + [f"  {sentence}" for sentence in breach_sentences(report)]


def _group_line(group: LinkageGroup, language: Language) -> str:
    persons = "few persons" if group.persons is None else f"{number(group.persons)} persons"
    rate = "few not found" if group.persons is not None and group.rate is None else _percent(group.rate)
    before = f" (before: {_percent(group.previous_rate)})" if group.previous_rate is not None else ""
    return f"  {group.column}\t{group.label.in_language(language)}\t{persons}\t{rate}{before}"


def _standing(state: LinkageState) -> str:
    if state.acceptance:
        return f"accepted by {state.acceptance.by} at {state.acceptance.at}: {state.acceptance.reason}"
    return f"stops publication: {_kinds(state.report)}" if state.blocks else "within its limits"


def _kinds(report: LinkageReport) -> str:
    return ", ".join(breach.kind for breach in report.breaches)


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.2%}"
