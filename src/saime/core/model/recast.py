"""From one version of a classification to another: which codes became which, and in what shares where one was split."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Part(BaseModel):
    """The part of a code that went to another. ``weight`` is whole and has no unit: a share is a weight among its code's weights."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str
    target: str
    weight: int


class Recast(BaseModel):
    """A mapping between two versions. A source code with one part is taken whole; one with several is divided by their weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    parts: tuple[Part, ...]

    @model_validator(mode="after")
    def _is_a_division(self) -> Self:
        pairs = [(part.source, part.target) for part in self.parts]
        if twice := sorted({f"{source} to {target}" for source, target in pairs if pairs.count((source, target)) > 1}):
            raise ValueError(f"listed twice: {', '.join(twice)}")
        if weightless := sorted({part.source for part in self.parts if part.weight <= 0}):
            raise ValueError(f"a weight is not above zero: {', '.join(weightless)}")
        return self

    @functools.cached_property
    def targets(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """The parts of each source code: target code and weight."""
        found: dict[str, list[tuple[str, int]]] = {}
        for part in self.parts:
            found.setdefault(part.source, []).append((part.target, part.weight))
        return {source: tuple(parts) for source, parts in found.items()}


def divide(count: int, weights: tuple[int, ...]) -> tuple[int, ...]:
    """A count in whole parts that add up to it, by the divisor method of Webster and Sainte-Laguë; ties go to the first.

    A larger count never gives a part fewer. Unit: that of the count.
    """
    total = sum(weights)
    parts = [int(Fraction(count * weight, total) + Fraction(1, 2)) for weight in weights]
    places = range(len(weights))
    while sum(parts) < count:
        parts[min(places, key=lambda n: (Fraction(2 * parts[n] + 1, weights[n]), n))] += 1
    while sum(parts) > count:
        parts[max(places, key=lambda n: (Fraction(2 * parts[n] - 1, weights[n]), n))] -= 1
    return tuple(parts)
