"""Tables to protect and what was published before, gathered into one system: values, small counts, costs, what is known already."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from saime.core.model.dataset import PRIMARY, WITHHELD, Dataset, DataStructure, FrequencyTable, LineageStep, Metadata
from saime.core.protection.attack import Told, required_width
from saime.core.protection.audit import some_table
from saime.core.protection.certification import minimum_of
from saime.core.protection.choices import Choices
from saime.core.protection.constraints import Flags, Numbers, as_numbers
from saime.core.protection.hypercubes import Faces
from saime.core.protection.linked import Described, LinkedSystem, Shown, link, number_cells
from saime.core.protection.primary import primary_cells
from saime.core.protection.secondary import LinkedCounts, cell_weights
from saime.core.tabulation.plan import ThresholdProtection

Cell = tuple[str, tuple[str, ...]]  # dataset and codes


@dataclass(frozen=True)
class TableToProtect:
    """A table with its rule; ``metadata`` and ``lineage`` are those of the dataset that comes of it."""

    table: FrequencyTable
    rule: ThresholdProtection
    metadata: Metadata
    lineage: tuple[LineageStep, ...] = ()

    @property
    def described(self) -> Described:
        return self.table.structure, self.metadata.population

    @functools.cached_property
    def choices(self) -> Choices:
        """Raises: BadInput for cells that the rule names and the table has not."""
        return Choices.of(self.rule, self.table.structure, self.table.dataset)

    @property
    def shown(self) -> Shown:
        return self.described, as_numbers(self.table.values)


@dataclass(frozen=True)
class Group:
    """Tables that share cells, and the system of them and of the earlier datasets; its first ``places`` are those of the tables.

    ``structures``: of the tables and the earlier datasets.
    """

    tables: tuple[TableToProtect, ...]
    structures: tuple[DataStructure, ...]
    system: LinkedSystem
    counts: LinkedCounts

    @functools.cached_property
    def faces(self) -> Faces:
        return Faces.of(self.structures, self.system.places, self.system.size)


def gather_group(tables: Sequence[TableToProtect], earlier: Sequence[Dataset]) -> Group:
    """One system of tables and of the earlier datasets that they share cells with. The largest minimum of the tables is everybody's."""
    system = link([*(one.described for one in tables), *((old.structure, old.metadata.population) for old in earlier)])
    minimum = max(one.rule.minimum for one in tables)
    values = system.gather([*(as_numbers(one.table.values) for one in tables), *(as_numbers(old.values) for old in earlier)])
    small, fixed, weights = np.zeros(system.size, dtype=np.bool_), np.zeros(system.size, dtype=np.bool_), np.zeros(system.size)
    for one, places in zip(tables, system.places, strict=False):
        small[places[list(primary_cells(one.table, ThresholdProtection(minimum=minimum)))]] = True
        np.add.at(weights, places, one.choices.weigh(cell_weights(one.table.structure, np.nan_to_num(as_numbers(one.table.values)))))
    for old, places in zip(earlier, system.places[len(tables) :], strict=True):
        fixed[places[~np.isnan(as_numbers(old.values))]] = True
    told = Told.by(system.size, earlier, [minimum_of(old) for old in earlier], system.places[len(tables) :])
    hidden, gone = told.withheld & ~fixed, told.withheld & np.isnan(values)
    values = _with_earlier_counts(system, values, told, gone)
    largest, width = _asked_before(system, earlier, len(tables))
    name = _naming([(one.table.dataset, one.table.structure) for one in tables] + [(old.id, old.structure) for old in earlier], system)
    counts = LinkedCounts(
        rows=system.rows,
        values=values,
        primary=small & ~fixed,
        fixed=fixed,
        kept=hidden & ~small & (values > 0),
        gone=gone,
        largest=np.where(fixed, 0.0, np.maximum(largest, np.where(small, float(minimum), 0.0))),
        width=width,
        weights=weights,
        fewest=system.fewest(values),
        least=told.least,
        most=told.most,
        reasoned=told.reason,
        minimum=minimum,
        name=lambda place: _words(name(place)),
    )
    structures = (*(one.table.structure for one in tables), *(old.structure for old in earlier))
    return Group(tuple(tables), structures, system, counts)


def _with_earlier_counts(system: LinkedSystem, values: Numbers, told: Told, gone: Flags) -> Numbers:
    """With a count for each cell that only earlier datasets have and withhold: not the true one, but one that agrees with everything.

    A reader cannot rule it out, so what moves from there is open to the reader as well. Raises: BadInput if nothing agrees.
    """
    if not gone.any():
        return values
    return np.where(gone, some_table(system.rows, values, (told.least, told.most)), values)


