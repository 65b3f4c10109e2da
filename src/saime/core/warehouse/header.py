"""Does the header fit the contract: duplicated, missing and extra columns, and files of another feed."""

from __future__ import annotations

from collections.abc import Sequence

from saime.core.model.text import Text
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.faults import FaultLog, shown

OTHER_FEED = (
    Text(
        lv="ailes nav tādas kā datu plūsmai {feed}; tās atgādina datu plūsmu {other}",
        en="the columns are not those of feed {feed}; they look like feed {other}",
    ),
    Text(
        lv="piegādājiet to kā datu plūsmu {other} vai piegādājiet pareizo failu",
        en="deliver it as feed {other}, or deliver the right file",
    ),
)
TWICE = (
    Text(lv="galvenē šī aile ir nosaukta vairākkārt", en="the header names the column more than once"),
    Text(lv="atstājiet vienu no tām", en="keep one of them"),
)
MISSING = (
    Text(lv="šīs ailes nav", en="the column is missing"),
    Text(lv="galvenē jābūt ailēm: {names}", en="the header should name: {names}"),
)
EXTRA = (
    Text(lv="datu plūsmai {feed} tādas ailes nav", en="feed {feed} has no such column"),
    Text(lv="izlaidiet šo aili", en="leave the column out"),
)


def header_fits(names: Sequence[str], delivery: Delivery, log: FaultLog) -> bool:
    """Log every fault of the header; the order of columns is free."""
    wanted = [column.name for column in delivery.contract.columns]
    missing = [name for name in wanted if name not in names]
    extra = [name for name in dict.fromkeys(names) if name not in wanted]
    if (missing or extra) and (other := _better_fit(names, delivery)):
        what, fix = (text.filled(feed=delivery.contract.feed, other=other.feed) for text in OTHER_FEED)
        log.add("other_feed", what, fix)
    for name in (name for name in dict.fromkeys(names) if names.count(name) > 1):
        log.add("duplicate_column", *TWICE, column=shown(name))
    for name in missing:
        log.add("missing_column", MISSING[0], MISSING[1].filled(names=", ".join(wanted)), column=name)
    for name in extra:
        log.add("extra_column", EXTRA[0].filled(feed=delivery.contract.feed), EXTRA[1], column=shown(name))
    return not log


def known_names(names: Sequence[str], delivery: Delivery) -> int:
    """How many of the names are columns of one feed: the delivery's own, or the other that knows most of them."""
    contracts = (delivery.contract, *delivery.other_contracts)
    return max(len(set(names) & {column.name for column in contract.columns}) for contract in contracts)


def _better_fit(names: Sequence[str], delivery: Delivery) -> FeedContract | None:
    own = _likeness(names, delivery.contract)
    others = [(_likeness(names, contract), contract) for contract in delivery.other_contracts]
    likeness, other = max(others, key=lambda pair: pair[0], default=(0.0, None))
    return other if likeness > own else None


def _likeness(names: Sequence[str], contract: FeedContract) -> float:
    """Shared names among all names: 1 for the same columns, 0 for none in common."""
    wanted = {column.name for column in contract.columns}
    return len(wanted & set(names)) / len(wanted | set(names))
