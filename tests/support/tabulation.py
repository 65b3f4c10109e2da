"""Small fact tables as real Parquet, and plans over them, for tests of what counting means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.model.classification import Classification
from saime.core.model.period import Period
from saime.core.tabulation.engines import NO_SETTINGS, EngineSettings
from saime.core.tabulation.plan import TabulationPlan
from saime.core.tabulation.tabulation import InsideTable
from saime.core.tabulation.tabulator import tabulate_plan
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import FactTable

CODE_LISTS = {
    "municipality": ("RIGA", "JELGAVA", "OGRE", "LIMBAZI"),
    "benefit": ("CHILD", "HOUSING", "PENSION", "BURIAL"),
    "sex": ("F", "M"),
    "impairment": ("sight", "hearing"),
    "group": ("group1", "group2"),
}
_TYPES = {"code": pa.uint16(), "integer": pa.int32(), "boolean": pa.bool_(), "amount": pa.int32(), "household": pa.int64()}


def _text(words: str) -> dict[str, str]:
    return {"lv": words, "en": words}


def _column(name: str, kind: str, code_list: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "label": _text(name), "required": False, "code_list": code_list, **more}


def _feed(name: str, columns: list[dict[str, Any]], **fields: Any) -> FeedContract:
    counted = [
        *[_column(column, "code", column) for column in CODE_LISTS],
        _column("age", "integer", minimum=0, maximum=120),
        _column("working", "boolean"),
    ]
    described = {"feed": name, "version": "1.0", "title": _text(name), "agency": _text("Agency"), "period": "M", "legal_basis": ["ACT"]}
    person = _column("person_code", "personal_code", required=True)
    return FeedContract.model_validate({**described, "columns": [person, *counted, *columns], **fields})


FEED = _feed(
    "recipients",
    [_column("start", "date", required=True), _column("end", "date")],
    key=["person_code", "start"],
    spell={"start": "start", "end": "end"},
)
ASSISTANCE = _feed("assistance", [_column("household", "household")], key=[])
PAYMENTS = _feed("payments", [_column("paid", "amount")], key=[])


@dataclass(frozen=True)
class Fact:
    """One row: a person, a spell (an empty end is open) and the values of the columns; what is not given is empty."""

    person: str
    values: Mapping[str, object]
    start: str = "2022-01-01"
    end: str | None = None

    @property
    def key(self) -> UUID:
        return uuid5(NAMESPACE_OID, self.person)


def fact(person: str, start: str = "2022-01-01", end: str | None = None, **values: object) -> Fact:
    return Fact(person, values, start, end)


def payment(person: str, month: str, paid: str | None, **values: object) -> Fact:
    """A row of PAYMENTS: an amount in euros, exact, in a month."""
    span = Period.parse(month)
    cents = None if paid is None else int(Decimal(paid) * 100)
    return Fact(person, {**values, "paid": cents}, span.start.isoformat(), span.end.isoformat())


def write_facts(folder: Path, facts: Iterable[Fact], partitions: int = 2, files: int = 2, feed: FeedContract = FEED) -> FactTable:
    """Write the facts as the warehouse lays them out: persons spread over partitions, rows of a person over files."""
    facts = list(facts)
    persons = sorted({row.key for row in facts})
    numbers = {key: key.int % partitions << 16 | place for place, key in enumerate(persons)}
    places: dict[tuple[int, int], list[Fact]] = {(p, f): [] for p in range(partitions) for f in range(files)}
    for number, row in enumerate(facts):
        places[row.key.int % partitions, number % files].append(row)
    digests = {}
    for (partition, file), rows in places.items():
        path = _path(folder, partition, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(_arrow(sorted(rows, key=lambda row: numbers[row.key]), numbers, feed), path)
        digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
    paths = tuple(tuple(_path(folder, partition, file) for file in range(files)) for partition in range(partitions))
    return FactTable(feed, paths, CODE_LISTS, (), digests, folder / "layers")


def tree(parents: Mapping[str, str | None], when: Mapping[str, dict[str, Any]] | None = None, name: str = "tree") -> Classification:
    """A classification from each code's parent, in that order, and the conditions of leaves that have any."""
    codes = [{"id": code, "label": _text(code), "parent": parent, "when": (when or {}).get(code)} for code, parent in parents.items()]
    return Classification.model_validate({"id": name, "version": "1", "title": _text(name), "source": "test", "codes": codes})


def plan(dimensions: Mapping[str, dict[str, Any]], periods: Sequence[str] = ("2022",), **fields: Any) -> TabulationPlan:
    """A plan over the recipients; a dimension's fields default to overlapping codes of the hierarchy of the same name."""
    planned = {name: {"hierarchy": name, "overlaps": True, **given} for name, given in dimensions.items()}
    required: dict[str, Any] = {
        "dataset": "test",
        "title": _text("Test"),
        "source": _text("Test"),
        "population": FEED.feed,
        "unit": "person",
        "reference_period": list(periods),
        "measures": {"persons": {"count": "distinct"}},
        "legal_basis": ["ACT"],
    }
    return TabulationPlan.model_validate({**required, "dimensions": planned, **fields})


@dataclass(frozen=True)
class Counter:
    """Counts facts with one engine, over files in a folder of its own."""

    engine: str
    folder: Path
    settings: EngineSettings = NO_SETTINGS
    feed: FeedContract = FEED

    def __call__(
        self,
        facts: Iterable[Fact],
        by: Mapping[str, Classification],
        columns: Mapping[str, str] | None = None,
        per_dimension: Mapping[str, dict[str, Any]] | None = None,
        **fields: Any,
    ) -> dict[Any, Any]:
        """The measure by cell; persons if nothing else is asked. ``columns``: where a dimension's codes stand.

        Keys leave out a single period and stand alone if single.
        """
        dimensions = {name: {"column": column} for name, column in (columns or {}).items()}
        asked = {name: {**dimensions.get(name, {}), **(per_dimension or {}).get(name, {})} for name in by}
        return by_code(self.table(facts, by, plan(asked, population=self.feed.feed, **fields)))

    def table(self, facts: Iterable[Fact], by: Mapping[str, Classification], wanted: TabulationPlan) -> InsideTable:
        return tabulate_plan(wanted, by, write_facts(self.folder, facts, feed=self.feed), engine=self.engine, settings=self.settings)


def by_code(table: InsideTable) -> dict[Any, Any]:
    time = table.structure.dimensions[-1]
    keys = [cell if len(time.codes) > 1 else cell[:-1] for cell in table.structure.cells()]
    return {key[0] if len(key) == 1 else key: value for key, value in zip(keys, table.values, strict=True)}


def _path(folder: Path, partition: int, file: int) -> Path:
    return folder / f"partition-{partition}" / f"{file}.parquet"


def _arrow(rows: Sequence[Fact], numbers: Mapping[UUID, int], feed: FeedContract) -> pa.Table:
    columns: dict[str, pa.Array] = {
        "person_number": pa.array([numbers[row.key] for row in rows], pa.uint32()),
        "valid_from": pa.array([date.fromisoformat(row.start) for row in rows], pa.date32()),
        "valid_to": pa.array([row.end and date.fromisoformat(row.end) for row in rows], pa.date32()),
    }
    for name, column in ((column.name, column) for column in feed.fact_columns if column.type != "date"):
        columns[name] = pa.array([_stored(name, row.values.get(name)) for row in rows], _TYPES[column.type])
    return pa.table(columns)


def _stored(column: str, value: object) -> object:
    return CODE_LISTS[column].index(value) if isinstance(value, str) else value
