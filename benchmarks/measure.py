"""Time two ways of doing the same in turns, so that what else the machine does falls on both; medians are compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

Work = Callable[[], Any]


@dataclass(frozen=True)
class Line:
    """``goal`` and ``measured`` are ratios, or MiB where ``unit`` says so; ``at_most`` turns the goal round. Nothing ``measured``: what
    it takes is not there, and ``compared`` says what."""

    name: str
    compared: str
    at: str
    goal: float
    measured: float | None
    at_most: bool
    unit: str = "times"
    subject: str = ""

    @property
    def is_met(self) -> bool:
        if self.measured is None:
            return False
        return self.measured <= self.goal if self.at_most else self.measured >= self.goal

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "met": self.is_met}


def paired(
    ours: Work,
    theirs: Work,
    runs: int,
    their_runs: int | None = None,
    same: Callable[[Any, Any], bool] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """Median seconds of each. ``their_runs``: fewer, where theirs takes minutes. The first of ours is not counted: it warms up.

    ``clock``: ``time.process_time`` where both work in this process on as many threads, so that other work on the machine counts less.

    Raises: AssertionError if ``same`` says that the results differ.
    """
    right = ours()
    seconds: tuple[list[float], list[float]] = ([], [])
    for run in range(runs):
        for place, work in enumerate((ours, theirs)):
            if place and run >= (their_runs or runs):
                continue
            started = clock()
            result = work()
            seconds[place].append(clock() - started)
            if same and not same(right, result):
                raise AssertionError("the results differ, so their times cannot be compared")
    return median(seconds[0]), median(seconds[1])


def in_turns(works: dict[str, Work], runs: int, once: tuple[str, ...], same: Callable[[Any, Any], bool]) -> dict[str, float]:
    """Median seconds of several ways, one run of each in every turn. ``once``: those that run in the first turn only.

    Raises: AssertionError if the result of one differs from that of the first.
    """
    first = next(iter(works))
    right = works[first]()
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for run in range(runs):
        for name, work in works.items():
            if run and name in once:
                continue
            started = time.perf_counter()
            result = work()
            seconds[name].append(time.perf_counter() - started)
            if not same(right, result):
                raise AssertionError(f"the result of '{name}' differs from that of '{first}', so their times cannot be compared")
    return {name: median(times) for name, times in seconds.items()}


def curve(works: dict[float, Work], runs: int) -> dict[float, float]:
    """Median processor seconds by size, all sizes in each turn."""
    seconds: dict[float, list[float]] = {size: [] for size in works}
    for run in range(runs + 1):
        for size, work in works.items():
            started = time.process_time()
            work()
            if run:  # the first turn warms up
                seconds[size].append(time.process_time() - started)
    return {size: median(times) for size, times in seconds.items()}
