"""The data table of a page: header cells with their spans and scopes, body cells as text or symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _

from saime.core.exchange.layout import Layout, arrange, depths
from saime.core.exchange.numbers import decimals_of, format_number
from saime.core.exchange.symbols import in_words, symbol_of, with_sign
from saime.core.model.dataset import Dataset, Dimension

SHORT = 10  # characters


@dataclass(frozen=True)
class Header:
    """``part_of`` says aloud what indentation shows: the label of the parent."""

    text: str
    scope: str
    depth: int = 0
    part_of: str = ""
    colspan: int = 1
    rowspan: int = 1
    numeric: bool = False

    @property
    def is_short(self) -> bool:
        """True for text that is not to be broken, such as 2022-01."""
        return len(self.text) <= SHORT


@dataclass(frozen=True)
class Cell:
    """``name`` is read aloud where a symbol stands for the number."""

    text: str
    name: str = ""


@dataclass(frozen=True)
class Row:
    headers: list[Header]
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    head: list[list[Header]]
    body: list[Row]
    fixed: list[tuple[str, str]]


def build_table(dataset: Dataset, language: str) -> Table:
    layout = arrange(dataset)
    fixed = [(d.label.in_language(language), d.codes[0].label.in_language(language)) for d in layout.fixed if d.role != "time"]
    return Table(_head(dataset, layout, language), _body(dataset, layout, language), fixed)


def _head(dataset: Dataset, layout: Layout, language: str) -> list[list[Header]]:
    if not layout.columns:
        rows = [[Header(dataset.metadata.unit_measure.in_language(language), "col", numeric=True)]]
    elif len(layout.columns) == 1 and _children_follow_parents(layout.columns[0]):
        rows = _two_levels(layout.columns[0], language)
    else:
        rows = _levels(layout.columns, language)
    corner = [Header(d.label.in_language(language), "col", rowspan=len(rows)) for d in layout.rows]
    return [[*corner, *rows[0]], *rows[1:]]


def _levels(columns: Sequence[Dimension], language: str) -> list[list[Header]]:
    """One row of headers for each dimension; outer headers span the inner ones."""
    rows, repeat = [], 1
    for place, dimension in enumerate(columns):
        span = 1
        for inner in columns[place + 1 :]:
            span *= len(inner.codes)
        one = [_header(dimension, code.id, language, "col" if span == 1 else "colgroup", colspan=span) for code in dimension.codes]
        rows.append(one * repeat)
        repeat *= len(dimension.codes)
    return rows


def _two_levels(dimension: Dimension, language: str) -> list[list[Header]]:
    """A hierarchy of two levels: the parent beside a group of its parts, as printed tables show it."""
    upper: list[Header] = []
    lower: list[Header] = []
    for is_part, run in groupby(dimension.codes, key=lambda code: code.parent in dimension.positions):
        codes = [code.id for code in run]
        if is_part:
            upper.append(Header(_("of which"), "colgroup", colspan=len(codes)))
            lower += [_header(dimension, code, language, "col") for code in codes]
        else:
            upper += [_header(dimension, code, language, "col", rowspan=2) for code in codes]
    return [upper, lower]


def _children_follow_parents(dimension: Dimension) -> bool:
    """True if there are two levels and each run of parts stands right after the parent of all of them."""
    if set(depths(dimension).values()) != {0, 1}:
        return False
    last = None
    for code in dimension.codes:
        if code.parent in dimension.positions:
            if code.parent != last:
                return False
        else:
            last = code.id
    return True


def _body(dataset: Dataset, layout: Layout, language: str) -> list[Row]:
    decimals = decimals_of(dataset.values)
    rows: list[Row] = []
    previous: tuple[str, ...] = ()
    for cell, places in zip(layout.row_cells, layout.grid(dataset.structure), strict=True):
        codes = tuple(code.id for code in cell)
        rows.append(Row(_row_headers(layout, codes, previous, language), [_cell(dataset, place, decimals, language) for place in places]))
        previous = codes
    return rows


def _row_headers(layout: Layout, codes: tuple[str, ...], previous: tuple[str, ...], language: str) -> list[Header]:
    """Outer headers stand once and span the rows under them."""
    headers, last = [], len(codes) - 1
    for place, (dimension, code) in enumerate(zip(layout.rows, codes, strict=True)):
        span = 1
        for inner in layout.rows[place + 1 :]:
            span *= len(inner.codes)
        if place == last or codes[: place + 1] != previous[: place + 1]:
            headers.append(_header(dimension, code, language, "row" if place == last else "rowgroup", rowspan=span))
    return headers


def _header(dimension: Dimension, code_id: str, language: str, scope: str, *, colspan: int = 1, rowspan: int = 1) -> Header:
    code = dimension.codes[dimension.positions[code_id]]
    parent = dimension.positions.get(code.parent or "")
    part_of = "" if parent is None else dimension.codes[parent].label.in_language(language)
    numeric = scope.startswith("col")
    return Header(code.label.in_language(language), scope, depths(dimension)[code_id], part_of, colspan, rowspan, numeric)


def _cell(dataset: Dataset, place: int, decimals: int, language: str) -> Cell:
    value = dataset.values[place]
    symbol = symbol_of(value, dataset.obs_status[place])
    number = "" if value is None else format_number(value, language, decimals)
    shown, said = with_sign(number, symbol), in_words(number, symbol, language)
    return Cell(shown, said if said != shown else "")