def _asked_before(system: LinkedSystem, earlier: Sequence[Dataset], tables: int) -> tuple[Numbers, Numbers]:
    """What earlier datasets have promised of each unknown: a small count can hold 1 to its minimum, and how far apart two counts are."""
    largest, width = np.zeros(system.size), np.zeros(system.size)
    for old, places in zip(earlier, system.places[tables:], strict=True):
        conf_status, minimum = np.array(old.conf_status), minimum_of(old)
        for status in sorted(set(old.conf_status)):
            own = places[(conf_status == status) & (np.array(old.obs_status) == WITHHELD)]
            width[own] = np.maximum(width[own], required_width(status, minimum))
            if status == PRIMARY:
                largest[own] = np.maximum(largest[own], minimum)
    return largest, width


def _words(cell: Cell) -> str:
    return f"dataset {cell[0]}, cell {'|'.join(cell[1])}"


def _naming(datasets: Sequence[tuple[str, DataStructure]], system: LinkedSystem) -> Callable[[int], Cell]:
    def name(unknown: int) -> Cell:
        dataset, structure, places = next(
            (dataset, structure, found)
            for (dataset, structure), own in zip(datasets, system.places, strict=True)
            if len(found := np.flatnonzero(own == unknown))
        )
        return dataset, list(structure.cells())[places[0]]

    return name


@dataclass(frozen=True)
class Price:
    """``persons``: counted in secondary cells (a person in two cells counts twice). ``loss``: the withheld share
    of the table's information, which is log2(1 + count) of a cell.
    """

    small: int
    secondary: int
    persons: int
    loss: float


def price_of(dataset: Dataset, table: FrequencyTable) -> Price:
    """What protecting the table has cost; inside only, as it tells sums of withheld counts."""
    counts = np.nan_to_num(as_numbers(table.values))
    withheld = np.array([status == WITHHELD for status in dataset.obs_status])
    small = np.zeros(len(counts), dtype=np.bool_)
    small[list(primary_cells(table, ThresholdProtection(minimum=minimum_of(dataset))))] = True
    other, information = withheld & ~small, np.log2(1.0 + counts)
    loss = float(information[withheld].sum() / max(1.0, information.sum()))
    return Price(int((withheld & small).sum()), int(other.sum()), int(counts[other].sum()), loss)


def already_published(tables: Sequence[TableToProtect], earlier: Sequence[Dataset]) -> tuple[Cell, ...]:
    """Small counts that an earlier release has shown of the same deliveries, so that they cannot be hidden any more."""

    def is_shown(one: TableToProtect, small: Flags, old: Dataset) -> Flags:
        return small & np.equal(_values_before(one, old, of_any_delivery=False), as_numbers(one.table.values))

    return _cells_where(tables, earlier, is_shown)


def near_misses(tables: Sequence[TableToProtect], earlier: Sequence[Dataset]) -> tuple[Cell, ...]:
    """Cells whose count differs by 1 to ``minimum - 1`` persons from what was published of the same cell from other deliveries."""

    def is_near(one: TableToProtect, _small: Flags, old: Dataset) -> Flags:
        difference = np.abs(as_numbers(one.table.values) - _values_before(one, old, of_any_delivery=True))
        return np.asarray((difference > 0) & (difference < one.rule.minimum))

    return _cells_where(tables, earlier, is_near)


def _cells_where(
    tables: Sequence[TableToProtect], earlier: Sequence[Dataset], holds: Callable[[TableToProtect, Flags, Dataset], Flags]
) -> tuple[Cell, ...]:
    """The cells of which something holds beside some earlier dataset; it is given the table, its small counts and the dataset."""
    found: list[Cell] = []
    for one in tables:
        small, chosen = (np.zeros(one.table.structure.size, dtype=np.bool_) for _ in range(2))
        small[list(primary_cells(one.table, ThresholdProtection(minimum=one.rule.minimum)))] = True
        for old in earlier:
            chosen |= holds(one, small, old)
        cells = list(one.table.structure.cells()) if chosen.any() else []
        found.extend((one.table.dataset, cells[place]) for place in np.flatnonzero(chosen))
    return tuple(found)


def _values_before(one: TableToProtect, old: Dataset, *, of_any_delivery: bool) -> Numbers:
    """What the dataset shows of the table's cells, from the same deliveries or from any; nan where it shows nothing."""
    nothing = np.full(one.table.structure.size, np.nan)
    own, other = one.metadata.population, old.metadata.population
    if own is None or other is None:
        return nothing
    if of_any_delivery:
        own, other = (population.model_copy(update={"data": {}}) for population in (own, other))
    system = number_cells([(one.table.structure, own), (old.structure, other)])
    known = np.full(max(int(places.max()) for places in system) + 1, np.nan)
    known[system[1]] = as_numbers(old.values)
    return known[system[0]]
