"""Which load a delivery would take the place of, and whether it may."""

from __future__ import annotations

from saime.core.errors import BadInput, Refused
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.facts import LoadRecord
from saime.core.warehouse.store import Warehouse


def loaded_for(warehouse: Warehouse, delivery: Delivery) -> LoadRecord | None:
    """The load in force of the delivery's feed and period; None if there is none, or its facts were removed."""
    loads = warehouse.loads(delivery.contract.feed)
    return next((load for load in loads if load.period == delivery.period.code), None)


def check_replaces(delivery: Delivery, earlier: LoadRecord | None, *, replace: bool) -> None:
    """Raises: Refused if a load is in force and is not to be replaced; BadInput if there is none that could be replaced."""
    if earlier and not replace:
        raise Refused(
            f"another delivery of feed {earlier.feed} is loaded for {earlier.period}: "
            f"{earlier.delivery_name}, received {earlier.received_at}",
            where=delivery.shown_name,
            fix="check the period and the file; if the file corrects the one that is loaded, load it with --replace",
        )
    if replace and not earlier:
        raise BadInput(
            f"no delivery of feed {delivery.contract.feed} is loaded for {delivery.period.code}, so there is nothing to replace",
            where=delivery.shown_name,
            fix="check the feed and the period; load a first delivery without --replace",
        )


def new_load_id(warehouse: Warehouse, delivery: Delivery, digest: str) -> str:
    """Feed, period and file; with a number when the file was loaded before, replaced, and has come again."""
    base = f"{delivery.contract.feed}-{delivery.period.code}-{digest[:12]}"
    times = sum(load.record.id.startswith(base) for load in warehouse.manifest.loads)
    return f"{base}-{times + 1}" if times else base
