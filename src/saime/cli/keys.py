"""The commands about keys: the master's two shares and what they are used for, and what agencies encrypt deliveries to."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from saime.cli.console import number
from saime.cli.workplace import environment, open_pack
from saime.core.errors import Refused
from saime.core.warehouse.custody import Custodians
from saime.core.warehouse.extracts import ExtractRequest
from saime.core.warehouse.key_uses import RecordedUse
from saime.core.warehouse.keys import SHARE_FILES, receiving_recipient, shares_here, use_record
from saime.intake import master_key

Command = TypeVar("Command", bound=Callable[..., Any])
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


def needs_both_shares(command: Command) -> Command:
    """The options of a command that opens the master key; it gets them as ``shares``, ``custodians`` and ``reason``."""
    options = (
        click.option("--share", "shares", multiple=True, type=NEW_FILE, help="The file of a custodian's share; give it twice."),
        click.option("--custodian", "custodians", multiple=True, help="Who brings a share; give it twice. It is kept on record."),
        click.option("--reason", default="", help="Why, without naming a person of the warehouse. It is kept on record."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("receiving-key")
def receiving_key() -> None:
    """Print the public half of the receiving key: agencies encrypt deliveries to it with age.

    Example: saime receiving-key
    """
    click.echo(receiving_recipient(_folder()))


@click.group()
def key() -> None:
    """The master key in two shares, and the record of its uses."""


@key.command()
@click.option("--share", "shares", multiple=True, type=NEW_FILE, help="Where a share goes; give it twice (default: both beside the keys).")
def create(shares: tuple[Path, ...]) -> None:
    """Make the master key's two shares and the working keys, before the first load.

    Example: saime key create --share /media/first/saime.share --share /media/second/saime.share
    """
    master_key.create_working_keys(environment().home, _two(shares))
    click.echo(f"Working keys are in {_folder()}. The shares are in {' and '.join(map(str, shares)) or 'the same folder'}.")
    _tell_shares_are_here()


@key.command()
@needs_both_shares
def restore(shares: tuple[Path, ...], custodians: tuple[str, ...], reason: str) -> None:
    """Write working keys that were lost.

    Example: saime key restore --share a.share --share b.share --custodian FIRST --custodian SECOND --reason "disk failure"
    """
    names, entry = master_key.restore_working_keys(_asked(shares, custodians, reason))
    click.echo(f"Restored: {', '.join(names) or 'nothing, all are there'}")
    _show(entry)


@key.command()
@needs_both_shares
def rotate(shares: tuple[Path, ...], custodians: tuple[str, ...], reason: str) -> None:
    """Put the warehouse under a new key, in one step. Facts, corrections and extracts stay as they are.

    Example: saime key rotate --share a.share --share b.share --custodian FIRST --custodian SECOND --reason "working key leaked"
    """
    persons, entry = master_key.rotate_warehouse_key(_asked(shares, custodians, reason))
    click.echo(f"{number(persons)} persons have new keys" if persons else "A rotation that had been stopped is finished")
    click.echo("Backups of the warehouse and of person.key from before open each other: destroy them, or keep them apart.")
    _show(entry)


@key.command()
@needs_both_shares
@click.option("--to", "places", multiple=True, type=NEW_FILE, help="Where a new share goes; give it twice.")
def split(shares: tuple[Path, ...], custodians: tuple[str, ...], reason: str, places: tuple[Path, ...]) -> None:
    """Make two new shares of the same master, when a custodian changes or a share was seen by others.

    Example: saime key split --share a.share --share b.share --custodian FIRST --custodian SECOND
    --reason "new custodian" --to c.share --to d.share
    """
    new = _two(places)
    if new is None:
        raise click.UsageError("give --to twice, once for each new share")
    entry = master_key.split_anew(_asked(shares, custodians, reason), new)
    click.echo("The new shares are written. An old share does not go with a new one: destroy both old ones.")
    _show(entry)


@key.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@needs_both_shares
@click.option("--extract", help="The pseudonym is of this extract, not of the warehouse.")
def reidentify(file: Path, shares: tuple[Path, ...], custodians: tuple[str, ...], reason: str, extract: str | None) -> None:
    """Show the personal code behind one pseudonym, on a terminal only. FILE holds the pseudonym.

    Example: saime key reidentify pseudonym.txt --share a.share --share b.share --custodian FIRST --custodian SECOND
    --reason "court order 1-23"
    """
    if not sys.stdout.isatty():
        raise Refused("a personal code is shown on a terminal only", where="standard output", fix="give the command without > or |")
    code, entry = master_key.reidentify(_asked(shares, custodians, reason), file, extract=extract)
    click.echo(code)
    _show(entry)


@key.command()
def log() -> None:
    """Show every use of the master key, refused ones too, and check that none was changed or taken out.

    Example: saime key log
    """
    uses = use_record(_folder()).read()
    for use in uses:
        outcome = f"refused: {use.refused}" if use.refused else use.subject
        people = " and ".join(use.custodians)
        click.echo(f"{use.number}\t{use.at}\t{use.account}\t{people}\t{use.purpose}\t{outcome}\t{use.reason}\t{use.digest[:16]}")
    click.echo(f"{number(len(uses))} {'use' if len(uses) == 1 else 'uses'}; the chain is whole")


@click.command()
@click.argument("feed")
@click.argument("file", type=NEW_FILE)
@click.option("--name", required=True, help="The extract's name; it decides the pseudonyms. One name for each recipient and purpose.")
@click.option("--period", "periods", multiple=True, required=True, help="A reference period, for example 2019; may be repeated.")
@click.option("--column", "columns", multiple=True, required=True, help="A column that the contract allows; may be repeated.")
@click.option("--again", is_flag=True, help="A further extract of this name, for the same recipient and purpose.")
@needs_both_shares
def extract(
    feed: str,
    file: Path,
    name: str,
    periods: tuple[str, ...],
    columns: tuple[str, ...],
    again: bool,
    shares: tuple[Path, ...],
    custodians: tuple[str, ...],
    reason: str,
) -> None:
    """Write rows of a feed for research, under pseudonyms of their own, to a new Parquet file outside SAIME_HOME.

    Example: saime extract disability /secure/study.parquet --name ageing-study --period 2019-06 --column sex --column age
    --share a.share --share b.share --custodian FIRST --custodian SECOND --reason "agreement 12/2026"
    """
    asked = _asked(shares, custodians, reason)
    record = master_key.extract_for_research(asked, open_pack(), feed, ExtractRequest(name, periods, columns, file), again=again)
    click.echo(f"{file}: {number(record.rows)} rows, {number(record.persons)} persons; use {record.use} of the master key")
    click.echo(f"{number(record.few)} persons have a combination that fewer than five share: these are personal data")


@contextmanager
def telling_of_new_shares() -> Iterator[None]:
    """Say it when what is done inside made the keys, with both shares beside them."""
    were_here = shares_here(_folder())
    yield
    if not were_here:
        _tell_shares_are_here()


def _tell_shares_are_here() -> None:
    if shares_here(_folder()):
        names = " and ".join(str(_folder() / name) for name in SHARE_FILES)
        click.echo(
            f"Both shares of the master key lie here: {names}.\nThat is for a demonstration. In earnest move each to the keeping "
            "of another person, and neither onto this machine.",
            err=True,
        )


def _asked(shares: tuple[Path, ...], custodians: tuple[str, ...], reason: str) -> master_key.AskedUse:
    who = Custodians(shares, custodians, getpass.getuser())
    return master_key.AskedUse(environment().home, who, reason, datetime.now(UTC))


def _two(places: tuple[Path, ...]) -> tuple[Path, Path] | None:
    if len(places) not in (0, 2):
        raise click.UsageError("name two files, one for each share")
    return (places[0], places[1]) if places else None


def _show(entry: RecordedUse) -> None:
    click.echo(f"Recorded as use {entry.number}; both custodians note its digest: {entry.digest[:16]}")


def _folder() -> Path:
    return environment().home / "keys"
