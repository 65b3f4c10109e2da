"""How commands show progress and numbers; results go to standard output, progress and trouble to standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from saime.core.model.text import LANGUAGES

ERR = Console(stderr=True)

language_option = click.option("--language", type=click.Choice(LANGUAGES), default="lv", show_default=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error; call the yielded function with (done, of) as the work goes on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def number(value: int) -> str:
    """Thousands parted by a no-break space, as on the pages."""
    return f"{value:,}".replace(",", "\u00a0")
