"""What a reader asks of the register: words and filters, read from the address and turned into a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from django.db.models import Count, Model, QuerySet
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from saime.core.errors import BadInput
from saime.core.model.text import fold
from saime.registers import models

MAXIMUM_WORDS = 200  # letters; far more than any name in the register


@dataclass(frozen=True)
class Selection:
    """Empty fields select everything; the fields are the names used in the address."""

    q: str = ""
    municipality: str = ""
    local_government: str = ""
    type: str = ""
    group: str = ""
    accommodation: str = ""

    @property
    def is_empty(self) -> bool:
        return self == Selection()

    def query_string(self, **changes: str) -> str:
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in vars(replace(self, **changes)).items() if value})
        return query.urlencode()


@dataclass(frozen=True)
class Filter:
    model: type[Model]
    lookup: str


FILTERS = {
    "municipality": Filter(models.Municipality, "municipality"),
    "local_government": Filter(models.LocalGovernment, "municipality__succession__local_government"),
    "type": Filter(models.ProviderType, "type"),
    "group": Filter(models.ClientGroup, "client_groups"),
    "accommodation": Filter(models.Accommodation, "accommodation"),
}


def read_selection(parameters: QueryDict) -> Selection:
    """Raises: BadInput that names the value nobody knows and the known ones."""
    given = {field.name: _clean(parameters.get(field.name, "")) for field in fields(Selection)}
    if len(given["q"]) > MAXIMUM_WORDS:
        raise BadInput(
            format_lazy(_("The search text is longer than {number} characters."), number=MAXIMUM_WORDS),
            fix=_("Search for fewer words"),
        )
    _check_codes(given)
    return Selection(**given)


def _clean(value: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in value).strip()


def _check_codes(given: Mapping[str, str]) -> None:
    for name, wanted in FILTERS.items():
        if not given[name] or wanted.model._default_manager.filter(pk=given[name]).exists():
            continue
        known = ", ".join(wanted.model._default_manager.order_by("pk").values_list("pk", flat=True))
        raise BadInput(
            format_lazy(_("The filter “{name}” has no value “{value}”."), name=name, value=given[name]),
            where=format_lazy(_("the address of this page, parameter {name}"), name=name),
            fix=format_lazy(_("Use one of these values: {known}"), known=known),
        )


def find_providers(selection: Selection) -> QuerySet[models.Provider]:
    """Entries that match every word and every filter, in Latvian order."""
    found = models.Provider.objects.all()
    for word in fold(selection.q).split():
        found = found.filter(search_text__contains=word)
    for name, wanted in FILTERS.items():
        if code := getattr(selection, name):
            found = found.filter(**{wanted.lookup: code})
    return found


def count_by_municipality(selection: Selection) -> dict[str, int]:
    """Entries by territory code under the selection, whichever municipality it names."""
    found = find_providers(replace(selection, municipality=""))
    return dict(found.order_by().values_list("municipality").annotate(Count("number")))
