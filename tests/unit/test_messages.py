"""Every word a page shows exists in Latvian: extracted, translated, compiled."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

import saime

ROOT = Path(saime.__file__).parent
APPS = sorted(path.parents[3] for path in ROOT.glob("*/locale/lv/LC_MESSAGES/django.po"))
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "gettext_noop": None,
}

each_app = pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)


def written(app: Path) -> Catalog:
    with (app / "locale/lv/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale="lv")


def words(catalogue: Catalog) -> dict[str, tuple[str, ...]]:
    """Each message id with its translation in every plural form."""
    return {singular(m.id): (m.string,) if isinstance(m.string, str) else tuple(m.string) for m in catalogue if m.id}


def singular(message_id: str | Sequence[str]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def used(app: Path) -> set[str]:
    """The message ids in the app's templates and Python files, as gettext looks them up."""
    sources = [path.read_text() for path in app.rglob("*.py")]
    pages = [templatize(path.read_text(), origin=str(path)) for path in app.glob("templates/**/*.html")]
    sources += ["\n".join(map(str.strip, page.splitlines())) for page in pages]
    found = [entry for source in sources for entry in extract("python", io.BytesIO(source.encode()), KEYWORDS)]
    return {singular(message) for _line, message, _comments, _context in found}


def test_every_app_with_pages_has_latvian_words() -> None:
    assert {folder.parent for folder in ROOT.glob("*/templates")} <= set(APPS)


@each_app
def test_every_word_is_translated(app: Path) -> None:
    unfinished = [message for message, translations in words(written(app)).items() if not all(translations)]
    unfinished += [singular(m.id) for m in written(app) if m.id and m.fuzzy]
    assert not unfinished, "translate them in the .po file, then run django-admin compilemessages"


@each_app
def test_the_catalogue_knows_exactly_the_words_in_use(app: Path) -> None:
    assert used(app) == set(words(written(app))), "run django-admin makemessages -l lv in the app's folder"


@each_app
def test_the_compiled_catalogue_is_fresh(app: Path) -> None:
    with (app / "locale/lv/LC_MESSAGES/django.mo").open("rb") as file:
        compiled = read_mo(file)
    assert words(compiled) == words(written(app)), "run django-admin compilemessages in the app's folder"


@each_app
def test_placeholders_and_plurals_fit(app: Path) -> None:
    assert not [error for m in written(app) for error in m.check(written(app))]
