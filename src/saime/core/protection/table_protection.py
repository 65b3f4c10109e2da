"""Protect a table from outside: read, find the primary cells, withhold others until no reader can come too near, and tell the price."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saime.core.errors import Refused
from saime.core.protection.constraints import Flags, Places
from saime.core.protection.problem import SuppressionPattern
from saime.core.protection.solver import SOLVER
from saime.core.protection.suppression import suppress
from saime.core.protection.table_attackers import attackers_of, safe_from_others
from saime.core.protection.table_cells import Cells, cells_of
from saime.core.protection.table_contents import Contents, contents_of_cells
from saime.core.protection.table_file import TableFile, read_table
from saime.core.protection.table_primary import PrimaryCells, find_primary
from saime.core.protection.table_problem import PosedTable, in_units_of_table, problem_of
from saime.core.protection.table_records import contents_of_records
from saime.core.protection.table_spec import TableSpec

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TableProtection:
    """A table from outside with its pattern, safe from ``attackers``. ``seconds``: the time that the suppression took."""

    spec: TableSpec
    file: TableFile
    cells: Cells
    contents: Contents
    primary: PrimaryCells
    attackers: tuple[str, ...]
    pattern: SuppressionPattern
    seconds: float

    @property
    def secondary(self) -> Flags:
        return self.pattern.withheld & ~self.primary.flags

    @property
    def narrowest_interval(self) -> float | None:
        """In the unit of the values; None where no primary cell has a bound above."""
        widths = self.pattern.intervals[:, 1] - self.pattern.intervals[:, 0]
        bounded = widths[np.isfinite(widths)]
        return _rounded(float(bounded.min())) if len(bounded) else None

    def summary(self) -> dict[str, object]:
        """What ``saime protect --json`` prints; docs/reference/table-spec.md lists the fields."""
        solver, _, version = SOLVER.partition(" ")
        return {
            "cells": self.cells.size,
            "primary": int(self.primary.flags.sum()),
            "secondary": int(self.secondary.sum()),
            "cost": _rounded(self.pattern.cost),
            "proven_bound": _rounded(self.pattern.bound),
            "optimal": self.pattern.is_optimal,
            "unsafe": len(self.pattern.unsafe),
            "unsafe_cells": [dict(zip(self.dimension_names, self.cells.codes[place], strict=True)) for place in self.pattern.unsafe],
            "narrowest_interval": self.narrowest_interval,
            "attackers": list(self.attackers),
            "method": self.spec.method,
            "solver": solver,
            "solver_version": version,
            "seconds": round(self.seconds, 3),
        }

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The dimensions' columns."""
        return tuple(dimension.id for dimension in self.cells.dimensions)

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


def read_and_protect(path: Path, spec: TableSpec, *, progress: Progress | None = None) -> TableProtection:
    """Raises: BadInput for a file that does not fit the spec. Whether the pattern is safe: ``check_is_safe``."""
    contributor = (spec.contributor,) if spec.contributor else ()
    file = read_table(path, tuple(dict.fromkeys((*spec.dimension_names, *spec.number_columns, *contributor))))
    cells = cells_of(spec, file)
    contents = (contents_of_records if spec.rows == "records" else contents_of_cells)(spec, cells, file)
    table = PosedTable(spec, cells, contents, find_primary(spec, cells, contents))
    started = time.monotonic()
    problem = problem_of(table)
    pattern = safe_from_others(table, problem, suppress(problem, seconds=spec.seconds, progress=progress))
    seconds = time.monotonic() - started
    attackers = attackers_of(table, problem)
    return TableProtection(spec, file, cells, contents, table.primary, attackers, in_units_of_table(pattern, contents), seconds)
