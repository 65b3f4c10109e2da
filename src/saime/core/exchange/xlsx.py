"""A workbook: sheet "Data" laid out like the page, sheet "About" with how the numbers were made.

Numbers are numbers, and the sign of a weak one stands in its number format; withheld and missing cells hold their sign as
text. The legend below says what the signs mean.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import xlsxwriter

from saime.core.exchange.explanation import STEP_NAMES, explain_certificate, steps_from_release_back
from saime.core.exchange.layout import Layout, arrange, depths
from saime.core.exchange.numbers import decimals_of
from saime.core.exchange.publication import Publication, marks, notes
from saime.core.exchange.symbols import symbol_of, symbols_in
from saime.core.model.dataset import Dataset, Dimension
from saime.core.model.text import Text

DATA, ABOUT = Text(lv="Dati", en="Data"), Text(lv="Par datiem", en="About")
WORDS = {
    "unit": Text(lv="Mērvienība", en="Unit"),
    "period": Text(lv="Pārskata periods", en="Reference period"),
    "source": Text(lv="Avots", en="Source"),
    "notes": Text(lv="Piezīmes", en="Notes"),
    "symbols": Text(lv="Apzīmējumi", en="Symbols"),
    "made": Text(lv="Kā tas tapis", en="How this was made"),
    "protection": Text(lv="Konfidencialitātes aizsardzība", en="Protection of confidentiality"),
    "dataset": Text(lv="Datu kopa", en="Dataset"),
    "release": Text(lv="Publiskojums", en="Release"),
    "address": Text(lv="Adrese", en="Address"),
    "licence": Text(lv="Licence", en="Licence"),
    "digest": Text(lv="Kontrolsumma", en="Digest"),
}


def write_xlsx(dataset: Dataset, publication: Publication, language: str) -> bytes:
    """The workbook's bytes; the same input gives the same bytes."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    title = dataset.metadata.title.in_language(language)
    released = publication.released_at.replace(tzinfo=None)
    workbook.set_properties({"title": title, "created": released, "comments": publication.address})
    _DataSheet(workbook, dataset, language).write()
    _write_about(workbook, dataset, publication, language)
    workbook.close()
    return target.getvalue()


