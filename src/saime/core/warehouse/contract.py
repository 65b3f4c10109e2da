"""A feed contract: what an agency delivers, as a file of the pack (``feeds/NAME.yaml``)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, PositiveInt, model_validator

from saime.core.model.text import Text

ColumnType = Literal["personal_code", "code", "date", "integer", "amount", "boolean"]


class Column(BaseModel):
    """One column of a delivery. ``required`` means that no row may leave it empty; ``extract``, that it may go into a research extract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    label: Text
    required: bool = True
    code_list: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    extract: bool = False

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        if self.extract and self.type == "personal_code":
            raise ValueError(f"column '{self.name}': a personal code never goes into an extract")
        if (self.type == "code") != (self.code_list is not None):
            raise ValueError(f"column '{self.name}': a column of type code, and no other, names a code_list")
        return self


class Spell(BaseModel):
    """The columns that say from when until when a fact holds; both ends included, an empty end is open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str
    end: str


class Retention(BaseModel):
    """How long facts are kept: so many months after the end of the delivery's period."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: PositiveInt


class FeedContract(BaseModel):
    """Columns, types, code lists, keys, period, legal basis and retention of one feed.

    Without ``spell`` a fact holds on the delivery's whole period. ``key`` names the columns that no two rows share.
    Without ``retention`` facts are kept until somebody sets one.
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

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ValueError("two columns have the same name")
        if sum(column.type == "personal_code" for column in self.columns) != 1:
            raise ValueError("a feed has exactly one column of type personal_code")
        used = [*self.key, *([self.spell.start, self.spell.end] if self.spell else [])]
        if unknown := sorted(set(used) - set(names)):
            raise ValueError(f"key or spell names unknown columns: {', '.join(unknown)}")
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

    @property
    def person_column(self) -> str:
        return next(column.name for column in self.columns if column.type == "personal_code")

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
