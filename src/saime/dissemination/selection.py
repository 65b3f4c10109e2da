"""The selection in an address: ``?SEX=F,M&REF_AREA=0001000``, with parameters repeated or comma-separated."""

from __future__ import annotations

import math
from collections.abc import Iterable
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from saime.core.errors import BadInput, Refused
from saime.core.exchange.layout import depths
from saime.core.model.dataset import Dataset, Dimension
from saime.dissemination.queries import capped

PAGE_CELLS = 3_000  # cells on a page; more is slow to read and to send

Selection = dict[str, tuple[str, ...]]


def read_selection(dataset: Dataset, query: QueryDict) -> Selection:
    """The codes asked for, in presentation order; dimensions that the address does not name are whole.

    Raises: BadInput that names the dimension or code and lists the known ones.
    """
    dimensions = {dimension.id: dimension for dimension in dataset.structure.dimensions}
    if unknown := [name for name in query if name not in dimensions]:
        raise BadInput(
            format_lazy(_("Dataset {dataset} has no dimension “{name}”"), dataset=dataset.id, name=unknown[0]),
            where=f"?{unknown[0]}=",
            fix=format_lazy(_("use one of: {known}"), known=capped(list(dimensions))),
        )
    return {name: _read_codes(dimensions[name], query.getlist(name)) for name in query}


def _read_codes(dimension: Dimension, values: Iterable[str]) -> tuple[str, ...]:
    wanted = [code.strip() for value in values for code in value.split(",") if code.strip()]
    known = capped(list(dimension.positions))
    if not wanted:
        raise BadInput(
            format_lazy(_("Dimension “{name}” is named without a code"), name=dimension.id),
            where=f"?{dimension.id}=",
            fix=format_lazy(_("leave it out to get all codes, or use one of: {known}"), known=known),
        )
    if unknown := [code for code in wanted if code not in dimension.positions]:
        raise BadInput(
            format_lazy(_("Dimension “{name}” has no code “{code}”"), name=dimension.id, code=unknown[0]),
            where=f"?{dimension.id}={unknown[0]}",
            fix=format_lazy(_("use one of: {known}"), known=known),
        )
    return tuple(code for code in dimension.positions if code in wanted)


def write_query(dataset: Dataset, selection: Selection) -> str:
    """The address of the selection, ``?…`` or empty; whole dimensions are left out, so equal selections look equal."""
    parts = {d.id: ",".join(selection[d.id]) for d in dataset.structure.dimensions if len(selection.get(d.id, d.codes)) < len(d.codes)}
    return f"?{urlencode(parts, safe=',')}" if parts else ""


def count_cells(dataset: Dataset, selection: Selection) -> int:
    return math.prod(len(selection.get(d.id, d.codes)) for d in dataset.structure.dimensions)


def check_size(dataset: Dataset, selection: Selection, maximum: int) -> None:
    """Raises: Refused with the counts and the dimension whose narrowing helps most."""
    count = count_cells(dataset, selection)
    if count <= maximum:
        return
    widest = max(dataset.structure.dimensions, key=lambda d: len(selection.get(d.id, d.codes)))
    raise Refused(
        format_lazy(_("The selection has {count} cells; at most {maximum} are given at once"), count=count, maximum=maximum),
        where=dataset.id,
        fix=format_lazy(_("choose fewer codes, for example of {name} ({codes} codes): ?{name}=…"), name=widest.id, codes=len(widest.codes)),
    )


def narrow_for_page(dataset: Dataset, selection: Selection) -> Selection:
    """A selection that fits on a page: without the deepest levels, then without later codes; each time what loses least."""
    narrowed = {d.id: tuple(selection.get(d.id, d.positions)) for d in dataset.structure.dimensions}
    levels = {d.id: depths(d) for d in dataset.structure.dimensions}
    while count_cells(dataset, narrowed) > PAGE_CELLS:
        lowest = {name: max(levels[name][code] for code in codes) for name, codes in narrowed.items()}
        deepest = max(lowest.values())
        candidates = [_without_lowest(narrowed, name, levels[name]) for name, depth in lowest.items() if depth == deepest > 0]
        narrowed = max(candidates or [_halved(narrowed)], key=lambda candidate: count_cells(dataset, candidate))
    return narrowed


def _without_lowest(selection: Selection, name: str, levels: dict[str, int]) -> Selection:
    lowest = max(levels[code] for code in selection[name])
    return selection | {name: tuple(code for code in selection[name] if levels[code] < lowest)}


def _halved(selection: Selection) -> Selection:
    widest = max(selection, key=lambda name: len(selection[name]))
    codes = selection[widest]
    return selection | {widest: codes[: (len(codes) + 1) // 2]}
