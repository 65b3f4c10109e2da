"""What the release holds, found by id. The only source of these pages is the current release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from saime.core.errors import NotFound
from saime.core.exchange.publication import Publication
from saime.core.model.dataset import Dataset
from saime.core.releases.reader import Release, ReleaseReader

MOST_NAMES = 20  # in a message


@dataclass(frozen=True)
class Published:
    """A dataset as a reader meets it: with its release, certificate and address."""

    dataset: Dataset
    publication: Publication


def current_release() -> Release | None:
    """None before the first release."""
    return ReleaseReader(settings.ENVIRONMENT.releases).current()


def find_published(dataset_id: str, address: str) -> Published:
    """Raises: NotFound with the ids that the release holds."""
    release = current_release()
    known = sorted(release.ids) if release else []
    if release is None or dataset_id not in known:
        raise NotFound(
            format_lazy(_("There is no dataset “{dataset}” in the current release"), dataset=dataset_id),
            where=address,
            fix=format_lazy(_("open the list of datasets, or use one of: {known}"), known=capped(known) or "–"),
        )
    publication = Publication(release.id, release.released_at, release.certificate(dataset_id), address, check=release.check)
    return Published(release.dataset(dataset_id), publication)


def capped(names: Sequence[str]) -> str:
    """The first names of a list that may be long, and how many there are."""
    listed = ", ".join(names[:MOST_NAMES])
    return f"{listed}, … ({len(names)})" if len(names) > MOST_NAMES else listed
