"""A release of linked tables: several populations, each counted in five tables that share margins; persons drawn at random, seeded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from saime.core.model.dataset import DataStructure, Dimension, DimensionCode, Population
from saime.core.model.text import Text
from saime.core.protection.linked import LinkedSystem, link
from saime.core.protection.problem import SuppressionProblem

THRESHOLD = 5
PERSONS = 40_000  # of one population
GROUPS = {"AREA": (6, 43), "AGE": (5, 18), "SEX": (0, 2), "IMPAIRMENT": (0, 5), "GROUP": (0, 4)}  # groups, and leaves in all
TABLES = (
    ("AREA", "AGE"),
    ("AREA", "AGE", "SEX"),
    ("AREA", "IMPAIRMENT", "SEX", "GROUP"),
    ("AREA", "AGE", "GROUP"),
    ("AGE", "IMPAIRMENT", "SEX", "GROUP"),
)
Counts = npt.NDArray[np.float64]


def linked_release(populations: int) -> tuple[SuppressionProblem, int]:
    """The problem of so many populations with five tables each, and how many cells the tables have together."""
    dimensions = {name: _dimension(name, *sizes) for name, sizes in GROUPS.items()}
    described, values = [], []
    for number in range(populations):
        full = _counts(number)
        whom = Population(feed="generated", filter=str(number), measure="distinct", data={}, complete=tuple(GROUPS))
        for names in TABLES:
            described.append((DataStructure(dimensions=tuple(dimensions[name] for name in names)), whom))
            values.append(_with_groups(full, names))
    return _posed(link(described), values), sum(len(own) for own in values)


def _posed(system: LinkedSystem, values: list[Counts]) -> SuppressionProblem:
    counts = system.gather(values)
    primary = np.flatnonzero((counts > 0) & (counts < THRESHOLD))
    one = np.ones(len(primary))
    return SuppressionProblem(
        rows=system.rows,
        values=counts,
        lower=0.0 * counts,
        upper=counts + np.inf,
        costs=np.sqrt(counts),
        published=counts == 0,
        primary=primary,
        lower_protection=one,
        upper_protection=THRESHOLD - counts[primary],
        sliding_protection=0.0 * one,
    )


def _dimension(name: str, groups: int, leaves: int) -> Dimension:
    tops = [(f"G{group}", "_T") for group in range(groups)]
    below = [(f"L{leaf}", f"G{leaf % groups}" if groups else "_T") for leaf in range(leaves)]
    parents = [("_T", None), *tops, *below]
    codes = tuple(DimensionCode(id=code, label=Text(lv=code, en=code), parent=parent) for code, parent in parents)
    return Dimension(id=name, label=Text(lv=name, en=name), codes=codes)


def _counts(number: int) -> Counts:
    """Persons by all leaves; few large cells and many small ones."""
    random = np.random.default_rng(number)
    expected = np.ones(())
    for _, leaves in GROUPS.values():
        expected = np.multiply.outer(expected, random.lognormal(0.0, 1.0, leaves))
    return random.poisson(expected / expected.sum() * PERSONS).astype(np.float64)


def _with_groups(full: Counts, names: tuple[str, ...]) -> Counts:
    """The table of these dimensions with all groups and totals, its cells in the order of the structure."""
    table = full.sum(axis=tuple(axis for axis, name in enumerate(GROUPS) if name not in names))
    order = [name for name in GROUPS if name in names]
    table = table.transpose([order.index(name) for name in names])
    for axis, name in enumerate(names):
        groups, leaves = GROUPS[name]
        member = np.array([[leaf % groups == group for leaf in range(leaves)] for group in range(groups)], dtype=np.float64)
        sums = np.concatenate([np.ones((1, leaves)), member.reshape(groups, leaves), np.eye(leaves)])
        table = np.moveaxis(np.tensordot(sums, table, axes=(1, axis)), 0, axis)
    return table.ravel()
