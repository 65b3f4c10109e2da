"""What is proved so far: movements of the counts that a reader cannot rule out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from saime.core.protection.constraints import Numbers, Places

REACHED = 1e-5  # persons; the solver's rounding


@dataclass(frozen=True)
class Goal:
    """A cell must be able to change by this many persons, up or (below 0) down."""

    place: int
    change: float


@dataclass(frozen=True)
class Moved:
    """A movement without the cells that stay."""

    places: Places
    amounts: Numbers

    @staticmethod
    def of(movement: Numbers) -> Moved:
        places = np.flatnonzero(movement)
        return Moved(places, movement[places])


class Reach:
    """Movements found so far, and how far each cell goes in them. Each is proof that its cells can hold other counts."""

    def __init__(self, values: Numbers) -> None:
        """``values``: where the cells stand, in persons; whole numbers, but for cells of which no true count is known."""
        self._movements: dict[int, Moved] = {}
        self._by_place: dict[int, set[int]] = defaultdict(set)
        self._next = 0
        self._values = values
        self._up, self._down = np.zeros(len(values)), np.zeros(len(values))  # the farthest, both 0 or more

    def add(self, movement: Moved) -> None:
        self._movements[self._next] = movement
        for place in movement.places.tolist():
            self._by_place[place].add(self._next)
        self._next += 1
        self._stretch(movement)

    def withdraw(self, place: int) -> list[Moved]:
        """Take out the movements in which the cell moves; these."""
        numbers = sorted(self._by_place[place])
        taken = [self._movements.pop(number) for number in numbers]
        touched = sorted({cell for moved in taken for cell in moved.places.tolist()})
        self._up[touched] = self._down[touched] = 0.0
        for cell in touched:
            self._by_place[cell].difference_update(numbers)
        for number in sorted({number for cell in touched for number in self._by_place[cell]}):
            self._stretch(self._movements[number])
        return taken

    def misses(self, goals: Iterable[Goal]) -> list[Goal]:
        return [goal for goal in goals if (self._up if goal.change > 0 else self._down)[goal.place] < abs(goal.change) - REACHED]

    def is_narrow(self, place: int, width: float) -> bool:
        """Whether the cell's known counts span fewer than ``width`` whole persons."""
        value = self._values[place]
        return bool(np.floor(value + self._up[place] + REACHED) - np.ceil(value - self._down[place] - REACHED) < width)

    def _stretch(self, movement: Moved) -> None:
        self._up[movement.places] = np.maximum(self._up[movement.places], movement.amounts)
        self._down[movement.places] = np.maximum(self._down[movement.places], -movement.amounts)
