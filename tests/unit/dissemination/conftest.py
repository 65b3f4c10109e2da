from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from django.test import Client

from support.released import publish


@pytest.fixture(scope="session")
def released_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a release of small invented tables."""
    home = tmp_path_factory.mktemp("home")
    publish(home / "releases")
    return home


@pytest.fixture
def reader(released_home: Path, settings) -> Client:
    """A browser without scripts, before the release."""
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, home=released_home)
    return Client()
