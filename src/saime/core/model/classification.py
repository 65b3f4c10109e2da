"""Classifications: versioned lists of codes in a tree, and which facts belong to each code."""

from __future__ import annotations

import functools
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from saime.core.model.period import Period
from saime.core.model.text import Text

Scalar = str | bool | int


class Range(BaseModel):
    """Numbers at or above ``from`` and below ``below``; either end may be open."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: int | None = Field(default=None, alias="from")
    below: int | None = None

    def contains(self, value: object) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return (self.from_ is None or value >= self.from_) and (self.below is None or value < self.below)


Condition = Range | tuple[Scalar | None, ...]  # a null in the list means "the column is empty"


class Code(BaseModel):
    """One code. A leaf with ``when`` takes the facts that meet every condition; a parent takes its children's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    label: Text
    parent: str | None = None
    when: dict[str, Condition] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    note: Text | None = None

    def holds_in(self, period: Period) -> bool:
        """Is the code valid on some day of the period?"""
        return (self.valid_from is None or self.valid_from <= period.end) and (self.valid_to is None or self.valid_to >= period.start)


class Classification(BaseModel):
    """A version of a classification: codes in presentation order, parents before or after their children."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str
    title: Text
    source: str
    codes: tuple[Code, ...]

    @model_validator(mode="after")
    def _is_a_forest(self) -> Self:
        known = [code.id for code in self.codes]
        if twice := sorted({code for code in known if known.count(code) > 1}):
            raise ValueError(f"codes listed twice: {', '.join(twice)}")
        parents = {code.id: code.parent for code in self.codes}
        for code, parent in parents.items():
            if parent is not None and parent not in parents:
                raise ValueError(f"code '{code}' has an unknown parent '{parent}'")
            seen = {code}
            while parent is not None:
                if parent in seen:
                    raise ValueError(f"code '{code}' is its own ancestor")
                seen.add(parent)
                parent = parents[parent]
        return self

    @functools.cached_property
    def by_id(self) -> dict[str, Code]:
        return {code.id: code for code in self.codes}

    @functools.cached_property
    def leaves(self) -> tuple[Code, ...]:
        parents = {code.parent for code in self.codes}
        return tuple(code for code in self.codes if code.id not in parents)

    def children(self, code_id: str) -> tuple[str, ...]:
        return tuple(code.id for code in self.codes if code.parent == code_id)

    def lineage(self, code_id: str) -> tuple[str, ...]:
        """The code and its ancestors, nearest first."""
        path = [code_id]
        while (parent := self.by_id[path[-1]].parent) is not None:
            path.append(parent)
        return tuple(path)
