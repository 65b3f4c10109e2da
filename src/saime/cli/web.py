"""The command that serves the pages."""

from __future__ import annotations

import click

from saime.cli.workplace import set_up_web


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8000, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the pages until interrupted.

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
    Granian("saime.project.wsgi:application", address=host, port=port, interface=Interfaces.WSGI, blocking_threads=4).serve()
