"""The connection to a Spark Connect server: its address, and a session that a process keeps."""

from __future__ import annotations

import socket
import warnings
from typing import Any
from urllib.parse import urlsplit

from saime.core.errors import BadInput, TryLater

CONNECT_PORT = 15002  # of a server whose address names none
SECONDS_TO_ANSWER = 5  # of a server that is there
TRIES = {"max_retries": 9, "max_backoff": 10_000}  # milliseconds; a server that is lost is given up within a minute, not ten
PLACES = 1 << 12  # more than cores that one command can keep busy
SETTING = "setting SAIME_SPARK_REMOTE"


_kept: dict[str, Any] = {}  # sessions by address, so that the next table finds workers that are warm
_cores: dict[str, int] = {}


def connect(remote: str) -> Any:
    """The session that this process keeps with the server.

    Raises: BadInput without the extra or without a usable address; TryLater if no server answers there.
    """
    _check_answers(remote)
    if remote not in _kept:
        _kept[remote] = _new_session(remote)
    return _kept[remote]


def disconnect(remote: str) -> None:
    """End the session, if there is one, and begin anew the next time.

    One that is left open is ended when the process ends, with minutes of waiting if its server is gone by then.
    """
    _cores.pop(remote, None)
    if remote in _kept:
        session = _kept.pop(remote)
        session.client.set_retry_policies([])
        session.stop()


def cores(remote: str) -> int:
    """How many tasks run at once, as the server says: it divides a range into so many parts. Asked once in a session."""
    session = connect(remote)
    if remote not in _cores:
        parts = session.range(PLACES).selectExpr("spark_partition_id() as part").toArrow()
        _cores[remote] = len(parts["part"].unique())
    return _cores[remote]


def _new_session(remote: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about parts of pandas that are not used here
            from pyspark.sql.connect.client.retries import DefaultPolicy
            from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        fix = "install it: pip install 'saime[spark]', or use another engine"
        raise BadInput("engine spark needs pyspark-client, which is not installed", where="--engine spark", fix=fix) from error
    session = SparkSession.builder.remote(remote).create()
    session.client.set_retry_policies([DefaultPolicy(**TRIES)])
    return session


def server_of(remote: str) -> str:
    """Host and port, for messages: the rest may hold a token."""
    return "{}:{}".format(*_host_and_port(remote))


def _check_answers(remote: str) -> None:
    try:
        socket.create_connection(_host_and_port(remote), SECONDS_TO_ANSWER).close()
    except OSError as error:  # the client itself would try for long
        disconnect(remote)
        fix = "start it, or mend the address, and run again"
        raise TryLater(f"no Spark Connect server answers at {server_of(remote)}", where=SETTING, fix=fix) from error


def _host_and_port(remote: str) -> tuple[str, int]:
    if not remote:
        fix = "name a Spark Connect server, as in SAIME_SPARK_REMOTE=sc://spark.example:15002"
        raise BadInput("engine spark is not told where Spark is", where=SETTING, fix=fix)
    try:
        address = urlsplit(remote)
        host, port = address.hostname, address.port
    except ValueError:
        host, port = None, None
    if not remote.startswith("sc://") or not host:
        raise BadInput("the address of Spark is not of the form sc://host:port", where=SETTING, fix="write sc://host:port")
    return host, port or CONNECT_PORT
