"""The entry of ``saime``: commands by name, and what an error does to the exit code.

0 done, 1 defect, 2 wrong use, 3 bad input, 4 refused (docs/reference/commands.md).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

import click

from saime import __version__
from saime.core.errors import SaimeError, TryLater

try:
    from saime.cli import bench, demo, inbox, inside, keys, linkage, people, production, release, web
except ImportError as missing:
    if (missing.name or "saime").startswith("saime"):
        raise
    click.secho(
        f"The package '{missing.name}' is missing or broken.\nWhat to do: install what Saime runs on: make .venv/runtime.",
        fg="red",
        err=True,
    )
    sys.exit(TryLater.exit_code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="saime")
def saime() -> None:
    """Social policy monitoring: from an agency's delivery to a published number.

    SAIME_HOME is the working folder (default ./var).
    """


for command in (
    demo.demo,
    bench.bench,
    web.serve,
    inside.pack,
    inside.load,
    inside.quarantine,
    linkage.linkage,
    inbox.inbox,
    people.user,
    keys.receiving_key,
    keys.key,
    keys.extract,
    inside.retention,
    inside.delete_person,
    production.tabulate,
    production.protect,
    release.release,
    production.trace,
):
    saime.add_command(command)


def main() -> NoReturn:
    code = _run()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)  # at once: a normal end tears down Arrow's threads, and one that is just starting would abort the process


def _run() -> int:
    try:
        saime.main(standalone_mode=False)
    except SaimeError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        return 0  # whoever read the output has read enough
    except OSError as error:
        return _fail(
            f"{error.strerror}\nWhere: {error.filename}.\nWhat to do: make room or give the right, and run again.", TryLater.exit_code
        )
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    return 0


def _fail(message: str, exit_code: int) -> int:
    click.secho(message, fg="red", err=True)
    return exit_code
