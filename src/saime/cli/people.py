"""Commands about the users of the workplace. A password is asked for, or read from the first line of standard input."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from saime.cli.workplace import open_pack, set_up_web
from saime.core.errors import BadInput

ROLES = ("data-steward", "statistician", "output-checker", "administrator")


@click.group()
def user() -> None:
    """Users of the workplace: their roles, passwords and keys. There are none until you add them."""


@user.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="What the user may do; may be repeated.")
@click.option("--feed", "feeds", multiple=True, help="A feed that a data steward may deliver; may be repeated.")
def add(name: str, roles: tuple[str, ...], feeds: tuple[str, ...]) -> None:
    """Add a user with a role.

    Example: saime user add anna --role data-steward --feed benefits
    """
    set_up_web()
    from saime.workplace import people

    people.add_user(name, read_password(f"Password of {name}", new=True), roles, feeds, open_pack().names("feeds"))
    click.echo(f"User {name} may sign in as {', '.join(roles)}")


@user.command("list")
def list_users() -> None:
    """List the users: name, roles, feeds, keys in force, whether they may sign in.

    Example: saime user list
    """
    set_up_web()
    from saime.workplace import people

    for row in people.list_users():
        keys = " ".join(f"{key_id}:{name}" for key_id, name in row.keys)
        click.echo("\t".join([row.name, " ".join(row.roles), " ".join(row.feeds), keys, "active" if row.is_active else "disabled"]))


@user.command()
@click.argument("name")
def password(name: str) -> None:
    """Give a user a new password; their sessions end.

    Example: saime user password anna
    """
    set_up_web()
    from saime.workplace import people

    people.change_password(name, read_password(f"New password of {name}", new=True))
    click.echo(f"User {name} has a new password")


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let a user no longer sign in, and end their keys; what they did stays on record.

    Example: saime user disable anna
    """
    set_up_web()
    from saime.workplace import people

    people.disable_user(name, datetime.now(UTC))
    click.echo(f"User {name} can no longer sign in")


@user.command()
@click.argument("name")
@click.option("--name", "key_name", required=True, help="What the key is for.")
def key(name: str, key_name: str) -> None:
    """Make a key with which a script of the user delivers; it is shown once and cannot be shown again.

    Example: saime user key anna --name "nightly export"
    """
    set_up_web()
    from saime.workplace import people

    click.echo(people.new_api_key(people.find_user(name), key_name, datetime.now(UTC)))


@user.command("revoke-key")
@click.argument("name")
@click.argument("key_id", type=int)
def revoke_key(name: str, key_id: int) -> None:
    """End a key; saime user list shows the numbers of the keys in force.

    Example: saime user revoke-key anna 3
    """
    set_up_web()
    from saime.workplace import people

    people.revoke_api_key(people.find_user(name), key_id, datetime.now(UTC))
    click.echo(f"Key {key_id} of {name} is no longer in force")


def read_password(prompt: str, *, new: bool = False) -> str:
    """Raises: BadInput if standard input is not a terminal and has no line."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=new, err=True))
    given = sys.stdin.readline().rstrip("\n")
    if not given:
        raise BadInput("no password was given", where="standard input", fix="give it as the first line")
    return given
