"""Which load a delivery would take the place of, and whether it may."""

from __future__ import annotations

from saime.core.errors import BadInput, Refused
from saime.core.model.text import Text
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.facts import LoadRecord
from saime.core.warehouse.store import Warehouse

LOADED_ALREADY = Text(
    lv="datu plūsmai {feed} par periodu {period} jau ir ielādēta cita piegāde: {name}, saņemta {received}",
    en="another delivery of feed {feed} is loaded for {period}: {name}, received {received}",
)
CORRECT_IT = Text(
    lv="pārbaudiet periodu un failu; ja fails labo ielādēto, atzīmējiet, ka tas to labo (komandā --replace)",
    en="check the period and the file; if the file corrects the one that is loaded, mark it so on the page, or load it with --replace",
)
NOTHING_TO_REPLACE = Text(
    lv="datu plūsmai {feed} par periodu {period} nekas nav ielādēts, tāpēc nav ko labot",
    en="no delivery of feed {feed} is loaded for {period}, so there is nothing to replace",
)
DELIVER_FIRST = Text(
    lv="pārbaudiet datu plūsmu un periodu; pirmo piegādi sūtiet bez atzīmes, ka tā labo (bez --replace)",
    en="check the feed and the period; send a first delivery without the mark that it corrects (without --replace)",
)


def loaded_for(warehouse: Warehouse, delivery: Delivery) -> LoadRecord | None:
    """The load in force of the delivery's feed and period; None if there is none, or its facts were removed."""
    loads = warehouse.loads(delivery.contract.feed)
    return next((load for load in loads if load.period == delivery.period.code), None)


def check_replaces(delivery: Delivery, earlier: LoadRecord | None, *, replace: bool) -> None:
    """Raises: Refused if a load is in force and is not to be replaced; BadInput if there is none that could be replaced."""
    if earlier and not replace:
        raise Refused(
            LOADED_ALREADY.filled(feed=earlier.feed, period=earlier.period, name=earlier.delivery_name, received=earlier.received_at),
            where=delivery.shown_name,
            fix=CORRECT_IT,
        )
    if replace and not earlier:
        raise BadInput(
            NOTHING_TO_REPLACE.filled(feed=delivery.contract.feed, period=delivery.period.code),
            where=delivery.shown_name,
            fix=DELIVER_FIRST,
        )


def new_load_id(warehouse: Warehouse, delivery: Delivery, digest: str) -> str:
    """Feed, period and file; with a number when the file was loaded before, replaced, and has come again."""
    base = f"{delivery.contract.feed}-{delivery.period.code}-{digest[:12]}"
    times = sum(load.record.id.startswith(base) for load in warehouse.manifest.loads)
    return f"{base}-{times + 1}" if times else base
