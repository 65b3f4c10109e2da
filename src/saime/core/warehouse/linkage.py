"""The linkage report of a load: how many of its persons are in the register, by group, against the load before.

A report stays inside. It still tells no small groups: a group of fewer than 20 persons has no figures, and fewer than 5
unmatched persons of a group are told as that; where one group of a column is hidden, the next smallest is too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from saime.core.errors import BadInput
from saime.core.model.classification import Classification, Range
from saime.core.model.text import Text
from saime.core.warehouse.contract import Column, FeedContract, Linkage
from saime.core.warehouse.linkage_matching import EMPTY, Matched, Source, match
from saime.core.warehouse.manifest import StoredLoad

FEWEST_PERSONS = 20  # of a group whose figures are told
FEWEST_UNMATCHED = 5  # the threshold of ADR 0006
UNKNOWN = Text(lv="Nav norādīts", en="Not given")
OTHER = Text(lv="Ārpus grupām", en="Outside the groups")

BreachKind = Literal["no_register", "minimum", "fall", "differs"]
Groups = dict[str, tuple[Text, set[int]]]  # by code: its label, and the stored values that belong to it


class LinkageGroup(BaseModel):
    """The persons of a load that share a code. ``persons`` None: fewer than 20, or hidden with such a group; ``unmatched``
    and ``rate`` None: fewer than 5 unmatched, or hidden."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    code: str
    label: Text
    persons: int | None
    unmatched: int | None
    rate: float | None
    previous_rate: float | None = None


class LinkageDifference(BaseModel):
    """The share of matched persons for whom the register has another code in a column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    label: Text
    share: float


class LinkageBreach(BaseModel):
    """A limit of the contract that a load breaks: what was measured, and the limit. Unit: shares from 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: BreachKind
    measured: float | None
    limit: float
    column: str | None = None


class LinkageReport(BaseModel):
    """How a load links to the register. ``rate`` is matched persons by persons; None without a register.

    ``load`` is the id of the report too. ``previous_load``: the load that this one corrects, or that of the period before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    load: str
    feed: str
    feed_title: Text
    period: str
    delivery_name: str
    received_at: str
    register_feed: str
    register_load: str | None
    persons: int
    matched: int
    rate: float | None
    previous_load: str | None
    previous_rate: float | None
    limits: Linkage
    differences: tuple[LinkageDifference, ...] = ()
    groups: tuple[LinkageGroup, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of what the report says; an acceptance is of this."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def breaches(self) -> tuple[LinkageBreach, ...]:
        """The limits that stand against publication."""
        limits = self.limits
        if self.rate is None:
            return (LinkageBreach(kind="no_register", measured=None, limit=limits.minimum),) if limits.minimum else ()
        found = []
        if self.rate < limits.minimum:
            found.append(LinkageBreach(kind="minimum", measured=self.rate, limit=limits.minimum))
        if self.previous_rate is not None and self.previous_rate - self.rate > limits.fall:
            found.append(LinkageBreach(kind="fall", measured=self.previous_rate - self.rate, limit=limits.fall))
        for difference in self.differences:
            if difference.share > limits.differs:
                found.append(LinkageBreach(kind="differs", measured=difference.share, limit=limits.differs, column=difference.column))
        return tuple(found)


def linkage_report(
    source: Source,
    contract: FeedContract,
    load: StoredLoad,
    register: StoredLoad | None,
    previous: LinkageReport | None,
    classification: Callable[[str], Classification],
) -> LinkageReport:
    """Match the persons of a load with those of a register. Raises: BadInput if the two cannot be compared."""
    limits = contract.linkage
    if limits is None:
        raise BadInput("the feed has no linkage to report", where=f"feed {contract.feed}", fix="add `linkage` to its contract")
    found = match(source, load, register, limits.by, limits.agree) if register else Matched(persons=load.record.persons)
    record, columns = load.record, {column.name: column for column in contract.columns}
    groups = [
        group
        for name, hierarchy in (limits.by.items() if register else ())
        for group in _column_groups(name, _groups(source, load, columns[name], classification(hierarchy)), found, previous)
    ]
    return LinkageReport(
        load=record.id,
        feed=record.feed,
        feed_title=contract.title,
        period=record.period,
        delivery_name=record.delivery_name,
        received_at=record.received_at,
        register_feed=limits.register_feed,
        register_load=register.record.id if register else None,
        persons=found.persons,
        matched=found.matched,
        rate=_rate(found.matched, found.persons) if register else None,
        previous_load=previous.load if previous else None,
        previous_rate=previous.rate if previous else None,
        limits=limits,
        differences=tuple(
            LinkageDifference(column=name, label=columns[name].label, share=_rate(found.differs[name], found.matched, empty=0.0))
            for name in (limits.agree if register else ())
        ),
        groups=tuple(groups),
    )


def _groups(source: Source, load: StoredLoad, column: Column, classification: Classification) -> Groups:
    """The stored values of each leaf: the position of its code, or the integers in its range that the contract allows."""
    leaves = {leaf.id: leaf for leaf in classification.leaves}
    if column.type == "code":
        codes = source.codes(load, column.name)
        return {code: (leaves[code].label if code in leaves else Text(lv=code, en=code), {n}) for n, code in enumerate(codes)}
    allowed = range(column.minimum or 0, (column.maximum or 0) + 1)
    conditions = {leaf.id: (leaf.when or {}).get(column.name) for leaf in leaves.values()}
    return {
        code: (leaves[code].label, {value for value in allowed if condition.contains(value)})
        for code, condition in conditions.items()
        if isinstance(condition, Range)
    }


def _column_groups(column: str, groups: Groups, found: Matched, previous: LinkageReport | None) -> list[LinkageGroup]:
    """The groups of a column that hold persons, the small ones without figures."""
    persons, matched = found.persons_by.get(column, Counter()), found.matched_by.get(column, Counter())
    known = set().union(*(values for _, values in groups.values())) if groups else set()
    rest = set(persons) - known - {EMPTY}
    all_groups = {**groups, "_O": (OTHER, rest), "_U": (UNKNOWN, {EMPTY})}
    counts = {code: _count(persons, values) for code, (_, values) in all_groups.items()}
    unmatched = {code: counts[code] - _count(matched, values) for code, (_, values) in all_groups.items()}
    there = [code for code, count in counts.items() if count]
    small = _hidden(there, counts, FEWEST_PERSONS)
    few = _hidden([code for code in there if code not in small], unmatched, FEWEST_UNMATCHED)
    before = {group.code: group.rate for group in previous.groups if group.column == column} if previous else {}
    return [
        LinkageGroup(
            column=column,
            code=code,
            label=all_groups[code][0],
            persons=None if code in small else counts[code],
            unmatched=None if code in small | few else unmatched[code],
            rate=None if code in small | few else _rate(counts[code] - unmatched[code], counts[code]),
            previous_rate=before.get(code),
        )
        for code in there
    ]


def _hidden(codes: Sequence[str], counts: dict[str, int], fewest: int) -> set[str]:
    """The codes whose count is too small to tell; one alone could be found by subtraction, so the next smallest goes with it."""
    rising = sorted(codes, key=counts.__getitem__)
    small = sum(counts[code] < fewest for code in codes)
    return set(rising[: 2 if small == 1 else small])


def _count(counts: Counter[int], values: set[int]) -> int:
    return sum(counts[value] for value in values)


def _rate(part: int, whole: int, empty: float = 1.0) -> float:
    return round(part / whole, 6) if whole else empty
