"""What a statistician asks for a table from outside: a JSON file beside it; docs/reference/table-spec.md describes each field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, ValidationError, model_validator

from saime.core.errors import BadInput
from saime.core.model.primary_rule import PrimaryRule
from saime.core.model.strict import Strict
from saime.core.protection.constraints import Numbers
from saime.core.protection.table_methods_spec import CellKeys, ControlledRounding

Percent = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?%$")]
Amount = Annotated[float, Field(ge=0)] | Percent
CellBlock = dict[str, str | tuple[str, ...]]
Hierarchies = dict[str, JsonValue]
NOT_FOR_ROUNDING = frozenset({"keep", "prefer_hidden", "costs", "seconds", "informed", "reasons"})
NOT_FOR_CELL_KEYS = NOT_FOR_ROUNDING | {"rule", "withhold", "protection", "frequency"}


class ProtectionRequired(Strict):
    """How far below, above and in all a reader's interval must reach, in the table's unit or as a percentage of the cell."""

    lower: Amount = 0.0
    upper: Amount = 0.0
    sliding: Amount = 0.0

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not any(amount_of(amount, 1.0) for amount in (self.lower, self.upper, self.sliding)):
            raise ValueError("name lower, upper or sliding, above 0")
        return self


def amount_of(amount: float | str, values: Numbers | float) -> Numbers | float:
    return values * 0.0 + amount if isinstance(amount, float) else values * (float(amount.rstrip("%")) / 100.0)


class CostColumn(Strict):
    """A column of the file that says what withholding each cell loses."""

    column: str


class LinkedTable(Strict):
    """One of several tables that share cells; a dimension that it does not name is there with its total."""

    dimensions: Hierarchies = Field(min_length=1)


class TableSpec(Strict):
    """``value`` None counts the records of ``rows: records``. ``informed`` None: unless ``protection`` is stated."""

    rows: Literal["cells", "records"] = "cells"
    dimensions: Hierarchies = {}
    tables: tuple[LinkedTable, ...] = ()
    value: str | None = None
    frequency: str | None = None
    largest_contributions: tuple[str, ...] = ()
    contributor: str | None = None
    decimal: Literal[".", ","] = "."
    missing: Literal["refuse", "zero"] = "refuse"
    rule: PrimaryRule = PrimaryRule()
    withhold: tuple[CellBlock, ...] = ()
    keep: tuple[CellBlock, ...] = ()
    prefer_hidden: tuple[CellBlock, ...] = ()
    method: Literal["suppress", "cell-key", "rounding"] = "suppress"
    cell_key: CellKeys | None = None
    rounding: ControlledRounding | None = None
    protection: ProtectionRequired | None = None
    costs: Literal["unit", "frequency", "value"] | CostColumn = "value"
    seconds: float | None = Field(default=None, gt=0)
    informed: bool | None = None
    reasons: bool = True

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for is_wrong, what in (*self._contradictions(), *self._contradictions_of_method()):
            if is_wrong:
                raise ValueError(what)
        return self

    def _contradictions(self) -> tuple[tuple[bool, str], ...]:
        records, needed = self.rows == "records", self.rule.contributions
        return (
            (bool(self.dimensions) == bool(self.tables), "name either dimensions or tables"),
            (self.value is None and not records, "name the column of the values, or count records with rows: records"),
            (self.method != "cell-key" and self.rule.is_empty and not self.withhold, "name a rule, or cells to withhold"),
            (records and bool(self.largest_contributions), "largest contributions are found among the records; leave the columns out"),
            (not records and self.contributor is not None, "a contributor is of a record: rows must be records"),
            (self.value is None and self.contributor is not None, "records of one contributor are added up only where there is a value"),
            (self.value is None and needed > 0, "dominance, p % and pq are rules for a value: name its column"),
            (
                self.rule.needs_frequency and not (records or self.is_count or self.frequency),
                "the rule counts contributors: name the column of the frequency",
            ),
            (
                not records and len(self.largest_contributions) < needed,
                f"the rule looks at the {needed} largest contributions: name {needed} columns in largest_contributions, or give records",
            ),
        )

    def _contradictions_of_method(self) -> tuple[tuple[bool, str], ...]:
        unused = {"cell-key": NOT_FOR_CELL_KEYS, "rounding": NOT_FOR_ROUNDING}.get(self.method, frozenset())
        idle = sorted(unused & self.model_fields_set)
        return (
            ((self.method == "cell-key") != (self.cell_key is not None), "method cell-key and the field cell_key belong together"),
            ((self.method == "rounding") != (self.rounding is not None), "method rounding and the field rounding belong together"),
            (bool(idle), f"method {self.method} makes no use of {', '.join(idle)}: leave it out, so that nobody relies on it"),
            (self.method == "rounding" and self.rule.singletons, "method rounding makes no use of singletons: leave it out"),
            (
                self.method != "suppress" and not self.is_count,
                f"method {self.method} is for counts: leave out frequency and contributions, and the value of records",
            ),
        )

    @property
    def reckons_with_informed(self) -> bool:
        """Whether a reader of a count is taken to know that zeros stay."""
        return self.protection is None if self.informed is None else self.informed

    @property
    def structures(self) -> tuple[Hierarchies, ...]:
        """The hierarchies of each table, by dimension."""
        return tuple(table.dimensions for table in self.tables) or (self.dimensions,)

    @property
    def dimension_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for structure in self.structures for name in structure))

    @property
    def number_columns(self) -> tuple[str, ...]:
        """Columns that hold numbers."""
        cost = (self.costs.column,) if isinstance(self.costs, CostColumn) else ()
        single = tuple(name for name in (self.value, self.frequency) if name)
        return tuple(dict.fromkeys((*single, *self.largest_contributions, *cost)))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        text = [name for name in (self.contributor, self.cell_key and self.cell_key.column) if name]
        return tuple(dict.fromkeys((*self.dimension_names, *self.number_columns, *text)))

    @property
    def is_count(self) -> bool:
        """Whether the value is itself the number of those who are counted: nothing else tells them."""
        if self.rows == "records":
            return self.value is None
        return self.frequency is None and not self.largest_contributions


def read_spec(path: Path) -> TableSpec:
    """Raises: BadInput naming the line, or every field that is wrong."""
    fix = "docs/reference/table-spec.md shows what each field takes"
    try:
        fields = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repeats)
        return TableSpec.model_validate(fields, context={"folder": path.parent})
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc'])) or 'spec'}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise BadInput("; ".join(faults), where=str(path), fix=fix) from error
    except json.JSONDecodeError as error:
        raise BadInput(f"not valid JSON: {error.msg}", where=f"{path}, line {error.lineno}", fix="mend the line") from error
    except ValueError as error:  # repeated names, or not UTF-8
        raise BadInput(f"cannot read the spec: {error}", where=str(path), fix=fix) from error


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        repeated = next(name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1)
        raise ValueError(f"'{repeated}' is named twice in one place")
    return found
