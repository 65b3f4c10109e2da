"""What is proved so far: movements of the counts that a reader cannot rule out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from saime.core.protection.constraints import Numbers

REACHED = 1e-5  # persons; the solver's rounding


@dataclass(frozen=True)
class Goal:
    """A cell must be able to change by this many persons, up or (below 0) down."""

    place: int
    change: float


class Reach:
    """Movements found so far, and how far each cell goes in them. Each is proof that its cells can hold other counts."""

    def __init__(self, size: int) -> None:
        self._movements: list[Numbers] = []
        self._up, self._down = np.zeros(size), np.zeros(size)  # the farthest, both 0 or more

    def add(self, movement: Numbers) -> None:
        self._movements.append(movement)
        self._up, self._down = np.maximum(self._up, movement), np.maximum(self._down, -movement)

    def without(self, place: int) -> Reach:
        """Only the movements that leave the cell alone."""
        kept = Reach(len(self._up))
        for movement in self._movements:
            if movement[place] == 0.0:
                kept.add(movement)
        return kept

    def misses(self, goals: Iterable[Goal]) -> list[Goal]:
        return [goal for goal in goals if (self._up if goal.change > 0 else self._down)[goal.place] < abs(goal.change) - REACHED]

    def narrow(self, places: Iterable[int], width: int) -> list[int]:
        """The cells whose known counts span fewer than ``width`` whole persons."""
        span = np.floor(self._up + REACHED) + np.floor(self._down + REACHED)
        return [place for place in places if span[place] < width]
