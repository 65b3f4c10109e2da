"""A tabulation plan: what to count, as a file of the pack (``plans/NAME.yaml``); docs/reference/pack.md describes it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from saime.core.model.classification import Condition
from saime.core.model.period import Period
from saime.core.model.text import Text

TIME = "TIME_PERIOD"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedDimension(_Strict):
    """A dimension over a hierarchy.

    With ``column``, a leaf without ``when`` takes the facts whose column equals its id.
    ``overlaps``: one person may be in several children of a parent, so margins are not sums.
    """

    hierarchy: str
    column: str | None = None
    overlaps: bool = False
    exhaustive: bool = True
    role: Literal["geo"] | None = None


class Measure(_Strict):
    count: Literal["distinct"]


class ThresholdProtection(_Strict):
    """Counts of 1 to ``minimum - 1`` persons are withheld (docs/adr/0006)."""

    minimum: int = Field(default=5, ge=2)


class Layout(_Strict):
    """How the page shows the dataset: which dimensions run down and across, and which chart."""

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    chart: dict[str, str] = {}


class TabulationPlan(_Strict):
    """``reference_period`` is one period or several; of several, one that covers the others is their parent.

    ``not_available`` lists cells that the plan does not count, as code lists by dimension.
    """

    dataset: str
    title: Text
    source: Text
    population: str
    filter: dict[str, Condition] = {}
    unit: Literal["person"]
    unit_measure: Text = Text(lv="personas", en="persons")
    reference_period: tuple[str, ...]
    dimensions: dict[str, PlannedDimension]
    measures: dict[str, Measure]
    protection: ThresholdProtection = ThresholdProtection()
    not_available: tuple[dict[str, tuple[str, ...]], ...] = ()
    legal_basis: tuple[str, ...]
    notes: tuple[str, ...] = ()
    layout: Layout = Layout()

    @field_validator("reference_period", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        codes = value if isinstance(value, list | tuple) else [value]
        return tuple(str(code) for code in codes)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for code in self.reference_period:
            Period.parse(code)
        if TIME in self.dimensions:
            raise ValueError(f"{TIME} is made from reference_period and is not declared")
        known = {*self.dimensions, TIME}
        named = [*self.layout.rows, *self.layout.columns, *(d for cells in self.not_available for d in cells)]
        if unknown := sorted(set(named) - known):
            raise ValueError(f"unknown dimensions: {', '.join(unknown)}")
        return self
