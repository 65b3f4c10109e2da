"""The folders and the pack that commands work with, from the environment."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from saime.core.pack.reader import Pack
from saime.core.tabulation.engines import EngineSettings
from saime.production.services import Production
from saime.project.environment import Environment, read_environment


@cache
def environment() -> Environment:
    return read_environment()


@cache
def open_pack() -> Pack:
    return Pack(environment().pack)


def open_production() -> Production:
    place = environment()
    return replace(Production.in_home(place.home, open_pack()), engines=EngineSettings(spark_remote=place.spark_remote))


def set_up_web() -> None:
    """Make Django ready and bring its database up to date."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saime.project.settings")
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.utils import translation

    environment().home.mkdir(parents=True, exist_ok=True)
    django.setup()
    translation.activate("en")  # the language of commands
    call_command("migrate", verbosity=0)
    database = Path(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and database.is_file():  # else it is in memory
        database.chmod(0o600)  # it holds password hashes
