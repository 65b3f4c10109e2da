"""Several datasets as one system: a cell that two of them publish is one unknown, and the rows of all hold together.

Two cells are one when their populations are the same (who is counted, what of them, from which deliveries) and their codes are, leaving out
the totals of dimensions that take in everybody: total of sex in a table by territory and sex is the cell of the table by
territory alone. Tables that are safe one by one can be unsafe together; earlier releases are datasets like the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from saime.core.model.dataset import Dataset, DataStructure, Dimension, Population
from saime.core.protection.constraints import Knowledge, Numbers, Places, as_numbers, knowledge
from saime.core.protection.linked_stocks import Tie, day_counted, is_movement, ties_of
from saime.core.protection.reduction import keep_rows, merge_terms

Described = tuple[DataStructure, Population | None]
Shown = tuple[Described, Numbers]  # with a value for each cell, nan where none is shown
Scopes = npt.NDArray[np.int64]  # cells x (population and period, then one column a dimension); 0 is the total of everybody


@dataclass(frozen=True)
class LinkedSystem:
    """``places[d]`` holds the unknown of each cell of dataset ``d``, in the order of its observations; ``rows`` are over unknowns.

    ``changes``: of each cell of entrants or leavers its unknown and those of the stocks now and then (n x 3), where these are there.
    """

    rows: Knowledge
    size: int
    places: tuple[Places, ...]
    changes: Places

    def fewest(self, values: Numbers) -> Numbers:
        """The fewest persons that a cell with somebody can hold by the stocks that are known: 1, or by how many the stock rose or fell."""
        moved, here, there = self.changes.T
        found = np.ones(self.size)
        found[moved] = np.fmax(1.0, values[here] - values[there])
        return found

    def gather(self, values: Sequence[Numbers]) -> Numbers:
        """One value an unknown, from one array a dataset; nan only where no dataset has one. Of several, the last."""
        found = np.full(self.size, np.nan)
        for places, own in zip(self.places, values, strict=True):
            known = ~np.isnan(own)
            found[places[known]] = own[known]
        return found


def link(datasets: Sequence[Described]) -> LinkedSystem:
    """The system of the datasets. Cells of a dataset without a population are its own."""
    places, ties = _number_tied(datasets)
    described = zip(datasets, places, strict=True)
    parts = [_moved(knowledge(structure, nested=not is_movement(whom)), own) for (structure, whom), own in described]
    rows = _without_repeats(merge_terms(_stacked([*parts, *(rows for _, rows in ties)])))
    changes = [rows.cells.reshape(-1, 3) for tie, rows in ties if tie.is_change]
    return LinkedSystem(rows, max(int(own.max()) for own in places) + 1, places, np.concatenate([np.zeros((0, 3), np.int64), *changes]))


def connected(datasets: Sequence[Described]) -> tuple[tuple[int, ...], ...]:
    """Which datasets share cells or have tied ones, directly or through others: their positions, each once."""
    groups: list[tuple[set[int], set[int]]] = []  # datasets and their cells
    numbers, ties = _number_tied(datasets)
    sets = [({position}, set(places.tolist())) for position, places in enumerate(numbers)]
    for members, cells in [*sets, *((set[int](), set(rows.cells.tolist())) for _, rows in ties)]:
        for group in [group for group in groups if not group[1].isdisjoint(cells)]:
            groups.remove(group)
            members, cells = members | group[0], cells | group[1]
        groups.append((members, cells))
    return tuple(sorted(tuple(sorted(members)) for members, _ in groups))


def _number_tied(datasets: Sequence[Described]) -> tuple[tuple[Places, ...], list[tuple[Tie, Knowledge]]]:
    """``number_cells``, and what ties cells of different measures with its rows, where all cells of a row are there."""
    ties = list(ties_of(datasets))
    numbers = number_cells([*datasets, *(term for tie in ties for term in tie.terms)])
    places, others = numbers[: len(datasets)], iter(numbers[len(datasets) :])
    size = max((int(own.max()) for own in places), default=-1) + 1
    return places, [(tie, rows) for tie in ties if len((rows := _tied(tie, [next(others) for _ in tie.terms], size)).lower)]


def _tied(tie: Tie, places: Sequence[Places], size: int) -> Knowledge:
    cells = np.stack(places, axis=1)
    cells = cells[(cells < size).all(axis=1)]
    count, width = cells.shape
    bounds = np.full(count, tie.lower), np.full(count, tie.upper)
    return Knowledge(np.arange(count + 1, dtype=np.int64) * width, cells.ravel(), np.tile(tie.signs, count), *bounds)


def number_cells(datasets: Sequence[Described]) -> tuple[Places, ...]:
    """The number of each dataset's cells, counted from 0 in the order in which they first come; shared cells have one number."""
    if not datasets:
        return ()
    names = _Numbering()
    dimensions = sorted({dimension.id for structure, _ in datasets for dimension in structure.dimensions if dimension.role != "time"})
    scopes = [_scopes(described, alone, dimensions, names) for alone, described in enumerate(datasets)]
    numbers = _in_order(_labels(np.concatenate(scopes)))
    ends = np.cumsum([len(own) for own in scopes])
    return tuple(np.split(numbers, ends[:-1]))


