"""What the two pages show, gathered for their templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from saime.core.exchange.explanation import STEP_NAMES, details_in_words, explain_certificate, steps_from_release_back
from saime.core.exchange.layout import depths
from saime.core.exchange.numbers import format_number
from saime.core.exchange.publication import Publication, notes
from saime.core.exchange.symbols import symbols_in
from saime.core.model.dataset import Dataset, Dimension, LineageStep
from saime.core.releases.reader import Release
from saime.dissemination.boundaries import approximate_areas
from saime.dissemination.charts import Chart, choose_chart, label_of
from saime.dissemination.drawings import summary
from saime.dissemination.periods import moment_in_words, period_in_words
from saime.dissemination.queries import Published
from saime.dissemination.selection import Selection, count_cells, narrow_for_page, write_query
from saime.dissemination.services import TABLE_FORMATS
from saime.dissemination.tables import Table, build_table


@dataclass(frozen=True)
class Download:
    name: str
    extension: str
    url: str


@dataclass(frozen=True)
class Entry:
    """A line of the list."""

    id: str
    title: str
    period: str
    unit: str
    source: str
    cells: str
    updated: str
    synthetic: bool
    published_by_source: bool
    downloads: list[Download]


@dataclass(frozen=True)
class Choice:
    code: str
    label: str
    depth: int
    chosen: bool


@dataclass(frozen=True)
class Chooser:
    """A dimension in the selection form; ``narrowed`` if not all of its codes are shown."""

    id: str
    label: str
    choices: list[Choice]

    @property
    def chosen(self) -> int:
        return sum(choice.chosen for choice in self.choices)

    @property
    def narrowed(self) -> bool:
        return self.chosen < len(self.choices)


@dataclass(frozen=True)
class Step:
    name: str
    label: str
    id: str
    digest: str
    at: str
    details: list[tuple[str, str]]


@dataclass(frozen=True)
class Picture:
    wide: str
    narrow: str
    summary: str
    has_gaps: bool
    is_map: bool
    approximate: str


@dataclass(frozen=True)
class Page:
    id: str
    address: str
    publication: Publication
    released: str
    title: str
    unit: str
    period: str
    source: str
    synthetic: bool
    published_by_source: bool
    notes: list[str]
    symbols: list[tuple[str, str, str]]
    choosers: list[Chooser]
    selected: bool
    cells: str
    shown: str
    narrowed: bool
    too_large: bool
    table: Table
    picture: Picture | None
    downloads: list[Download]
    steps: list[Step]
    protection: list[str]


def list_datasets(release: Release, language: str) -> list[Entry]:
    updated = moment_in_words(release.released_at)
    entries = [_entry(release.dataset(dataset_id), updated, language) for dataset_id in release.ids]
    return sorted(entries, key=lambda entry: (entry.id.removesuffix("-published"), entry.published_by_source))


def _entry(dataset: Dataset, updated: str, language: str) -> Entry:
    metadata = dataset.metadata
    return Entry(
        id=dataset.id,
        title=metadata.title.in_language(language),
        period=period_in_words(metadata.reference_period),
        unit=metadata.unit_measure.in_language(language),
        source=metadata.source.in_language(language),
        cells=format_number(dataset.structure.size, language),
        updated=updated,
        synthetic=metadata.synthetic,
        published_by_source=metadata.published_by_source,
        downloads=_downloads(dataset, {}),
    )


def describe_dataset(published: Published, selection: Selection, language: str, maximum: int) -> Page:
    """Everything on the page; the table and chart show the selection narrowed to what a page can hold."""
    dataset, publication, metadata = published.dataset, published.publication, published.dataset.metadata
    narrowed = narrow_for_page(dataset, selection)
    shown = dataset.select(narrowed)
    asked = count_cells(dataset, selection)
    return Page(
        id=dataset.id,
        address=publication.address,
        publication=publication,
        released=moment_in_words(publication.released_at),
        title=metadata.title.in_language(language),
        unit=metadata.unit_measure.in_language(language),
        period=period_in_words(metadata.reference_period),
        source=metadata.source.in_language(language),
        synthetic=metadata.synthetic,
        published_by_source=metadata.published_by_source,
        notes=[note.in_language(language) for note in notes(shown)],
        symbols=[(s.sign, s.name.in_language(language), s.meaning.in_language(language)) for s in symbols_in(shown)],
        choosers=[_chooser(d, narrowed[d.id], language) for d in dataset.structure.dimensions if len(d.codes) > 1],
        selected=bool(write_query(dataset, selection)),
        cells=format_number(asked, language),
        shown=format_number(shown.structure.size, language),
        narrowed=shown.structure.size < asked,
        too_large=asked > maximum,
        table=build_table(shown, language),
        picture=_picture(dataset, shown, narrowed, language),
        downloads=_downloads(dataset, selection),
        steps=[_step(step, language) for step in steps_from_release_back(dataset, publication)],
        protection=[text.in_language(language) for text in explain_certificate(publication.certificate)],
    )


def _chooser(dimension: Dimension, chosen: tuple[str, ...], language: str) -> Chooser:
    levels = depths(dimension)
    choices = [Choice(code.id, code.label.in_language(language), min(levels[code.id], 4), code.id in chosen) for code in dimension.codes]
    return Chooser(dimension.id, dimension.label.in_language(language), choices)


def _picture(dataset: Dataset, shown: Dataset, selection: Selection, language: str) -> Picture | None:
    chart = choose_chart(shown, language)
    if chart is None:
        return None
    url = reverse("dataset_file", args=[dataset.id, "svg"])
    query = write_query(dataset, selection)
    narrow = f"{query}&width=narrow" if query else "?width=narrow"
    return Picture(
        wide=url + query,
        narrow=url + narrow,
        summary=summary(shown, chart, language),
        has_gaps=len(chart.known) < len(chart.points),
        is_map=chart.kind == "map",
        approximate=_approximate(chart, language) if chart.kind == "map" else "",
    )


def _approximate(chart: Chart, language: str) -> str:
    """The names of the drawn areas whose boundaries are only roughly known."""
    drawn = [point.category for point in chart.points if point.category in approximate_areas()]
    return ", ".join(label_of(chart.category, code, language) for code in drawn)


def _downloads(dataset: Dataset, selection: Selection) -> list[Download]:
    query = write_query(dataset, selection)
    return [Download(f.name, f.extension, reverse("dataset_file", args=[dataset.id, f.extension]) + query) for f in TABLE_FORMATS]


def _step(step: LineageStep, language: str) -> Step:
    name, label = STEP_NAMES[step.kind].in_language(language), step.label.in_language(language)
    return Step(name, label, step.id, step.digest or "", _moment(step.at), details_in_words(step, language))


def _moment(text: str | None) -> str:
    """A lineage step tells its time in ISO 8601; what is only a date or a period stays as it is."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return text or ""
    return moment_in_words(moment) if moment.tzinfo else text or ""
