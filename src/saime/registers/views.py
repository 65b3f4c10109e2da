"""Pages and files of the register of social service providers."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from saime.core.errors import BadInput, NotFound, TryLater
from saime.registers import models
from saime.registers.choropleth import draw_map
from saime.registers.files import as_csv, as_json
from saime.registers.selection import FILTERS, Selection, find_providers, read_selection

ENTRIES_PER_PAGE = 20


def provider_list(request: HttpRequest) -> HttpResponse:
    selection = read_selection(request.GET)
    context = {
        "edition": _edition(),
        "selection": selection,
        "choices": _choices(),
        "page": _page(request, find_providers(selection).select_related("municipality", "type", "accommodation")),
        "total": models.Provider.objects.count(),
        "map": draw_map(selection),
        "split": _split_municipalities(selection),
        "territory_notes": models.MunicipalityNote.objects.filter(municipality=selection.municipality),
    }
    return render(request, "registers/provider_list.html", context)


def provider_page(request: HttpRequest, number: int) -> HttpResponse:
    edition = _edition()
    provider = _with_details(models.Provider.objects.filter(number=number)).first()
    if provider is None:
        last = models.Provider.objects.aggregate(last=Max("number"))["last"]
        raise NotFound(
            format_lazy(_("The register has no entry No. {number}."), number=number),
            fix=format_lazy(_("Use a number from 1 to {last}, or search the register"), last=last),
        )
    return render(request, "registers/provider_page.html", {"edition": edition, "provider": provider})


def provider_json(request: HttpRequest) -> HttpResponse:
    selection = read_selection(request.GET)
    content = as_json(_edition(), selection, _with_details(find_providers(selection)))
    return JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1})


def provider_csv(request: HttpRequest) -> HttpResponse:
    content = as_csv(_edition(), _with_details(find_providers(read_selection(request.GET))))
    headers = {"Content-Disposition": 'attachment; filename="providers.csv"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def _edition() -> models.RegisterEdition:
    edition = models.RegisterEdition.objects.order_by("-as_of").first()
    if edition is None:
        raise TryLater(_("The register of providers has not been loaded yet."), fix=_("Come back later"))
    return edition


def _with_details(providers: QuerySet[models.Provider]) -> QuerySet[models.Provider]:
    related = providers.select_related("municipality", "type", "accommodation", "legal_status")
    return related.prefetch_related("municipality__successors", "municipality__notes", "client_groups", "notes")


def _choices() -> dict[str, Any]:
    return {name: wanted.model._default_manager.all() for name, wanted in FILTERS.items()}


def _page(request: HttpRequest, providers: QuerySet[models.Provider]) -> Page:
    pages = Paginator(providers, ENTRIES_PER_PAGE)
    wanted = request.GET.get("page", "1")
    if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= pages.num_pages):
        raise BadInput(
            format_lazy(_("There is no page “{number}” of these results."), number=wanted),
            fix=format_lazy(_("Use a page from 1 to {last}"), last=pages.num_pages),
        )
    return pages.page(int(wanted))


def _split_municipalities(selection: Selection) -> list[models.Municipality]:
    """Municipalities of 2010 whose entries the chosen local government of 2021 shares with another one."""
    if not selection.local_government:
        return []
    candidates = models.Municipality.objects.filter(successors=selection.local_government).prefetch_related("successors")
    return [municipality for municipality in candidates if len(municipality.successors.all()) > 1]
