"""Pages and files of datasets. A view reads the address, asks a query or service, and renders."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from saime.core.errors import BadInput
from saime.dissemination.charts import WIDTHS
from saime.dissemination.pages import describe_dataset, list_datasets
from saime.dissemination.queries import Published, current_release, find_published
from saime.dissemination.selection import check_size, read_selection
from saime.dissemination.services import entity_tag, file_name, find_format

CACHE_SECONDS = 60  # a new release shows within a minute


@require_safe
def dataset_list(request: HttpRequest) -> HttpResponse:
    release = current_release()
    entries = list_datasets(release, _language()) if release else []
    return render(request, "dissemination/dataset_list.html", {"release": release, "entries": entries})


@require_safe
def dataset_page(request: HttpRequest, dataset_id: str) -> HttpResponse:
    published = _find(request, dataset_id)
    selection = read_selection(published.dataset, request.GET)
    page = describe_dataset(published, selection, _language(), settings.ENVIRONMENT.maximum_cells)
    return render(request, "dissemination/dataset_page.html", {"page": page})


@require_safe
def dataset_file(request: HttpRequest, dataset_id: str, extension: str) -> HttpResponse:
    """A selection as PX, CSV, XLSX, JSON-stat or its chart as SVG; ``width=narrow`` draws for small screens."""
    published, kind = _find(request, dataset_id), find_format(extension)
    dataset, publication, language = published.dataset, published.publication, _language()
    query = request.GET.copy()
    width = _read_width(query) if extension == "svg" else ""
    selection = read_selection(dataset, query)
    check_size(dataset, selection, settings.ENVIRONMENT.maximum_cells)
    tag = entity_tag(dataset, publication, selection, language, extension, width)
    response = get_conditional_response(request, etag=tag)
    if response is None:
        response = HttpResponse(kind.write(dataset.select(selection), publication, language, width), content_type=kind.media_type)
        disposition = "inline" if kind.inline else "attachment"
        response["Content-Disposition"] = f'{disposition}; filename="{file_name(dataset, selection, extension)}"'
    response["ETag"] = tag
    response["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _find(request: HttpRequest, dataset_id: str) -> Published:
    return find_published(dataset_id, request.build_absolute_uri(reverse("dataset_page", args=[dataset_id])))


def _language() -> str:
    return get_language() or str(settings.LANGUAGE_CODE)


def _read_width(query: QueryDict) -> str:
    """Raises: BadInput if the width is not a known one."""
    width = str((query.pop("width", None) or ["wide"])[-1])
    if width not in WIDTHS:
        raise BadInput(f"'{width}' is not a width of a chart", where="?width=", fix=f"use one of: {', '.join(WIDTHS)}")
    return width
