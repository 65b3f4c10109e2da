"""The folders and the pack that commands work with, from the environment."""

from __future__ import annotations

import os
from functools import cache

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
    records, engines = place.home / "production" / "runs.json", EngineSettings(spark_remote=place.spark_remote)
    return Production(open_pack(), place.warehouse, place.releases, records, engines=engines)


def set_up_web() -> None:
    """Make Django ready and bring its database up to date."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saime.project.settings")
    import django
    from django.core.management import call_command

    environment().home.mkdir(parents=True, exist_ok=True)
    django.setup()
    call_command("migrate", verbosity=0)
