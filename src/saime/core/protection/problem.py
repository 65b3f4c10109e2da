"""A suppression problem, free of where its cells come from: one table, a table from outside, or all tables of a release.

What is sought is the cheapest set of cells to withhold so that an attacker, who knows the rows, the bounds and every cell
that is not withheld, cannot bound a primary cell more closely than its protection allows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from saime.core.protection.constraints import Flags, Knowledge, Numbers, Places


@dataclass(frozen=True)
class SuppressionProblem:
    """Shape: ``values``, ``lower``, ``upper``, ``costs`` and ``published`` have one entry a cell; the others one a primary cell.

    ``values`` are in the table's unit, nan where the cell is not available. ``lower`` and ``upper`` are what any attacker knows of a
    cell beforehand (0 and infinity for a count). ``costs`` are what withholding a cell loses; 0 or more. ``published`` marks
    cells that must stay visible, true zeros among them.

    For primary cell ``k`` with true value ``v`` the attacker's interval ``[low, high]`` must reach: ``low <= v - lower_protection[k]``,
    ``high >= v + upper_protection[k]`` and ``high - low >= sliding_protection[k]`` (Fischetti and Salazar, 2001).
    """

    rows: Knowledge
    values: Numbers
    lower: Numbers
    upper: Numbers
    costs: Numbers
    published: Flags
    primary: Places
    lower_protection: Numbers
    upper_protection: Numbers
    sliding_protection: Numbers


@dataclass(frozen=True)
class SuppressionPattern:
    """``withheld`` includes the primary cells; ``cost`` is of the secondary cells alone, and ``bound`` is proven: no pattern costs less.

    ``unsafe`` holds the positions of primary cells for which no protection was
    found; empty in a safe pattern.
    """

    withheld: Flags
    cost: float
    bound: float
    unsafe: Places
    deduce: Callable[[], Numbers] = field(repr=False, compare=False)

    @cached_property
    def intervals(self) -> Numbers:
        """What the attacker can still deduce of each primary cell, lowest and highest, shape primary x 2; found when first asked for.

        In parts that were solved locally it is at least as wide as that.
        """
        return self.deduce()

    @property
    def is_optimal(self) -> bool:
        return self.cost <= self.bound + 1e-6 * max(1.0, self.cost)
