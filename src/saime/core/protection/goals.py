"""Demands under a pattern: which it meets, and the inequalities that say what the others lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from saime.core.protection.constraints import INFINITY, Numbers
from saime.core.protection.demands import Demand, Task
from saime.core.protection.master import Inequality
from saime.core.protection.separation import ENOUGH, Answer, Cut, Query, build_separator
from saime.core.protection.witnesses import rows_of_cells

HELD = 1e-7  # a cell withheld by less is not
UP, DOWN, SPAN = "up", "down", "span"
Lack = tuple[Demand, str, Inequality | None]  # a demand, in which way it is not met, and the inequality; None if nothing can meet it


class Goals:
    """The demands of a task, and the attackers that test them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.demands = task.demands
        self._separators = [build_separator(task, limits) for limits in task.attackers]

    @property
    def columns(self) -> int:
        """Of all linear programs solved so far, added up."""
        return len(self.task.values) * sum(separator.programs for separator in self._separators)

    def give_up(self) -> tuple[Demand, ...]:
        """Drop what no pattern can meet; each demand of which something was dropped."""
        hopeless: dict[Demand, set[str]] = {}
        for demand, way, _ in self.unmet(self.task.movable.astype(np.float64)):
            hopeless.setdefault(demand, set()).add(way)
        kept = (_without(demand, hopeless.get(demand, set())) for demand in self.demands)
        self.demands = tuple(demand for demand in kept if max(demand.up, demand.down, demand.span) > 0)
        return tuple(hopeless)

    def unmet(self, pattern: Numbers, *, first: bool = False) -> list[Lack]:
        """What the pattern does not meet; with ``first``, not all of it need be found."""
        found: list[Lack] = []
        for attacker in range(len(self._separators)):
            if not (first and found):
                found.extend(self._unmet_by(attacker, pattern, first))
        return found

    def ends(self, demand: Demand, pattern: Numbers) -> tuple[float, float]:
        """How far the cell of the demand goes up and down, each at most as far as the demand could ask."""
        most = max(demand.up, demand.down, demand.span)
        up, down = self._separators[demand.attacker].answer(pattern, [Query(demand.place, is_up, most) for is_up in (True, False)])
        return min(up.amount, most), min(down.amount, most)

    def is_met(self, pattern: Numbers) -> bool:
        return not self.unmet(pattern)

    def _unmet_by(self, attacker: int, pattern: Numbers, first: bool) -> Iterator[Lack]:
        asked: list[tuple[Demand, float, str, Query]] = []
        for demand in self.demands:
            share = 1.0 if demand.always else float(pattern[demand.place])
            if demand.attacker == attacker and share > HELD:
                asked.extend((demand, share, way, query) for way, query in _queries(demand, share))
        asked.sort(key=lambda one: -size_of(one[0], one[2]))  # the hardest first; a stable sort
        answers = self._separators[attacker].answer(pattern, [query for *_, query in asked], first=first) if asked else []
        ends: dict[int, Answer] = {}
        for (demand, share, way, query), answer in zip(asked, answers, strict=not first):
            if way != SPAN:
                if answer.cut is not None:
                    yield demand, way, self._inequality(demand, [answer.cut], query.wanted / share)
            elif query.is_up:
                ends[demand.place] = answer
            else:
                both = (ends[demand.place], answer)
                if sum(end.amount for end in both) < demand.span * share - ENOUGH * max(1.0, demand.span):
                    yield demand, way, self._inequality(demand, [end.cut for end in both if end.cut], demand.span)

    def _inequality(self, demand: Demand, cuts: Sequence[Cut], wanted: float) -> Inequality | None:
        """``least <= constant + factors @ pattern``, with forced cells in the constant and no factor larger than needed."""
        task, factors = self.task, np.zeros(len(self.task.values))
        for cut in cuts:
            factors[cut.cells] += cut.factors
        held = task.forced.copy()
        held[demand.place] = True
        least = wanted - sum(cut.constant for cut in cuts) - float(factors[held].sum())
        cells = np.flatnonzero((factors > 0.0) & ~held)
        if least <= ENOUGH * ENOUGH:
            return None
        shares = np.minimum(factors[cells] / least, 1.0)
        if demand.always or task.forced[demand.place]:
            return Inequality(cells, shares, 1.0) if len(cells) else None
        return Inequality(np.append(cells, demand.place), np.append(shares, -1.0), 0.0)


def _without(demand: Demand, ways: set[str]) -> Demand:
    up, down, span = (0.0 if way in ways else asked for way, asked in ((UP, demand.up), (DOWN, demand.down), (SPAN, demand.span)))
    return replace(demand, up=up, down=down, span=span)


def size_of(demand: Demand, way: str) -> float:
    return {UP: demand.up, DOWN: demand.down}.get(way, demand.span)


def _queries(demand: Demand, share: float) -> Iterator[tuple[str, Query]]:
    if demand.up > 0:
        yield UP, Query(demand.place, True, demand.up * share)
    if demand.down > 0:
        yield DOWN, Query(demand.place, False, demand.down * share)
    if demand.span > demand.up + demand.down:
        yield SPAN, Query(demand.place, True, INFINITY)
        yield SPAN, Query(demand.place, False, INFINITY)


def bridgeless(task: Task) -> list[Inequality]:
    """A cell alone unknown in an equation is known: withhold none without another one in each of its equations.

    Holds for every pattern from which no cell can be published; the cheapest are among them.
    """
    rows, settled = task.rows, task.forced | task.free
    found: list[Inequality] = []
    for row in np.flatnonzero(rows.lower == rows.upper):
        cells = np.unique(rows.cells[rows.starts[row] : rows.starts[row + 1]])
        chosen = task.candidates[cells]
        if settled[cells].any() or not chosen.any():
            continue
        among = cells[chosen]
        found.extend(Inequality(np.append(among[among != cell], cell), np.append(np.ones(len(among) - 1), -1.0), 0.0) for cell in among)
    return found


def in_one_row(task: Task, demands: Sequence[Demand]) -> list[Inequality]:
    """What a demand asks of each equation of its cell: that others there can move as much, the other way."""
    rows = task.rows
    starts, order = rows_of_cells(rows, len(task.values))
    owners = np.repeat(np.arange(len(rows.lower)), np.diff(rows.starts))
    equations, found = rows.lower == rows.upper, []
    for demand in demands:
        terms = order[starts[demand.place] : starts[demand.place + 1]]
        for term in terms[equations[owners[terms]]].tolist() if demand.always else ():
            for way, is_up in ((demand.up, True), (demand.down, False)):
                inequality = _moved_by_others(task, demand, term, owners[term], way, is_up) if way > 0 else None
                found.extend([inequality] if inequality else [])
    return found


def _moved_by_others(task: Task, demand: Demand, term: int, row: int, wanted: float, is_up: bool) -> Inequality | None:
    rows, limits = task.rows, task.attackers[demand.attacker]
    others = np.arange(rows.starts[row], rows.starts[row + 1])
    others = others[others != term]
    cells = rows.cells[others]
    falls = (rows.signs[others] == rows.signs[term]) == is_up
    room = np.where(task.free[cells], INFINITY, np.where(falls, limits.down[cells], limits.up[cells]) * task.movable[cells])
    least = wanted - float(room[~task.candidates[cells]].sum())
    chosen = task.candidates[cells] & (room > 0)
    if least <= ENOUGH:
        return None
    return Inequality(cells[chosen], np.minimum(room[chosen] / least, 1.0), 1.0)
