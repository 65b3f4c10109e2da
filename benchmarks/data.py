"""A year of synthetic person facts, seeded: the table of the tabulation benchmarks, in the warehouse's file layout.

Each person has some fifty rows, as where several payments a month repeat the person's circumstances. Shares of what
changes or has several values follow METHODS: a fifth has two or three impairments, 3 % move (both municipalities in
that month), 3 % change group, 5 % gain an impairment, some pass into the next age group, 11 % are not there all year.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.model.classification import Classification
from saime.core.tabulation.compilation import compile_plan
from saime.core.tabulation.plan import TabulationPlan
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import PERSON, FactTable
from saime.core.warehouse.merging import write_facts

ROWS_OF_A_PERSON = 50
PARTITIONS = 64
MONTHS = [f"2022-{month:02}" for month in range(1, 13)]
FAMILIES = {  # leaves of each group, in order
    "territory": [2, 7, 11, 8, 6, 9],
    "sex": [2],
    "age": [4, 2, 5, 3, 4],
    "impairment": [5],
    "group": [4],
}
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """The facts on disk and what to count of them."""

    rows: int
    facts: FactTable
    specification: Specification

    @property
    def files(self) -> list[str]:
        return [str(path) for partition in self.facts.partitions for path in partition]


def make_table(folder: Path, rows: int, seed: int = 2022) -> Table:
    """Write about that many rows and compile the plan over them: 108,000 cells in 12 months and the year."""
    persons = rows // ROWS_OF_A_PERSON
    for partition in range(PARTITIONS):
        share = persons // PARTITIONS + (partition < persons % PARTITIONS)
        facts = _partition(np.random.default_rng([seed, partition]), partition, share)
        path = folder / f"part-{partition:03}.parquet"
        write_facts(facts, path, {})
    return open_table(folder)


def open_table(folder: Path) -> Table:
    """The table of a folder that ``make_table`` has written."""
    paths = [(path,) for path in sorted(folder.glob("part-*.parquet"))]
    rows = sum(pq.read_metadata(path).num_rows for (path,) in paths)
    table = FactTable(FEED, tuple(paths), {name: _leaves(name) for name in FAMILIES}, ())
    return Table(rows, table, compile_plan(PLAN, {name: hierarchy(name) for name in FAMILIES}, table))


def hierarchy(name: str) -> Classification:
    """The total, then each group with its leaves; a single group is the total itself."""
    families = FAMILIES[name]
    codes = [_code("_T", None)]
    leaves = iter(_leaves(name))
    for number, size in enumerate(families):
        parent = "_T" if len(families) == 1 else f"{name[0].upper()}G{number}"
        codes += [_code(parent, "_T")] * (parent != "_T")
        codes += [_code(next(leaves), parent) for _ in range(size)]
    return Classification.model_validate({"id": name, "version": "1", "title": _text(name), "source": "benchmark", "codes": codes})


def _leaves(name: str) -> tuple[str, ...]:
    return tuple(f"{name[0].upper()}{number:02}" for number in range(sum(FAMILIES[name])))


def _code(code: str, parent: str | None) -> dict[str, Any]:
    return {"id": code, "label": _text(code), "parent": parent}


def _text(words: str) -> dict[str, str]:
    return {"lv": words, "en": words}


def _partition(random: np.random.Generator, partition: int, persons: int) -> pa.Table:
    person, month, facts = _person_months(random, persons)
    repeats = random.choice([3, 4, 5], len(person), p=[0.75, 0.2, 0.05])
    person, month = np.repeat(person, repeats), np.repeat(month, repeats)
    columns = {name: pa.array(np.repeat(values, repeats).astype(np.uint16)) for name, values in facts.items()}
    numbers = (person + (partition << 32) // PARTITIONS).astype(np.uint32)
    spells = {name: pa.array(days[month]) for name, days in {"valid_from": _MONTH_STARTS, "valid_to": _MONTH_ENDS}.items()}
    return pa.table({PERSON: pa.array(numbers), **spells, **columns})


_MONTH_STARTS = np.array([f"{month}-01" for month in MONTHS], "datetime64[D]")
_MONTH_ENDS = np.append(_MONTH_STARTS[1:], np.datetime64("2023-01-01")) - 1


def _person_months(random: np.random.Generator, persons: int) -> tuple[Numbers, Numbers, dict[str, Numbers]]:
    """Each person's distinct facts by month, in that order: person, month and the value of each column."""
    one = {name: random.integers(0, sum(FAMILIES[name]), persons) for name in FAMILIES}
    impairments = 1 + (random.random(persons) < 0.2) * random.integers(1, 3, persons)
    gains = np.where(random.random(persons) < 0.05, random.integers(1, 12, persons), 12)
    moves, regroups = (np.where(random.random(persons) < 0.03, random.integers(1, 12, persons), 99) for _ in range(2))
    birthday = np.where(random.random(persons) < 0.2, random.integers(1, 12, persons), 99)
    begins, ends = (np.where(random.random(persons) < 0.055, random.integers(0, 12, persons), none) for none in (0, 11))
    grid = [part.reshape(-1) for part in np.meshgrid(np.arange(persons), np.arange(12), np.arange(2), np.arange(4), indexing="ij")]
    person, month, second_place, impairment = grid
    there = (month >= begins[person]) & ((month <= ends[person]) | (begins[person] > ends[person]))
    there &= impairment < impairments[person] + (month >= gains[person])
    there &= (second_place == 0) | (month == moves[person])
    person, month, second_place, impairment = (part[there] for part in grid)
    moved = (month > moves[person]) | (second_place == 1)
    facts = {
        "territory": (one["territory"][person] + moved * 5) % sum(FAMILIES["territory"]),
        "sex": one["sex"][person],
        "age": np.minimum(one["age"][person] + (month >= birthday[person]), sum(FAMILIES["age"]) - 1),
        "impairment": (one["impairment"][person] + impairment) % sum(FAMILIES["impairment"]),
        "group": (one["group"][person] + (month >= regroups[person])) % sum(FAMILIES["group"]),
    }
    return person, month, facts


def _column(name: str) -> dict[str, Any]:
    return {"name": name, "type": "code", "code_list": name, "label": _text(name)}


FEED = FeedContract.model_validate(
    {
        "feed": "benchmark",
        "version": "1",
        "title": _text("Benchmark"),
        "agency": _text("Benchmark"),
        "period": "A",
        "legal_basis": [],
        "columns": [
            {"name": "person_code", "type": "personal_code", "label": _text("person")},
            *[_column(name) for name in FAMILIES],
            {"name": "month_from", "type": "date", "label": _text("from")},
            {"name": "month_to", "type": "date", "label": _text("to")},
        ],
        "key": [],
        "spell": {"start": "month_from", "end": "month_to"},
    }
)
PLAN = TabulationPlan.model_validate(
    {
        "dataset": "benchmark",
        "title": _text("Benchmark"),
        "source": _text("Benchmark"),
        "population": "benchmark",
        "unit": "person",
        "reference_period": ["2022", *MONTHS],
        "dimensions": {name.upper(): {"hierarchy": name, "column": name, "overlaps": True} for name in FAMILIES},
        "measures": {"persons": {"count": "distinct"}},
        "legal_basis": [],
    }
)
