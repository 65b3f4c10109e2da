"""The command that empties the drop folder and loads the uploads that wait."""

from __future__ import annotations

import time
from contextlib import suppress

import click

from saime.cli.console import ERR, number
from saime.cli.workplace import environment, set_up_web
from saime.core.errors import TryLater


@click.command()
@click.option("--watch", is_flag=True, help="Go on until interrupted.")
@click.option("--every", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds between two looks, with --watch.")
@click.option("--settle", type=click.FloatRange(min=0), default=10.0, show_default=True, help="Seconds that a file must lie unchanged.")
def inbox(watch: bool, every: float, settle: float) -> None:
    """Load what lies in the drop folder, SAIME_HOME/inbox/FEED/PERIOD.csv, and answer each file with a receipt beside it.

    Then load the large uploads of the workplace that wait.

    Example: saime inbox --watch
    """
    set_up_web()
    found = _empty(settle)
    if not watch:
        click.echo(f"{number(found)} files taken from {environment().inbox}")
    while watch:
        time.sleep(every)
        _empty(settle)


def _empty(settle: float) -> int:
    from saime.workplace.inbox import empty_inbox

    found = 0
    for outcome in empty_inbox(settle):
        found += 1
        if outcome.receipt is None:
            ERR.print(f"{outcome.feed}/{outcome.name} waits: {outcome.waits}", markup=False)
        else:
            receipt, rows = outcome.receipt, number(outcome.receipt.rows_accepted)
            click.echo(f"{outcome.feed}/{outcome.name}: {receipt.state}, receipt {receipt.number}, {rows} rows accepted")
    load_uploads()
    return found


def load_uploads() -> None:
    """Load the uploads that wait, unless another process is at it."""
    from saime.workplace.waiting import load_waiting

    with suppress(TryLater):
        for receipt in load_waiting():
            rows = number(receipt.rows_accepted)
            click.echo(f"upload {receipt.feed}/{receipt.period}: {receipt.state}, receipt {receipt.number}, {rows} rows accepted")
