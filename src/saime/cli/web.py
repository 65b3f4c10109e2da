"""The command that serves the pages, and beside them loads the large uploads."""

from __future__ import annotations

import logging
import multiprocessing
import signal
from multiprocessing.connection import wait

import click

from saime.cli.inbox import load_uploads
from saime.cli.workplace import set_up_web

LOOKS_EVERY = 2.0  # seconds between two looks for uploads that wait


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8000, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the pages until interrupted, and load large uploads beside them.

    Example: saime serve --port 8080
    """
    set_up_web()
    serve_until_interrupted(host, port)


def serve_until_interrupted(host: str, port: int) -> None:
    from django.core.management import call_command
    from granian import Granian
    from granian.constants import Interfaces

    call_command("collectstatic", interactive=False, verbosity=0)
    click.echo(f"Saime is at http://{host}:{port}/ (Ctrl+C ends)")
    multiprocessing.get_context("spawn").Process(target=_load_uploads_until_the_server_ends, daemon=True).start()
    Granian("saime.project.wsgi:application", address=host, port=port, interface=Interfaces.WSGI, blocking_threads=4).serve()


def _load_uploads_until_the_server_ends() -> None:
    """A process of its own: the server's may not be busy, and forks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process
    set_up_web()
    server = multiprocessing.parent_process()
    while server and not wait([server.sentinel], timeout=LOOKS_EVERY):
        _look_for_uploads()


def _look_for_uploads() -> None:
    from django.db import close_old_connections

    close_old_connections()
    try:
        load_uploads()
    except Exception:  # a database that restarts, say; the next look finds it again
        logging.getLogger(__name__).exception("uploads could not be loaded")