def shown_by(dataset: Dataset) -> Shown:
    return (dataset.structure, dataset.metadata.population), as_numbers(dataset.values)


def agreeing(earlier: Sequence[Dataset], current: Sequence[Shown]) -> list[Dataset]:
    """The earlier datasets that nothing current contradicts: those with another count of a shared cell were counted otherwise."""
    return [dataset for dataset in earlier if all(_agree(shown_by(dataset), other) for other in current)]


def _agree(one: Shown, other: Shown) -> bool:
    if one[0][1] is None or other[0][1] is None or _whom(one[0][1])[:2] != _whom(other[0][1])[:2]:
        return True
    first, second = number_cells([one[0], other[0]])
    known = np.full(max(int(first.max()), int(second.max())) + 1, np.nan)
    known[first] = one[1]
    return not bool((np.abs(known[second] - other[1]) > 0.5).any())


class _Numbering:
    """Numbers from 1 for names, in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}

    def __getitem__(self, name: object) -> int:
        return self._numbers.setdefault(name, len(self._numbers) + 1)


def _scopes(described: Described, alone: int, dimensions: Sequence[str], names: _Numbering) -> Scopes:
    structure, population = described
    found = np.zeros((structure.size, 1 + len(dimensions)), dtype=np.int64)
    for dimension, codes in zip(structure.dimensions, np.indices(structure.shape).reshape(len(structure.shape), -1), strict=True):
        if dimension.role == "time":
            found[:, 0] = _periods(dimension, population, alone, names)[codes]
        else:
            found[:, 1 + dimensions.index(dimension.id)] = _codes(dimension, population, names)[codes]
    if not any(dimension.role == "time" for dimension in structure.dimensions):
        found[:, 0] = names[("no period", alone if population is None else _whom(population))]
    return found


def _periods(dimension: Dimension, population: Population | None, alone: int, names: _Numbering) -> Places:
    if population is None:
        return np.array([names[("alone", alone, code.id)] for code in dimension.codes])
    counted = (day_counted(population, code.id) for code in dimension.codes)
    data = (population.data.get(code.id, "") for code in dimension.codes)
    return np.array([names[(population.feed, population.filter, *one, loads)] for one, loads in zip(counted, data, strict=True)])


def _whom(population: Population) -> tuple[str, str, str]:
    return population.feed, population.filter, population.measure


def _codes(dimension: Dimension, population: Population | None, names: _Numbering) -> Places:
    whole = _whole(dimension) if population and dimension.id in population.complete else None
    meant = population.definitions.get(dimension.id, {}) if population else {}
    return np.array([0 if code.id == whole else names[(dimension.id, meant.get(code.id, code.id))] for code in dimension.codes])


def _whole(dimension: Dimension) -> str | None:
    """The one code that is not below another; None if there are several."""
    roots = [code.id for code in dimension.codes if code.parent is None]
    return roots[0] if len(roots) == 1 else None


def _labels(scopes: Scopes) -> Places:
    """A number for each row, the same for the same rows: column by column, several times faster than rows as a whole."""
    labels = np.zeros(len(scopes), dtype=np.int64)
    for column in scopes.T:
        _, labels = np.unique(labels * (int(column.max(initial=0)) + 1) + column, return_inverse=True)
    return labels.ravel()


def _in_order(labels: Places) -> Places:
    """Number the labels from 0 in the order in which they first come: the system depends on the datasets' order alone."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.ravel()]


def _moved(rows: Knowledge, places: Places) -> Knowledge:
    return Knowledge(rows.starts, places[rows.cells], rows.signs, rows.lower, rows.upper)


def _stacked(parts: Iterable[Knowledge]) -> Knowledge:
    kept = list(parts)
    lengths = np.concatenate([np.diff(part.starts) for part in kept])
    return Knowledge(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([part.cells for part in kept]),
        np.concatenate([part.signs for part in kept]),
        np.concatenate([part.lower for part in kept]),
        np.concatenate([part.upper for part in kept]),
    )


def _without_repeats(rows: Knowledge) -> Knowledge:
    """Tables that share margins also share the rows over them; one of each says all."""
    seen: set[bytes] = set()
    kept = np.ones(len(rows.lower), dtype=np.bool_)
    order = np.lexsort((rows.cells, np.repeat(np.arange(len(rows.lower)), np.diff(rows.starts))))
    terms = np.stack([rows.cells[order].astype(np.float64), rows.signs[order]], axis=1)
    bounds = np.stack([rows.lower, rows.upper], axis=1)
    for row, (start, end) in enumerate(zip(rows.starts, rows.starts[1:], strict=False)):
        written = terms[start:end].tobytes() + bounds[row].tobytes()
        kept[row] = written not in seen
        seen.add(written)
    return keep_rows(rows, kept)
