"""Datasets that must not be published together, because one tells of the other what no linked system knows.

- Person-months are the sum of the monthly stocks, and averages of months the same divided: with them, a withheld month is what is left.
  Counts and person-months are protected by different rules, so they are not of one system. Nor are the person-months of a year and of its
  quarters, unless one table of person-months has both.
- Counts changed by cell keys stand beside exact counts of the same cells: the difference is the change, and the exact ones
  give the others away. A mean counts as exact, as a sum beside it tells the persons; so do entrants and leavers, tied to stocks.
- Households beside persons are one system, as there are no more of them than persons. Where persons count in several households there
  may be more. Then no table agrees with what readers take for certain, so nothing can be proven of such tables together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saime.core.errors import Refused
from saime.core.model.certificate import CELL_KEY, MEANS
from saime.core.model.dataset import WITHHELD, Dataset, Population
from saime.core.model.period import Period
from saime.core.protection.averages import OF_MONTHS, is_average
from saime.core.protection.linked import Described, Shown, connected, number_cells, shown_by
from saime.core.protection.linked_stocks import DISTINCT, HOUSEHOLDS, of_counts


def refuse_unlinked(datasets: Sequence[Dataset], earlier: Sequence[Dataset]) -> None:
    """Raises: Refused naming the first two datasets that may not be published together."""
    refuse_more_households([(one.id, shown_by(one)) for one in (*datasets, *earlier) if not _is_perturbed(one)])
    for place, one in enumerate(datasets):
        if is_average(one.metadata.population) and _something_is_withheld(one, one) and _take_in(one, one):
            what = "an average of months follows from those of the periods that make it up"
            raise Refused(what, where=f"dataset {one.id}", fix="name periods in the plan that do not take in each other")
        for other in (*datasets[place + 1 :], *earlier):
            for first, second in ((one, other), (other, one)):
                if _something_is_withheld(first, second) and _are_made_of(first, second):
                    raise _refused(first, second, "person-months are the sum of monthly counts, so a withheld month is what is left")
                if _something_is_withheld(first, second) and _take_in(first, second):
                    raise _refused(first, second, "person-months of a period are the sum of those of its parts")
                if _is_perturbed(first) and not _is_perturbed(second) and (_share_cells(first, second) or _are_made_of(second, first)):
                    raise _refused(first, second, "counts changed by cell keys stand beside exact counts of the same persons")


def refuse_more_households(shown: Sequence[tuple[str, Shown]]) -> None:
    """``shown``: names, and tables with what is known of their cells. Raises: Refused naming the first two that contradict each other."""
    for name, one in shown:
        for other_name, other in shown:
            if more := _more_households(one, other):
                what = f"{more} cells have more households than persons: persons count in several households"
                raise Refused(what, where=f"datasets {name} and {other_name}", fix="release one of the two only")


def _more_households(households: Shown, persons: Shown) -> int:
    (structure, population), counts = households
    of_persons = persons[0][1]
    if population is None or of_persons is None or (population.measure, of_persons.measure) != (HOUSEHOLDS, DISTINCT):
        return 0
    own, others = number_cells([(structure, population.model_copy(update={"measure": DISTINCT})), persons[0]])
    known = np.full(max(int(own.max()), int(others.max())) + 1, np.nan)
    known[others] = persons[1]
    return int((counts - known[own] > 0.5).sum())


def _are_made_of(person_months: Dataset, stocks: Dataset) -> bool:
    """Whether a period of the one is made of months of the other."""
    one, other = person_months.metadata.population, stocks.metadata.population
    if one is None or other is None or _whom(one) != _whom(other) or one.measure not in OF_MONTHS or of_counts(other).measure != DISTINCT:
        return False
    months = [period for code in other.data if (period := Period.parse(code)).frequency == "M"]
    return any(Period.parse(code).covers(month) for code in one.data for month in months)


def _take_in(whole: Dataset, parts: Dataset) -> bool:
    """Whether a period of the one takes in one of the other, all of months."""
    one, other = whole.metadata.population, parts.metadata.population
    if one is None or other is None or _whom(one) != _whom(other) or not {one.measure, other.measure} <= set(OF_MONTHS):
        return False
    return any(code != part and Period.parse(code).covers(Period.parse(part)) for code in one.data for part in other.data)


def _something_is_withheld(one: Dataset, other: Dataset) -> bool:
    return any(WITHHELD in dataset.obs_status for dataset in (one, other))


def _whom(population: Population) -> tuple[str, str]:
    return population.feed, population.filter


def _is_perturbed(dataset: Dataset) -> bool:
    return dataset.protected_by(CELL_KEY) is not None


def _share_cells(one: Dataset, other: Dataset) -> bool:
    return len(connected([_counts(dataset) for dataset in (one, other)])) == 1


def _counts(dataset: Dataset) -> Described:
    """The counts that the dataset tells; who knows a mean and a sum knows the persons."""
    population = dataset.metadata.population
    if population is None:
        return dataset.structure, None
    return dataset.structure, population.model_copy(update={"measure": DISTINCT}) if dataset.protected_by(MEANS) else of_counts(population)


def _refused(one: Dataset, other: Dataset, what: str) -> Refused:
    return Refused(what, where=f"datasets {one.id} and {other.id}", fix="release one of the two only")
