"""From the cells and contents of a table to the suppression problem, and what contributors who know their own value add to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from saime.core.errors import BadInput
from saime.core.protection.audit import audit
from saime.core.protection.constraints import INFINITY, Flags, Numbers, Places
from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.reduction import reduce_rows, tie_labels
from saime.core.protection.suppression import is_protected
from saime.core.protection.table_cells import ABSENT, Cells
from saime.core.protection.table_contents import Contents
from saime.core.protection.table_primary import PrimaryCells
from saime.core.protection.table_spec import TableSpec

MOST_UNITS = 1e12  # a thousand times more, as far as the attack seeks, still fits a float exactly
PREFERRED = 1e-3  # of its cost: what a cell costs that is to be hidden rather than others


def problem_of(spec: TableSpec, cells: Cells, contents: Contents, primary: PrimaryCells) -> SuppressionProblem:
    """What any attacker knows: the rows, and that values are 0 or more. True zeros stay visible unless they are primary.

    Unit: the last decimal of the values, so that all of them are whole numbers and no sum is rounded; ``in_units_of_table`` turns the
    answer back. Raises: BadInput where a cell is primary and to be kept, and for values with too many digits to add up exactly.
    """
    values = np.round(contents.values / contents.unit)
    if (values > MOST_UNITS).any():
        raise BadInput(
            f"values have more digits than can be added up exactly: {cells.name(np.flatnonzero(values > MOST_UNITS))}",
            where="the file's values",
            fix="give them with fewer decimals, or in thousands or millions",
        )
    kept = cells.block("keep", spec.keep)
    if (kept & primary.flags).any():
        raise BadInput(
            f"primary cells are to be kept: {cells.name(np.flatnonzero(kept & primary.flags))}",
            where="the spec's keep",
            fix="take them out of keep, or change the rule that makes them primary",
        )
    places = np.flatnonzero(primary.flags)
    zeros = (values == 0) & ~primary.flags
    return SuppressionProblem(
        rows=cells.rows(),
        values=values,
        lower=np.zeros(cells.size),
        upper=np.full(cells.size, INFINITY),
        costs=_costs(spec, contents) / contents.unit * np.where(cells.block("prefer_hidden", spec.prefer_hidden), PREFERRED, 1.0),
        published=kept | zeros,
        primary=places,
        lower_protection=primary.lower[places] / contents.unit,
        upper_protection=primary.upper[places] / contents.unit,
        sliding_protection=primary.sliding[places] / contents.unit,
    )


def _costs(spec: TableSpec, contents: Contents) -> Numbers:
    if spec.costs == "unit":
        return np.ones(len(contents.values))
    if spec.costs == "frequency":
        return contents.frequencies
    return contents.values if spec.costs == "value" else contents.costs


def in_units_of_table(pattern: SuppressionPattern, contents: Contents) -> SuppressionPattern:
    return replace(
        pattern, intervals=pattern.intervals * contents.unit, cost=pattern.cost * contents.unit, bound=pattern.bound * contents.unit
    )


def insiders(contents: Contents, primary: PrimaryCells) -> list[Places]:
    """The primary cells that one contributor knows, being alone in each of them; one entry a contributor, in a fixed order."""
    places = np.flatnonzero(primary.flags & (contents.alone != ABSENT))
    who = contents.alone[places]
    return [places[who == contributor] for contributor in np.unique(who)]


def problems_of_insiders(problem: SuppressionProblem, known: list[Places], withheld: Flags, lost: Places) -> Iterator[SuppressionProblem]:
    """For each insider who comes too near, the problem as they see it: their cells are published, what is withheld already is free.

    Only primary cells that rows of withheld cells tie to the insider's own are asked for; the others do not depend on what they know.
    ``withheld`` is read anew for each, so the caller adds to it what each answer withholds. ``lost``: cells that nothing protects.
    """
    for own in known:
        labels = tie_labels(reduce_rows(problem.rows, withheld, problem.values), len(problem.values))
        asked = np.isin(labels[problem.primary], labels[own]) & ~np.isin(problem.primary, np.concatenate([own, lost]))
        seen = _as_seen(problem, own, asked, withheld)
        shown = np.where(withheld & ~seen.published, np.nan, problem.values)
        intervals = audit(problem.rows, shown, (problem.lower, problem.upper), seen.primary)
        if not is_protected(seen, intervals).all():
            yield seen


def _as_seen(problem: SuppressionProblem, own: Places, asked: Flags, withheld: Flags) -> SuppressionProblem:
    published = problem.published.copy()
    published[own] = True
    return replace(
        problem,
        published=published,
        costs=np.where(withheld, 0.0, problem.costs),
        primary=problem.primary[asked],
        lower_protection=problem.lower_protection[asked],
        upper_protection=problem.upper_protection[asked],
        sliding_protection=problem.sliding_protection[asked],
    )
