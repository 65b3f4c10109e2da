"""Primary rules as a plan or a spec states them: which cells tell too much; ``core/protection/rules.py`` has their formulas."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from saime.core.model.strict import Strict


class Dominance(Strict):
    """The ``n`` largest contributions are more than ``k`` percent of the cell."""

    n: int = Field(ge=1)
    k: float = Field(gt=0, lt=100)


class PriorPosterior(Strict):
    """What everybody knows beforehand (``q`` percent) and what nobody may come to know (``p`` percent)."""

    p: float = Field(gt=0)
    q: float = Field(gt=0, le=100)

    @model_validator(mode="after")
    def _is_a_gain(self) -> Self:
        if self.p >= self.q:
            raise ValueError("p must be below q: what is not to be known below what is known beforehand")
        return self


class PrimaryRule(Strict):
    """A cell is primary where any of the rules named holds."""

    minimum: int | None = Field(default=None, ge=2)
    zeros: bool = False
    dominance: Dominance | None = None
    p_percent: float | None = Field(default=None, gt=0)
    pq: PriorPosterior | None = None
    group_disclosure: bool | tuple[str, ...] = False
    singletons: bool = False
    safety_range: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _zeros_belong_to_a_minimum(self) -> Self:
        if self.zeros and self.minimum is None:
            raise ValueError("zeros is part of the minimum frequency rule: name minimum too")
        return self

    @property
    def contributions(self) -> int:
        """How many of the largest contributions of a cell the rules look at."""
        pair = 2 if self.pq or self.p_percent is not None else 0
        return max(pair, self.dominance.n if self.dominance else 0)

    @property
    def needs_frequency(self) -> bool:
        return self.minimum is not None or self.singletons

    @property
    def is_empty(self) -> bool:
        return self.minimum is None and not self.contributions and not self.group_disclosure
