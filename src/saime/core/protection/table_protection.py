"""Suppression in a table from outside: find the primary cells, withhold others until no reader can come too near, and tell the price."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saime.core.errors import Refused
from saime.core.protection.constraints import Flags, Numbers, Places
from saime.core.protection.problem import SuppressionPattern
from saime.core.protection.solver import SOLVER
from saime.core.protection.suppression import suppress
from saime.core.protection.table_attackers import attackers_of, safe_from_others
from saime.core.protection.table_primary import PrimaryCells, find_primary
from saime.core.protection.table_problem import PosedTable, in_units_of_table, problem_of
from saime.core.protection.table_reading import ReadTable

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SuppressedTable(ReadTable):
    """A table from outside with its pattern, safe from ``attackers``. ``seconds``: the time that the suppression took."""

    primary: PrimaryCells
    attackers: tuple[str, ...]
    pattern: SuppressionPattern
    seconds: float

    @property
    def secondary(self) -> Flags:
        return self.pattern.withheld & ~self.primary.flags

    @property
    def narrowest_interval(self) -> float | None:
        return narrowest(self.pattern.intervals)

    def summary(self) -> dict[str, object]:
        """What ``saime protect --json`` prints; docs/reference/table-spec.md lists the fields."""
        return {
            "cells": self.cells.size,
            "primary": int(self.primary.flags.sum()),
            "secondary": int(self.secondary.sum()),
            "cost": _rounded(self.pattern.cost),
            "proven_bound": _rounded(self.pattern.bound),
            "optimal": self.pattern.is_optimal,
            "unsafe": len(self.pattern.unsafe),
            "unsafe_cells": self.named(self.pattern.unsafe),
            "narrowest_interval": self.narrowest_interval,
            "attackers": list(self.attackers),
            "method": self.spec.method,
            **solver_fields(),
            "seconds": round(self.seconds, 3),
        }

    def check_is_safe(self) -> None:
        """Raises: Refused naming the cells that nothing protects, and what would help."""
        if not len(self.pattern.unsafe):
            return
        raise Refused(
            f"{len(self.pattern.unsafe)} primary cells cannot be protected, whatever else is withheld",
            where=f"{self.file.name}, cells {self.cells.name(self.pattern.unsafe)}",
            fix=self._remedy(self.pattern.unsafe),
        )

    def _remedy(self, unsafe: Places) -> str:
        codes = [dimension.codes for dimension in self.cells.dimensions]
        merges = []
        for axis, dimension in enumerate(self.cells.dimensions):
            parents = {code.id: code.parent for code in codes[axis]}
            found = dict.fromkeys(self.cells.codes[place][axis] for place in unsafe)
            small = [code for code in found if parents[code] is not None]
            if small:
                parent = parents[small[0]]
                beside = [code for code, above in parents.items() if above == parent and code != small[0]]
                if beside:
                    merges.append(f"{dimension.id} '{small[0]}' with '{beside[0]}'")
        joined = f"join codes ({', or '.join(merges)}) or leave out a level of the hierarchy" if merges else "take a coarser hierarchy"
        insiders = "; or leave out singletons" if self.spec.rule.singletons else ""
        return f"{joined}; keep fewer cells; or require less protection{insiders}"


def _rounded(value: float) -> float:
    """Without the solver's last digits."""
    return float(f"{value:.10g}")


def narrowest(intervals: Numbers) -> float | None:
    """The width of the narrowest interval, in the unit of the values; None where none has a bound above. Shape: cells x 2."""
    widths = intervals[:, 1] - intervals[:, 0]
    bounded = widths[np.isfinite(widths)]
    return _rounded(float(bounded.min())) if len(bounded) else None


def solver_fields() -> dict[str, object]:
    """What a summary tells of the solver."""
    solver, _, version = SOLVER.partition(" ")
    return {"solver": solver, "solver_version": version}


def suppress_table(read: ReadTable, *, progress: Progress | None = None) -> SuppressedTable:
    """Raises: BadInput where the spec contradicts the table. Whether the pattern is safe: ``check_is_safe``."""
    primary = find_primary(read.spec, read.cells, read.contents)
    table = PosedTable(read.spec, read.cells, read.contents, primary)
    started = time.monotonic()
    problem = problem_of(table)
    pattern = safe_from_others(table, problem, suppress(problem, seconds=read.spec.seconds, progress=progress))
    seconds, told = time.monotonic() - started, in_units_of_table(pattern, read.contents)
    return SuppressedTable(**vars(read), primary=primary, attackers=attackers_of(table, problem), pattern=told, seconds=seconds)
