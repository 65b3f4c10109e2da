"""Averages of months, as the person-months that they are made of: divided by the number of months of a period, which everybody knows.

Whoever knows the one knows the other. So averages are protected and attacked as person-months, in one system with these.
"""

from __future__ import annotations

import numpy as np

from saime.core.model.dataset import Dataset, DataStructure, Population
from saime.core.model.period import Period
from saime.core.protection.constraints import Numbers, as_numbers

PERSON_MONTHS, AVERAGE = '[{"count":"person_months"}]', '[{"concept":"average_of_months","count":"distinct"}]'  # as a population has it
OF_MONTHS = (PERSON_MONTHS, AVERAGE)


def is_average(population: Population | None) -> bool:
    return population is not None and population.measure == AVERAGE


def as_person_months(population: Population) -> Population:
    """Of whom the person-months are that averages are made of; any other as it is."""
    return population.model_copy(update={"measure": PERSON_MONTHS}) if is_average(population) else population


def divisors(structure: DataStructure, population: Population | None) -> Numbers:
    """What the totals of the cells are divided by: for averages the months of the period, for any other 1. Shape: cells."""
    found = np.ones(structure.shape)
    for axis, dimension in enumerate(structure.dimensions):
        if dimension.role == "time" and is_average(population):
            months = np.array([len(Period.parse(code.id).parts("M")) for code in dimension.codes], dtype=np.float64)
            found *= months.reshape([-1 if place == axis else 1 for place in range(len(structure.shape))])
    return found.reshape(-1)


def totals_of(dataset: Dataset) -> Numbers:
    """The published sums, or the person-months that published averages tell, which are whole. Shape: cells; nan where nothing is shown."""
    values, population = as_numbers(dataset.values), dataset.metadata.population
    return np.round(values * divisors(dataset.structure, population)) if is_average(population) else values
