"""Commands of the inside: check the pack, load a delivery, open a quarantined one, remove facts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from saime.cli.console import language_option, number, progress_bar
from saime.cli.keys import telling_of_new_shares
from saime.cli.workplace import environment, open_pack
from saime.core.errors import BadInput
from saime.core.model.text import Language
from saime.core.warehouse.delivery_report import report_text
from saime.core.warehouse.faults import DeliveryRefused
from saime.core.warehouse.loading import LoadReceipt
from saime.intake import services as intake
from saime.production.published_tables import published_datasets


@click.group()
def pack() -> None:
    """The country's content: classifications, feeds, plans."""


@pack.command()
def check() -> None:
    """Check every file of the pack and how they name each other.

    Example: saime pack check
    """
    faults = [*open_pack().check(), *_faults_of_content()]
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        raise BadInput(f"the pack has {len(faults)} faults", where=str(open_pack().root), fix="mend them as told above")
    counts = ", ".join(f"{len(open_pack().names(kind))} {kind}" for kind in ("classifications", "feeds", "plans"))
    click.echo(f"The pack is sound: {counts}")


def _faults_of_content() -> list[BadInput]:
    """What the readers of the register, the policy documents and the published tables object to."""
    from saime.monitoring.content import read_documents
    from saime.registers.content import read_register

    pack, faults = open_pack(), []
    for read in (lambda: read_register(pack.root), lambda: read_documents(pack.root), lambda: published_datasets(pack)):
        try:
            read()
        except BadInput as fault:
            faults.append(fault)
    return faults


@click.command()
@click.argument("feed")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--period", required=True, help="The delivery's reference period, for example 2019-06.")
@click.option("--synthetic", is_flag=True, help="The delivery is made up; everything that comes of it is marked so.")
@click.option("--replace", is_flag=True, help="The delivery corrects the one loaded for this feed and period, and takes its place.")
@click.option("--json", "as_json", is_flag=True, help="Print the validation report as JSON, also of a delivery that is refused.")
@language_option
def load(feed: str, file: Path, period: str, synthetic: bool, replace: bool, as_json: bool, language: Language) -> None:
    """Check a delivery, pseudonymise it and load it into the warehouse.

    Example: saime load disability delivery.csv --period 2019-06
    """
    place = environment()
    try:
        with telling_of_new_shares(), progress_bar(f"Loading {file.name}") as progress:
            receipt = intake.receive_delivery(
                place.home,
                open_pack(),
                feed,
                file,
                period,
                synthetic=synthetic,
                received_at=datetime.now(UTC),
                replace=replace,
                progress=progress,
            )
    except DeliveryRefused as refused:
        if as_json:
            click.echo(intake.quarantine_report(place.home, refused.quarantine_id).model_dump_json(indent=1))
        raise
    if as_json:
        click.echo(receipt.report.model_dump_json(indent=1))
    else:
        _tell_loaded(receipt, language)


def _tell_loaded(receipt: LoadReceipt, language: Language) -> None:
    record = receipt.record
    loaded = f"is loaded in place of {record.replaces}" if record.replaces else "is loaded"
    state = "was loaded before; nothing changed" if receipt.already_loaded else loaded
    click.echo(f"{record.delivery_name} {state}: {number(record.rows)} rows, {number(record.persons)} persons")
    if receipt.report.faults:
        click.echo(report_text(receipt.report, language))


@click.group()
def quarantine() -> None:
    """Deliveries that were refused, or of which rows were left out; each is sealed whole with its report."""


@quarantine.command("list")
def list_deliveries() -> None:
    """List these deliveries, what became of them and how many faults each has.

    Example: saime quarantine list
    """
    for report in intake.list_quarantined(environment().home):
        kinds = f"{len(report.faults)} {'kind' if len(report.faults) == 1 else 'kinds'} of fault"
        click.echo("\t".join([report.id, report.feed, report.period, report.outcome, kinds]))


@quarantine.command("show")
@click.argument("quarantine_id")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@language_option
def show_report(quarantine_id: str, as_json: bool, language: Language) -> None:
    """Print the validation report of a delivery; it names no person.

    Example: saime quarantine show benefits-2022-03-1a2b3c4d5e6f --language en
    """
    report = intake.quarantine_report(environment().home, quarantine_id)
    click.echo(report.model_dump_json(indent=1) if as_json else report_text(report, language))


@quarantine.command("open")
@click.argument("quarantine_id")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def open_delivery(quarantine_id: str, file: Path) -> None:
    """Write a refused delivery, as it was received, to a new file outside SAIME_HOME.

    Example: saime quarantine open benefits-2022-03-1a2b3c4d5e6f /tmp/delivery.csv
    """
    intake.open_quarantined(environment().home, quarantine_id, file)
    click.echo(f"{file} holds the delivery with its personal codes: remove it when it is mended")


@click.command()
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge by (default: today).")
@click.option("--write", is_flag=True, help="Remove the facts; without it they are only listed.")
def retention(day: datetime | None, write: bool) -> None:
    """List the loads whose facts are past the retention of their feed, or remove these facts.

    Example: saime retention --on 2027-01-01
    """
    now, home = datetime.now(UTC), environment().home
    on = (day or now).date()
    found = intake.remove_expired_facts(home, open_pack(), on, at=now) if write else intake.list_expired(home, open_pack(), on)
    for item in found:
        click.echo(f"{item.record.id}\t{item.record.feed}\t{item.record.period}\tkept until {item.kept_until}")
    done = "facts removed; the records of the loads stay" if write else "nothing is changed without --write"
    click.echo(f"{number(len(found))} loads past their time: {done}")


@click.command("delete-person")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--legal-basis", required=True, help="On what ground, without naming the person; it is kept on record.")
@click.option("--write", is_flag=True, help="Delete; without it the rows are only counted.")
def delete_person(file: Path, legal_basis: str, write: bool) -> None:
    """Delete a person from every load, also from those replaced. FILE holds the personal code and lies outside SAIME_HOME.

    Example: saime delete-person /secure/person.txt --legal-basis "Regulation (EU) 2016/679, Article 17" --write
    """
    rows = intake.delete_person_on_request(environment().home, file, legal_basis, at=datetime.now(UTC), write=write)
    done = "deleted and recorded" if write and rows.rows else "nothing is changed" if write else "nothing is changed without --write"
    click.echo(f"{number(rows.rows)} rows in {number(rows.loads)} loads: {done}")
    if write and rows.rows:
        click.echo("Tables counted before with these rows cannot be counted again; releases stay as they were published.")
        click.echo(f"Remove {file}; backups and deliveries in quarantine are not changed.")
