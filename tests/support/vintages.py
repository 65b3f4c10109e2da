"""Months of one year in several vintages: a correction replaces the delivery of the last month, so also what the year counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset, FrequencyTable, LineageStep, Population
from saime.core.protection import TableToProtect, protect_release
from saime.core.protection.attack import attack, exposed_cells
from saime.core.protection.certification import prove_together, refuse_exposed
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import METADATA, dimension, flat, from_persons, table, withhold, words

YEAR, MONTHS = "2022", ("2022-01", "2022-02", "2022-03")
MINIMUM = 3
Person = tuple[str, Sequence[int]]  # sex and the months from 0


def by_month(counts: Sequence[int], vintage: int) -> TableToProtect:
    """Everybody counts in one month only, so the year is the sum."""
    time = dimension("TIME_PERIOD", {YEAR: None, **dict.fromkeys(MONTHS, YEAR)}).model_copy(update={"role": "time"})
    return _to_protect(table([time], [sum(counts), *counts]), vintage, ())


def by_sex_and_month(persons: Sequence[Person], vintage: int) -> TableToProtect:
    time = dimension("TIME_PERIOD", {YEAR: None, **dict.fromkeys(MONTHS, YEAR)}, overlaps=True).model_copy(update={"role": "time"})
    rows = [frozenset((sex, MONTHS[month]) for month in months) for sex, months in persons if months]
    return _to_protect(from_persons([flat("SEX", "FM"), time], rows), vintage, ("SEX",))


def _to_protect(counted: FrequencyTable, vintage: int, complete: tuple[str, ...]) -> TableToProtect:
    data = {MONTHS[0]: "1", MONTHS[1]: "2", MONTHS[2]: f"3, vintage {vintage}", YEAR: f"1, 2, 3, vintage {vintage}"}
    whom = Population(feed="benefits", measure="persons", data=data, complete=complete)
    metadata = METADATA.model_copy(update={"population": whom})
    steps = (LineageStep(kind="feed", id="f", label=words("f")),)
    return TableToProtect(counted.model_copy(update={"dataset": "monthly"}), ThresholdProtection(minimum=MINIMUM), metadata, steps)


def released(one: TableToProtect, *earlier: Dataset) -> Dataset:
    return protect_release([one], earlier).datasets[0].dataset


def safe_patterns(one: TableToProtect, earlier: Sequence[Dataset]) -> Iterator[Dataset]:
    """Every way to withhold small counts and others of the table that the proof lets pass; zeros and what is shown stay shown."""
    cells, counts = list(one.table.structure.cells()), one.table.values
    shown, hidden = _of_before(one, earlier)
    small = {cell for cell, count in zip(cells, counts, strict=True) if count and count < MINIMUM} - shown
    certain = small | {cell for cell, count in zip(cells, counts, strict=True) if count and cell in hidden - shown}
    free = [cell for cell, count in zip(cells, counts, strict=True) if count and cell not in shown | certain]
    for chosen in (set(more) | certain for size in range(len(free) + 1) for more in combinations(free, size)):
        for statuses in (("A", "D"), ("C", "C")):
            dataset = withhold(one.table, {cell: statuses[cell not in small] for cell in sorted(chosen)}, minimum=MINIMUM)
            dataset = dataset.model_copy(update={"id": one.table.dataset, "metadata": one.metadata})
            if _passes(dataset, earlier):
                yield dataset


def _of_before(one: TableToProtect, earlier: Sequence[Dataset]) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """The cells of the months that are not corrected, as earlier vintages show or withhold them."""
    shown, hidden = set(), set()
    for old in earlier:
        for cell, value in zip(old.structure.cells(), old.values, strict=True):
            if cell[-1] in MONTHS[:2]:
                (hidden if value is None else shown).add(cell)
    return shown, hidden


def _passes(dataset: Dataset, earlier: Sequence[Dataset]) -> bool:
    try:
        refuse_exposed(dataset, exposed_cells(attack(dataset, MINIMUM), MINIMUM))
        prove_together([dataset], earlier)
    except Refused:
        return False
    return True
