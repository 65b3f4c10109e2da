"""PX files (PC-Axis, AXIS-VERSION 2013) in Latvian with English beside it, in UTF-8.

Rows of the layout are the STUB, columns and fixed dimensions the HEADING. ``".."`` is withheld, ``"..."`` not available,
``"."`` not applicable, ``"...."`` unreliable without a number, ``0`` zero; DATASYMBOL1 to 4 say so. Each ``KEYWORD[en]``
stands right after its ``KEYWORD``, and no value holds ``=`` or a straight quotation mark, because readers split on them
(docs/reference/files-and-addresses.md).
Left out: sparse data (KEYS), value notes, contents variables, aggregation files.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import datetime
from itertools import chain

from saime.core.errors import BadInput
from saime.core.exchange.layout import Layout, arrange
from saime.core.exchange.numbers import decimals_of
from saime.core.exchange.publication import Publication, notes
from saime.core.exchange.symbols import SYMBOLS, symbol_of
from saime.core.model.dataset import NORMAL, WITHOUT_VALUE, Dataset, Dimension
from saime.core.model.period import Period
from saime.core.model.text import LANGUAGES, Text

LINE = 120  # characters in a piece of a quoted string; readers allow 256 in a line
SUBJECT = Text(lv="Sociālā aizsardzība", en="Social protection")
TIME_SCALES = {"A": "A1", "Q": "Q1", "M": "M1"}
_TIME_MARKS = str.maketrans("", "", "-Q")  # 2022-Q1 is written 20221, 2022-06 is 202206


def write_px(dataset: Dataset, publication: Publication) -> str:
    """The whole file. Every figure and symbol of the dataset is in DATA once, row by row."""
    layout = arrange(dataset)
    keywords = (_header(dataset, publication), _dimensions(layout), _footer(dataset, publication), _cell_notes(dataset, layout))
    rows = [" ".join(_figure(dataset, place) for place in places) for places in layout.grid(dataset.structure)]
    return "\n".join([*chain(*keywords), "DATA=", *rows]) + ";\n"


def _header(dataset: Dataset, publication: Publication) -> Iterable[str]:
    metadata = dataset.metadata
    released = _timestamp(publication.released_at)
    yield 'CHARSET="ANSI";'
    yield 'AXIS-VERSION="2013";'
    yield 'CODEPAGE="utf-8";'
    yield f'LANGUAGE="{LANGUAGES[0]}";'
    yield f"LANGUAGES={_listed(LANGUAGES)};"
    yield f"CREATION-DATE={_quoted(released)};"
    yield f"DECIMALS={decimals_of(dataset.values)};"
    yield f"SHOWDECIMALS={decimals_of(dataset.values)};"
    yield f"MATRIX={_quoted(dataset.id)};"
    yield "AGGREGALLOWED=NO;"
    yield 'SUBJECT-CODE="SOC";'
    yield from _both("SUBJECT-AREA", SUBJECT)
    yield from _both("TITLE", metadata.title)
    yield from _both("CONTENTS", metadata.title)
    yield from _both("UNITS", metadata.unit_measure)


def _dimensions(layout: Layout) -> Iterable[str]:
    stub, heading = layout.rows, _heading(layout)
    for keyword, side in (("STUB", stub), ("HEADING", heading)):
        for language in LANGUAGES if side else ():
            yield f"{keyword}{_tag(language)}={_listed([d.label.in_language(language) for d in side])};"
    for keyword, content in (("VALUES", _values), ("CODES", _codes), ("TIMEVAL", _time_scale)):
        for dimension in (*stub, *heading):
            for language in LANGUAGES:
                if told := content(dimension, language):
                    yield f"{keyword}{_tag(language)}({_quoted(dimension.label.in_language(language))})={told};"


def _footer(dataset: Dataset, publication: Publication) -> Iterable[str]:
    yield f"LAST-UPDATED={_quoted(_timestamp(publication.released_at))};"
    yield from _both("SOURCE", dataset.metadata.source)
    told = notes(dataset)
    if told:
        yield from _both("NOTE", Text(lv="#".join(note.lv for note in told), en="#".join(note.en for note in told)))
    for number, key in enumerate(("not_applicable", "withheld", "not_available", "unreliable"), start=1):
        yield from _both(f"DATASYMBOL{number}", SYMBOLS[key].name)


def _cell_notes(dataset: Dataset, layout: Layout) -> Iterable[str]:
    """PX has no status of a cell: a number that is weak, estimated or after a break says so in a note of its own."""
    told = {symbol.obs_status: symbol for symbol in SYMBOLS.values() if symbol.obs_status not in (NORMAL, *WITHOUT_VALUE)}
    order = [dataset.structure.dimensions.index(dimension) for dimension in (*layout.rows, *_heading(layout))]
    for cell, status in zip(dataset.structure.cells(), dataset.obs_status, strict=True):
        for language in LANGUAGES if status in told else ():
            place = [_labels(dataset.structure.dimensions[i], language)[cell[i]] for i in order]
            yield f"CELLNOTE{_tag(language)}({_listed(place)})={_quoted(told[status].meaning.in_language(language))};"


def _figure(dataset: Dataset, place: int) -> str:
    value, status = dataset.values[place], dataset.obs_status[place]
    if value is not None:
        return str(value)
    symbol = symbol_of(value, status)
    if symbol is None:
        raise BadInput(
            f"an observation without a value has status {status}", where=f"dataset {dataset.id}", fix="add the status to SYMBOLS"
        )
    return symbol.px


def _heading(layout: Layout) -> tuple[Dimension, ...]:
    return (*layout.columns, *layout.fixed)


def _labels(dimension: Dimension, language: str) -> dict[str, str]:
    """Label by code, with the code added where two codes of the dimension have the same label."""
    labels = [code.label.in_language(language) for code in dimension.codes]
    return {code.id: text if labels.count(text) == 1 else f"{text} ({code.id})" for text, code in zip(labels, dimension.codes, strict=True)}


def _values(dimension: Dimension, language: str) -> str:
    return _listed(_labels(dimension, language).values())


def _codes(dimension: Dimension, language: str) -> str:
    return _listed(code.id for code in dimension.codes)


def _time_scale(dimension: Dimension, language: str) -> str:
    """``TLIST(M1),"202201","202202"`` for a time dimension whose periods have one length; PX has no mixed scale."""
    if dimension.role != "time":
        return ""
    periods = [Period.parse(code.id) for code in dimension.codes]
    frequencies = {period.frequency for period in periods}
    scale = TIME_SCALES.get(frequencies.pop()) if len(frequencies) == 1 else None
    return f"TLIST({scale}),{_listed(period.code.translate(_TIME_MARKS) for period in periods)}" if scale else ""


def _both(keyword: str, text: Text) -> list[str]:
    return [f"{keyword}{_tag(language)}={_quoted(text.in_language(language))};" for language in LANGUAGES]


def _tag(language: str) -> str:
    return "" if language == LANGUAGES[0] else f"[{language}]"


def _listed(texts: Iterable[str]) -> str:
    """Quoted and comma-separated, one a line: a label is never cut in two."""
    return ",\n".join(f'"{_clean(text)}"' for text in texts)


def _quoted(text: str) -> str:
    """Quoted; a long text goes on as further quoted strings on the next lines."""
    pieces = textwrap.wrap(_clean(text), LINE, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f'"{piece}"' for piece in pieces)


def _clean(text: str) -> str:
    """One line without the characters that PX readers split on."""
    return " ".join(text.split()).replace('"', "'").replace("=", "＝") or "-"


def _timestamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d %H:%M}"