@dataclass
class _DataSheet:
    """Writes from top to bottom; ``line`` is the next free row."""

    workbook: Any
    dataset: Dataset
    language: str
    line: int = 0

    def write(self) -> None:
        self.sheet = self.workbook.add_worksheet(DATA.in_language(self.language))
        self._choose_formats()
        self._write_head()
        layout = arrange(self.dataset)
        self._write_column_headers(layout)
        self._write_rows(layout)
        self._write_foot()

    def _choose_formats(self) -> None:
        decimals = decimals_of(self.dataset.values)
        add = self.workbook.add_format
        self.bold, self.wrap, self.sign = add({"bold": True}), add({"text_wrap": True}), add({"align": "right"})
        self.header = add({"bold": True, "text_wrap": True, "bottom": 1, "valign": "bottom"})
        plain = "#,##0" + ("." + "0" * decimals if decimals else "")
        marks = {"": "", **{symbol.sign: f'" {symbol.sign}"' for symbol in symbols_in(self.dataset)}, "0": ""}
        self.numbers = {sign: add({"num_format": plain + mark}) for sign, mark in marks.items()}
        self.labels = [add({"indent": depth}) for depth in range(10)]

    def _say(self, text: str, style: Any = None) -> None:
        self.sheet.write_string(self.line, 0, text, style)
        self.line += 1

    def _write_head(self) -> None:
        metadata, language = self.dataset.metadata, self.language
        self._say(metadata.title.in_language(language), self.bold)
        for mark in marks(self.dataset):
            self._say(mark.in_language(language), self.bold)
        self._say(f"{WORDS['unit'].in_language(language)}: {metadata.unit_measure.in_language(language)}")
        self._say(f"{WORDS['period'].in_language(language)}: {metadata.reference_period}")
        self._say(f"{WORDS['source'].in_language(language)}: {metadata.source.in_language(language)}")
        for dimension in arrange(self.dataset).fixed:
            self._say(f"{dimension.label.in_language(language)}: {dimension.codes[0].label.in_language(language)}")
        self.line += 1

    def _write_column_headers(self, layout: Layout) -> None:
        last = self.line + max(len(layout.columns), 1) - 1
        for column, dimension in enumerate(layout.rows):
            self.sheet.write_string(last, column, dimension.label.in_language(self.language), self.header)
            self.sheet.set_column(column, column, _width(dimension, self.language))
        for offset, cell in enumerate(layout.column_cells):
            for level, code in enumerate(cell):
                self.sheet.write_string(self.line + level, len(layout.rows) + offset, code.label.in_language(self.language), self.header)
            if not cell:
                self.sheet.write_string(last, len(layout.rows), self.dataset.metadata.unit_measure.in_language(self.language), self.header)
        self.sheet.set_column(len(layout.rows), len(layout.rows) + len(layout.column_cells) - 1, 14)
        self.line = last + 1
        self.sheet.freeze_panes(self.line, len(layout.rows))

    def _write_rows(self, layout: Layout) -> None:
        levels = [depths(dimension) for dimension in layout.rows]
        for cell, places in zip(layout.row_cells, layout.grid(self.dataset.structure), strict=True):
            for column, (code, level) in enumerate(zip(cell, levels, strict=True)):
                self.sheet.write_string(self.line, column, code.label.in_language(self.language), self.labels[min(level[code.id], 9)])
            for column, place in enumerate(places, start=len(layout.rows)):
                self._write_figure(column, place)
            self.line += 1
        self.line += 1

    def _write_figure(self, column: int, place: int) -> None:
        value, status = self.dataset.values[place], self.dataset.obs_status[place]
        symbol = symbol_of(value, status)
        if value is not None:
            self.sheet.write_number(self.line, column, value, self.numbers[symbol.sign if symbol else ""])
        elif symbol is not None:
            self.sheet.write_string(self.line, column, symbol.sign, self.sign)

    def _write_foot(self) -> None:
        self._say(WORDS["symbols"].in_language(self.language), self.bold)
        for symbol in symbols_in(self.dataset):
            self._say(f"{symbol.sign} – {symbol.meaning.in_language(self.language)}")
        if told := notes(self.dataset):
            self._say(WORDS["notes"].in_language(self.language), self.bold)
            for note in told:
                self._say(note.in_language(self.language))


def _write_about(workbook: Any, dataset: Dataset, publication: Publication, language: str) -> None:
    sheet = workbook.add_worksheet(ABOUT.in_language(language))
    bold, wrap = workbook.add_format({"bold": True, "valign": "top"}), workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 100)
    for line, (name, text) in enumerate(_about(dataset, publication, language)):
        sheet.write_string(line, 0, name, bold)
        sheet.write_string(line, 1, text, wrap)


def _about(dataset: Dataset, publication: Publication, language: str) -> list[tuple[str, str]]:
    def word(name: str) -> str:
        return WORDS[name].in_language(language)

    facts = [
        (word("dataset"), dataset.id),
        (word("release"), f"{publication.release}, {publication.released_at.isoformat(timespec='minutes')}"),
        (word("address"), publication.address),
        (word("licence"), publication.licence),
        (word("digest"), publication.certificate.dataset_digest),
    ]
    facts += [("", mark.in_language(language)) for mark in marks(dataset)]
    facts += [(word("protection"), text.in_language(language)) for text in explain_certificate(publication.certificate)]
    for step in steps_from_release_back(dataset, publication):
        facts.append(
            (
                STEP_NAMES[step.kind].in_language(language),
                "; ".join(filter(None, (step.label.in_language(language), step.id, step.digest, step.at))),
            )
        )
    return facts


def _width(dimension: Dimension, language: str) -> int:
    longest = max(len(code.label.in_language(language)) for code in dimension.codes)
    return min(max(longest + 4, 14), 60)
