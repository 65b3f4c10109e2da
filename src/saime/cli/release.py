"""Commands of the check by two persons: prepare, approve, publish, show. A user's password is asked for, or read from standard input."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from saime.cli.console import number, progress_bar
from saime.cli.people import read_password
from saime.cli.production import engine_option
from saime.cli.workplace import environment, open_production, set_up_web
from saime.core.errors import BadInput
from saime.core.tabulation.engines import DEFAULT_ENGINE
from saime.production import services
from saime.production.decisions import DemoRule
from saime.production.services import Produced

if TYPE_CHECKING:
    from django.contrib.auth.models import User

user_option = click.option("--user", "name", help="Who does it; the password is asked for.")
candidate_argument = click.argument("candidate", type=int, required=False)


@click.group()
def release() -> None:
    """Publish what two persons have looked at: one prepares the release, another approves it."""


@release.command()
@user_option
@engine_option
def prepare(name: str | None, engine: str) -> None:
    """Produce and protect every table, and put them up for the check as a candidate.

    Example: saime release prepare --user anna
    """
    user = _sign_in(name)
    from saime.workplace import releases

    produced = _produce(engine)
    with progress_bar("Reporting on the datasets") as progress:
        candidate = releases.prepare(open_production(), produced, user, datetime.now(UTC), progress)
    anew = sum(item.protected is not None for item in produced)
    click.echo(f"Candidate {candidate}: {len(produced)} datasets, {anew} produced anew; {releases.state(candidate)}")


@release.command()
@candidate_argument
@user_option
@click.option("--comment", default="", help="Words to keep with the decision.")
def approve(candidate: int | None, name: str | None, comment: str) -> None:
    """Approve a candidate, the latest one if no number is given. Who prepared it cannot approve it.

    Example: saime release approve 3 --user berta --comment "differences explained by the correction of March"
    """
    user = _sign_in(name)
    from saime.workplace import releases
    from saime.workplace.models import Verdict

    found = releases.find_candidate(candidate)
    seen = releases.latest(found).bundle_digest
    releases.review(found, Verdict.APPROVED, comment, user, datetime.now(UTC), seen=seen)
    click.echo(f"Candidate {found} is approved")


@release.command()
@candidate_argument
@user_option
def publish(candidate: int | None, name: str | None) -> None:
    """Publish an approved candidate. With SAIME_RELEASE_CHECK=demo: produce everything and publish it by the demonstration's rule.

    Example: saime release publish 3 --user anna
    """
    production, at = open_production(), datetime.now(UTC)
    if environment().release_check == "demo":
        bundle = {item.dataset: item.digest for item in _produce()}
        published = services.release(production, bundle, at=at, decision=DemoRule())
    else:
        user = _sign_in(name)
        from saime.workplace import releases

        published = releases.publish(production, releases.find_candidate(candidate), user, at)
    check = published.check.kind if published.check else "not recorded"
    click.echo(f"Release {published.id}: {len(published.ids)} datasets; check: {check}")


@release.command()
@candidate_argument
def show(candidate: int | None) -> None:
    """Show a candidate, the latest one if no number is given: its state, datasets, what was withheld, and the decisions.

    Example: saime release show
    """
    set_up_web()
    from saime.workplace import releases

    found = releases.find_candidate(candidate)
    preparation = releases.latest(found)
    told = f"prepared by {preparation.prepared_by.get_username()} at {preparation.prepared_at:%Y-%m-%d %H:%M}"
    click.echo(f"Candidate {found}\t{releases.state(found)}\t{told}")
    for report in releases.reports_of(preparation):
        withheld = sum(part.cells for part in (report.primary, report.secondary) if part)
        cost = report.secondary.cost if report.secondary else 0.0
        click.echo(f"{report.dataset}\t{number(report.cells)} cells\t{number(withheld)} withheld\tcost {cost:.1f}\t{report.digest}")
    for review in preparation.reviews.select_related("user"):
        click.echo(f"{review.verdict}\t{review.user.get_username()}\t{review.at:%Y-%m-%d %H:%M}\t{review.text}")


def _produce(engine: str = DEFAULT_ENGINE) -> list[Produced]:
    with progress_bar("Counting and protecting") as progress:
        return services.produce_everything(open_production(), engine=engine, progress=progress)


def _sign_in(name: str | None) -> User:
    if not name:
        raise BadInput("two persons check a release, and nobody is named", where="--user", fix="name yourself: --user NAME")
    set_up_web()
    from saime.workplace import people

    return people.sign_in(name, read_password(f"Password of {name}"), "command", datetime.now(UTC))
