"""The command about keys: what agencies encrypt their deliveries to."""

from __future__ import annotations

import click

from saime.cli.workplace import environment
from saime.core.warehouse.keys import receiving_recipient


@click.command("receiving-key")
def receiving_key() -> None:
    """Print the public half of the receiving key: agencies encrypt deliveries to it with age.

    Example: saime receiving-key
    """
    click.echo(receiving_recipient(environment().home / "keys"))
