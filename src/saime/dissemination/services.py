"""One dataset, or a selection of it, as a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from saime.core.errors import NotFound
from saime.core.exchange.csv import write_csv
from saime.core.exchange.jsonstat import MEDIA_TYPES, write_jsonstat
from saime.core.exchange.publication import Publication
from saime.core.exchange.px import write_px
from saime.core.exchange.xlsx import write_xlsx
from saime.core.model.dataset import Dataset
from saime.dissemination.charts import choose_chart, draw
from saime.dissemination.drawings import specification
from saime.dissemination.selection import Selection, write_query

Writer = Callable[[Dataset, Publication, str, str], bytes]


@dataclass(frozen=True)
class Format:
    """``name`` stands beside the extension; ``inline`` files open in the browser."""

    extension: str
    name: str
    media_type: str
    inline: bool
    write: Writer


def _svg(dataset: Dataset, publication: Publication, language: str, width: str) -> bytes:
    chart = choose_chart(dataset, language)
    if chart is None:
        raise NotFound(_("This selection has no chart"), where=dataset.id, fix=_("choose more codes, or read the table"))
    return draw(specification(dataset, chart, language, width), language).encode()


FORMATS = {
    one.extension: one
    for one in (
        Format("px", "PC-Axis", f"{MEDIA_TYPES['px']}; charset=utf-8", False, lambda d, p, lang, w: write_px(d, p).encode()),
        Format(
            "csv", "UTF-8", f"{MEDIA_TYPES['csv']}; charset=utf-8; header=present", False, lambda d, p, lang, w: write_csv(d, lang).encode()
        ),
        Format("xlsx", "Excel, LibreOffice", MEDIA_TYPES["xlsx"], False, lambda d, p, lang, w: write_xlsx(d, p, lang)),
        Format("json", "JSON-stat 2.0", MEDIA_TYPES["json"], True, lambda d, p, lang, w: _json(write_jsonstat(d, p, lang))),
        Format("svg", "SVG", "image/svg+xml; charset=utf-8", True, _svg),
    )
}
TABLE_FORMATS = [one for one in FORMATS.values() if one.extension != "svg"]


def _json(message: dict[str, object]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def find_format(extension: str) -> Format:
    """Raises: NotFound that lists the formats."""
    if extension not in FORMATS:
        raise NotFound(
            format_lazy(_("There is no file format “{extension}”"), extension=extension),
            where=f".{extension}",
            fix=format_lazy(_("use one of: {known}"), known=", ".join(FORMATS)),
        )
    return FORMATS[extension]


def entity_tag(dataset: Dataset, publication: Publication, selection: Selection, *variant: str) -> str:
    """The same for the same observations, release, selection and variant (language, format, width)."""
    parts = [publication.certificate.dataset_digest, publication.release, publication.address, write_query(dataset, selection), *variant]
    return f'"{hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]}"'


def file_name(dataset: Dataset, selection: Selection, extension: str) -> str:
    return f"{dataset.id}{'-selection' if write_query(dataset, selection) else ''}.{extension}"
