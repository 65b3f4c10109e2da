"""The widest figure of each dataset of a release, for the home page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saime.core.exchange.numbers import decimals_of, format_number
from saime.core.exchange.symbols import in_words, symbol_of
from saime.core.model.dataset import Dataset, Dimension
from saime.dissemination.periods import period_in_words


@dataclass(frozen=True)
class Headline:
    """One number, or the words that stand where there is none, with what a reader must know beside it."""

    number: str
    unit: str
    period: str


@dataclass(frozen=True)
class Table:
    """A dataset that holds a headline."""

    id: str
    title: str
    synthetic: bool
    published_by_source: bool


def headlines(datasets: Iterable[Dataset], language: str) -> dict[Headline, list[Table]]:
    """Each figure with the datasets that hold it; several tables of the same persons share one."""
    found: dict[Headline, list[Table]] = {}
    for dataset in datasets:
        found.setdefault(_headline(dataset, language), []).append(_table(dataset, language))
    return found


def _headline(dataset: Dataset, language: str) -> Headline:
    """The cell of the widest code of every dimension, such as all persons in the whole country."""
    cell = tuple(_widest_code(dimension) for dimension in dataset.structure.dimensions)
    return Headline(
        number=_in_words(dataset, dataset.structure.position(cell), language),
        unit=dataset.metadata.unit_measure.in_language(language),
        period=period_in_words(dataset.metadata.reference_period),
    )


def _table(dataset: Dataset, language: str) -> Table:
    metadata = dataset.metadata
    return Table(dataset.id, metadata.title.in_language(language), metadata.synthetic, metadata.published_by_source)


def _in_words(dataset: Dataset, place: int, language: str) -> str:
    value = dataset.values[place]
    number = "" if value is None else format_number(value, language, decimals_of((value,)))
    return in_words(number, symbol_of(value, dataset.obs_status[place]), language)


def _widest_code(dimension: Dimension) -> str:
    """The code without a parent that has most children; of several periods side by side, the latest."""
    roots = [code.id for code in dimension.codes if code.parent is None]
    if dimension.role == "time":
        roots.reverse()
    return max(roots, key=lambda root: len(dimension.families.get(root, ())))
