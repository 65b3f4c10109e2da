"""Counts of a table from outside rounded to multiples of a base, and the proof that a reader comes too near to no small count.

The reader knows the base and that every row adds up. They do not know which multiple is nearer to a count, though most counts go to
the nearer one: the published table must stay possible for every choice of the two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from saime.core.errors import Refused
from saime.core.protection.audit import audit
from saime.core.protection.constraints import Numbers, Places
from saime.core.protection.perturbation import Counts
from saime.core.protection.problem import SuppressionProblem
from saime.core.protection.rounding import round_controlled
from saime.core.protection.suppression import is_protected
from saime.core.protection.table_primary import PrimaryCells, find_primary
from saime.core.protection.table_problem import PosedTable, problem_of
from saime.core.protection.table_protection import narrowest, solver_fields
from saime.core.protection.table_reading import ReadTable


@dataclass(frozen=True)
class RoundedTable(ReadTable):
    """Shape: ``published`` one entry a cell; ``intervals`` primary x 2, what a reader deduces. ``within``: how far a count can be.

    ``unsafe``: positions of the primary cells whose interval is narrower than required. Unit: counts.
    """

    primary: PrimaryCells
    published: Counts
    within: int
    intervals: Numbers
    unsafe: Places
    seconds: float

    def summary(self) -> dict[str, object]:
        """What ``saime protect --json`` prints; docs/reference/table-spec.md lists the fields."""
        changes = np.abs(self.published - self.contents.values)
        return {
            "cells": self.cells.size,
            "primary": int(self.primary.flags.sum()),
            "base": _base(self),
            "changed": int((changes > 0).sum()),
            "sum_of_changes": int(changes.sum()),
            "largest_change": int(changes.max()),
            "within": self.within,
            "unsafe": len(self.unsafe),
            "unsafe_cells": self.named(self.unsafe),
            "narrowest_interval": narrowest(self.intervals),
            "method": self.spec.method,
            **solver_fields(),
            "seconds": round(self.seconds, 3),
        }

    def check_is_safe(self) -> None:
        """Raises: Refused naming the cells to which a reader of the rounded table comes too near."""
        if len(self.unsafe):
            raise Refused(
                f"{len(self.unsafe)} primary cells are not protected by rounding to multiples of {_base(self)}",
                where=f"{self.file.name}, cells {self.cells.name(self.unsafe)}",
                fix="take a larger base (above the minimum of the rule), require less protection, or take method suppress",
            )


def round_table(read: ReadTable) -> RoundedTable:
    """Raises: BadInput for values that are no counts; Refused where no table of multiples adds up."""
    primary = find_primary(read.spec, read.cells, read.contents)
    problem = problem_of(PosedTable(read.spec, read.cells, read.contents, primary))
    started = time.monotonic()
    base = _base(read)
    published = round_controlled(problem.rows, problem.values, base)
    within = base * int(np.ceil((np.abs(published - problem.values).max() + 1) / base)) - 1
    seen = _seen_by_reader(problem, published, within)
    intervals = audit(seen.rows, np.full(read.cells.size, np.nan), (seen.lower, seen.upper), seen.primary)
    unsafe = seen.primary[~is_protected(seen, intervals)]
    seconds = time.monotonic() - started
    return RoundedTable(
        **vars(read), primary=primary, published=published, within=within, intervals=intervals, unsafe=unsafe, seconds=seconds
    )


def _seen_by_reader(problem: SuppressionProblem, published: Counts, within: int) -> SuppressionProblem:
    """No cell is known; each lies within the rounding of what is published."""
    shown = published.astype(np.float64)
    return replace(problem, lower=np.maximum(shown - within, 0.0), upper=shown + within)


def _base(read: ReadTable) -> int:
    assert read.spec.rounding is not None  # noqa: S101 - the spec has checked it
    return read.spec.rounding.base
