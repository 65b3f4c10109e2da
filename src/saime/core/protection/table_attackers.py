"""Attackers of a table from outside who know more than a plain reader: the informed reader, and contributors who are alone in a cell.

Each sees a suppression problem of their own. They are answered in turn, and what each answer withholds is added up: withholding more
never tells anybody more, so a pattern that is safe from one stays so. The cost is then no longer proven to be the least.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from saime.core.protection.audit import audit
from saime.core.protection.constraints import Flags, Places
from saime.core.protection.problem import SuppressionPattern, SuppressionProblem
from saime.core.protection.reduction import keep_rows, reduce_rows, tie_labels
from saime.core.protection.suppression import are_protected, suppress
from saime.core.protection.table_cells import ABSENT
from saime.core.protection.table_problem import PosedTable

READER, INFORMED, SINGLETONS = "reader", "informed", "singletons"


def attackers_of(table: PosedTable, problem: SuppressionProblem) -> tuple[str, ...]:
    """Whom the pattern is made against; docs/reference/table-spec.md says what each knows."""
    informed = (INFORMED,) if seen_by_informed(table, problem) is not None else ()
    return READER, *informed, *((SINGLETONS,) if table.spec.rule.singletons else ())


def safe_from_others(table: PosedTable, problem: SuppressionProblem, pattern: SuppressionPattern) -> SuppressionPattern:
    """The pattern with what else must be withheld; its proven bound stays that of the plain reader."""
    withheld, unsafe = pattern.withheld.copy(), set(pattern.unsafe.tolist())
    for seen, asked in _others(table, problem, withheld):
        question = left_open(seen, asked & ~np.isin(seen.primary, list(unsafe)), withheld)
        if question is not None:
            answer = suppress(question, seconds=table.spec.seconds)
            withheld |= answer.withheld
            unsafe |= set(answer.unsafe.tolist())
    secondary = withheld.copy()
    secondary[problem.primary] = False
    shown = np.where(withheld, np.nan, problem.values)
    return SuppressionPattern(
        withheld=withheld,
        cost=float(problem.costs[secondary].sum()),
        bound=pattern.bound,
        unsafe=np.array(sorted(unsafe), dtype=np.int64),
        deduce=lambda: audit(problem.rows, shown, (problem.lower, problem.upper), problem.primary),
    )


def _others(table: PosedTable, problem: SuppressionProblem, withheld: Flags) -> Iterator[tuple[SuppressionProblem, Flags]]:
    """Each problem with which of its primary cells are asked for; what is ``withheld`` by then is read anew for each."""
    if (informed := seen_by_informed(table, problem)) is not None:
        yield informed, np.ones(len(informed.primary), dtype=np.bool_)
    for own in insiders(table) if table.spec.rule.singletons else ():
        yield seen_by_insider(problem, own, withheld)


def insiders(table: PosedTable) -> list[Places]:
    """The primary cells that one contributor knows, being alone in each of them; one entry a contributor, in a fixed order.

    Who is alone in a cell and its parent is one and the same.
    """
    rows, alone = table.cells.rows(), table.contents.alone
    is_alone = alone != ABSENT
    parents_alone = is_alone[rows.cells[rows.signs < 0]]
    tied = tie_labels(reduce_rows(keep_rows(rows, parents_alone), is_alone, np.zeros(len(alone))), len(alone))
    first = np.full(int(alone.max(initial=0)) + 1, len(alone))
    np.minimum.at(first, alone[is_alone], tied[is_alone])
    places = np.flatnonzero(table.primary.flags & is_alone)
    who = first[alone[places]]
    return [places[who == contributor] for contributor in np.unique(who)]


def seen_by_informed(table: PosedTable, problem: SuppressionProblem) -> SuppressionProblem | None:
    """The problem of a reader of a count who knows that zeros are never withheld, so that each withheld cell holds 1 or more.

    As for our own tables (``protect.py``), at least two counts must stay possible. None where there is no such reader.
    """
    zeros = problem.values == 0
    is_count = table.spec.is_count and table.contents.unit == 1.0
    if not (table.spec.reckons_with_informed and is_count) or zeros[problem.primary].any():
        return None
    none, one = np.zeros(len(problem.primary)), np.ones(len(problem.primary))
    lower = np.where(zeros, 0.0, 1.0)
    return replace(problem, lower=lower, lower_protection=none, upper_protection=none, sliding_protection=one)


def left_open(problem: SuppressionProblem, asked: Flags, withheld: Flags) -> SuppressionProblem | None:
    """The problem for the ``asked`` of its primary cells, with what is withheld already at no cost; None if they are safe as it is."""
    own = replace(
        problem,
        costs=np.where(withheld, 0.0, problem.costs),
        primary=problem.primary[asked],
        lower_protection=problem.lower_protection[asked],
        upper_protection=problem.upper_protection[asked],
        sliding_protection=problem.sliding_protection[asked],
    )
    return None if are_protected(own, withheld & ~own.published).all() else own


def seen_by_insider(problem: SuppressionProblem, own: Places, withheld: Flags) -> tuple[SuppressionProblem, Flags]:
    """The problem with the insider's own cells published, and which primary cells depend on them: those that withheld cells tie to them."""
    published = problem.published.copy()
    published[own] = True
    labels = tie_labels(reduce_rows(problem.rows, withheld, problem.values), len(problem.values))
    return replace(problem, published=published), np.isin(labels[problem.primary], labels[own]) & ~np.isin(problem.primary, own)
