"""Does the header fit the contract: duplicated, missing and extra columns, and files of another feed."""

from __future__ import annotations

from collections.abc import Sequence

from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.faults import FaultLog, shown


def header_fits(names: Sequence[str], delivery: Delivery, log: FaultLog) -> bool:
    """Log every fault of the header; the order of columns is free."""
    wanted = [column.name for column in delivery.contract.columns]
    missing = [name for name in wanted if name not in names]
    extra = [name for name in dict.fromkeys(names) if name not in wanted]
    if (missing or extra) and (other := _better_fit(names, delivery)):
        what = f"the columns are not those of feed {delivery.contract.feed}; they look like feed {other.feed}"
        log.add("other_feed", what, f"load it as feed {other.feed}, or deliver the right file")
    for name in (name for name in dict.fromkeys(names) if names.count(name) > 1):
        log.add("duplicate_column", "the header names the column more than once", "keep one of them", column=shown(name))
    for name in missing:
        log.add("missing_column", "the column is missing", f"the header should name: {', '.join(wanted)}", column=name)
    for name in extra:
        log.add("extra_column", f"feed {delivery.contract.feed} has no such column", "leave the column out", column=shown(name))
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
