"""What every page's frame needs: the menu, the languages and the version."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

import saime

LANGUAGE_NAMES = {"lv": "Latviešu", "en": "English"}  # each in its own language, so that its readers find it


def site(request: HttpRequest) -> dict[str, Any]:
    """The variable ``site`` of every template."""
    return {"site": {"menu": _menu(request), "languages": _languages(request), "version": saime.__version__}}


def _menu(request: HttpRequest) -> list[dict[str, Any]]:
    labels = {
        "dataset_list": _("Datasets"),
        "provider_list": _("Providers"),
        "target_list": _("Targets"),
        "about": _("About"),
    }
    entries = []
    for name, label in labels.items():
        url = reverse(name)
        entries.append({"label": label, "url": url, "current": request.path == url, "section": request.path.startswith(url)})
    return entries


def _languages(request: HttpRequest) -> list[dict[str, Any]]:
    """Each language with the address of this same page in it; the query string stays."""
    current = get_language()
    return [
        {"code": code, "name": LANGUAGE_NAMES[code], "url": _in_language(request, code), "current": code == current}
        for code, _label in settings.LANGUAGES
    ]


def _in_language(request: HttpRequest, code: str) -> str:
    path = request.get_full_path()
    for known, _label in settings.LANGUAGES:
        if path == f"/{known}" or path.startswith(f"/{known}/"):
            return f"/{code}{path[len(known) + 1 :]}"
    return f"/{code}/"
