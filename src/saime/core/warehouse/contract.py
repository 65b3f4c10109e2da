"""A feed contract: what an agency delivers, as a file of the pack (``feeds/NAME.yaml``)."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from saime.core.model.text import Text
from saime.core.warehouse.faults import FaultCode, RowFault

ColumnType = Literal["personal_code", "code", "date", "integer", "amount", "boolean", "household"]
KEEPS_ITS_ROW: tuple[FaultCode, ...] = ("code_not_valid", "differs_within_person", "overlapping_spells")
TOLERABLE: tuple[FaultCode, ...] = get_args(RowFault)


class Column(BaseModel):
    """One column of a delivery. ``required`` means that no row may leave it empty; ``minimum`` and ``maximum`` of an amount
    are whole units of currency. ``extract``: it may go into a research extract. ``one_per_person``: the rows of a person in
    one delivery agree in it, such as their sex.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    label: Text
    required: bool = True
    code_list: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    extract: bool = False
    one_per_person: bool = False

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        if self.extract and self.type == "personal_code":
            raise ValueError(f"column '{self.name}': a personal code never goes into an extract")
        if self.extract and self.type == "household":
            raise ValueError(f"column '{self.name}': a household, which joins persons, never goes into an extract")
        if (self.type == "code") != (self.code_list is not None):
            raise ValueError(f"column '{self.name}': a column of type code, and no other, names a code_list")
        if self.one_per_person and not (self.type == "code" and self.required):
            raise ValueError(f"column '{self.name}': only a required column of type code is one_per_person")
        return self


class Spell(BaseModel):
    """The columns that say from when until when a fact holds; both ends included, an empty end is open.

    ``no_overlap_by``: two spells of a person that agree in these columns share no day; without it spells may overlap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str
    end: str
    no_overlap_by: tuple[str, ...] | None = None


class Retention(BaseModel):
    """How long facts are kept: so many months after the end of the delivery's period."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: PositiveInt


class Tolerance(BaseModel):
    """Up to which share of a delivery's rows a fault does not refuse it, and whether the faulty rows are loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    refuse_above: float = Field(ge=0, lt=1)
    rows: Literal["left_out", "kept"] = "left_out"


class Linkage(BaseModel):
    """What publication asks of the match of a feed's persons with a register, another feed of the pack.

    ``minimum``: the lowest match rate; ``fall``: the largest fall of it since the load before; ``differs``: the largest
    share of matched persons whose ``agree`` columns hold another code than the register's. Shares are from 0 to 1.
    ``by``: columns that the report divides persons by, each with the classification of its groups.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    register_feed: str = Field(alias="register")
    minimum: float = Field(ge=0, le=1)
    fall: float = Field(ge=0, le=1)
    differs: float = Field(default=1, ge=0, le=1)
    agree: tuple[str, ...] = ()
    by: dict[str, str] = {}


class FeedContract(BaseModel):
    """Columns, types, code lists, keys, period, legal basis and retention of one feed.

    Without ``spell`` a fact holds on the delivery's whole period. ``key`` names the columns that no two rows share.
    Without ``retention`` facts are kept until somebody sets one. A fault that ``tolerances`` does not name refuses the delivery.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feed: str
    version: str
    title: Text
    agency: Text
    period: Literal["A", "Q", "M", "D"]
    legal_basis: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    spell: Spell | None = None
    retention: Retention | None = None
    tolerances: dict[FaultCode, Tolerance] = {}
    linkage: Linkage | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ValueError("two columns have the same name")
        if sum(column.type == "personal_code" for column in self.columns) != 1:
            raise ValueError("a feed has exactly one column of type personal_code")
        if sum(column.type == "household" for column in self.columns) > 1:
            raise ValueError("a feed has at most one column of type household")
        used = [*self.key, *([self.spell.start, self.spell.end, *(self.spell.no_overlap_by or ())] if self.spell else [])]
        used += [*self.linkage.agree, *self.linkage.by] if self.linkage else []
        if unknown := sorted(set(used) - set(names)):
            raise ValueError(f"key, spell or linkage names unknown columns: {', '.join(unknown)}")
        if self.key and self.person_column not in self.key:
            raise ValueError(f"the key of a feed of person facts includes the personal code, '{self.person_column}'")
        return self

    @model_validator(mode="after")
    def _has_a_spell_of_dates(self) -> Self:
        if self.spell is None:
            return self
        ends = {column.name: column for column in self.columns if column.name in (self.spell.start, self.spell.end)}
        if any(column.type != "date" for column in ends.values()):
            raise ValueError("the columns of a spell are of type date")
        if not ends[self.spell.start].required:
            raise ValueError(f"no row may leave the start of its spell empty: '{self.spell.start}' is required")
        return self

    @model_validator(mode="after")
    def _tolerates_what_can_be_tolerated(self) -> Self:
        for code, tolerance in self.tolerances.items():
            if code not in TOLERABLE:
                raise ValueError(f"fault '{code}' is of the whole file and cannot be tolerated; those that can be: {', '.join(TOLERABLE)}")
            if tolerance.rows == "kept" and code not in KEEPS_ITS_ROW:
                raise ValueError(f"a row with fault '{code}' cannot be stored; rows can be kept with: {', '.join(KEEPS_ITS_ROW)}")
        return self

    def keeps_rows_with(self, code: FaultCode) -> bool:
        """Are rows with this fault loaded all the same?"""
        return code in self.tolerances and self.tolerances[code].rows == "kept"

    @property
    def person_column(self) -> str:
        return next(column.name for column in self.columns if column.type == "personal_code")

    @property
    def household_column(self) -> str | None:
        return next((column.name for column in self.columns if column.type == "household"), None)

    @property
    def spell_columns(self) -> tuple[str, ...]:
        return (self.spell.start, self.spell.end) if self.spell else ()

    @property
    def fact_columns(self) -> tuple[Column, ...]:
        """The columns that reach the warehouse as they are: all but the personal code."""
        return tuple(column for column in self.columns if column.type != "personal_code")

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """The fact columns that the warehouse keeps beside the person key and the spell."""
        return tuple(column for column in self.fact_columns if column.name not in self.spell_columns)
