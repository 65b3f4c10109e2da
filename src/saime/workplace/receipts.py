"""A receipt in words: for the page, as text and as JSON."""

from __future__ import annotations

from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from saime.core.exchange.numbers import format_number
from saime.core.warehouse.fault_words import FAULTS, REMEDIES
from saime.workplace.deliveries import open_pack
from saime.workplace.models import Channel, Receipt, ReceiptState

STATES = {
    ReceiptState.LOADED: gettext_lazy("Loaded"),
    ReceiptState.CORRECTED: gettext_lazy("Loaded in place of an earlier delivery"),
    ReceiptState.ALREADY_LOADED: gettext_lazy("Was loaded before; nothing changed"),
    ReceiptState.REFUSED: gettext_lazy("Refused; nothing was loaded"),
}
CHANNELS = {
    Channel.PAGE: gettext_lazy("this site"),
    Channel.API: gettext_lazy("a script with a key"),
    Channel.INBOX: gettext_lazy("the drop folder"),
}


def as_json(receipt: Receipt) -> dict[str, Any]:
    """Names and codes as in the data model, whatever the language; of faults what they are and what to do is in both languages."""
    names = ("feed", "period", "file_name", "size", "sha256", "synthetic", "state", "rows_accepted", "rows_refused", "load_id", "replaces")
    told = {name: getattr(receipt, name) for name in names}
    who = receipt.user.get_username() if receipt.user else None
    head = {"receipt": receipt.number, "received_at": receipt.received_at.isoformat(), "user": who, "channel": receipt.channel}
    tail = {
        "quarantine_id": receipt.quarantine_id,
        "faults": [_in_both(fault) for fault in receipt.faults],
        "refusal": receipt.refusal or None,
    }
    return head | told | tail


def _in_both(fault: dict[str, Any]) -> dict[str, Any]:
    code = fault["code"]
    return fault | {"label": FAULTS[code].model_dump(), "remedy": REMEDIES[code].model_dump()}


def facts(receipt: Receipt, language: str) -> list[tuple[str, str]]:
    """Name and value of everything on the receipt but its faults."""
    told = [
        (_("Receipt"), receipt.number),
        (_("State"), str(STATES[ReceiptState(receipt.state)])),
        (_("Received"), _moment(receipt)),
        (_("Delivered by"), receipt.user.get_username() if receipt.user else "–"),
        (_("Delivered through"), str(CHANNELS[Channel(receipt.channel)])),
        (_("Feed"), feed_title(receipt.feed, language)),
        (_("Period"), receipt.period),
        (_("File"), receipt.file_name),
        (_("Size in bytes"), format_number(receipt.size, language)),
        ("SHA-256", receipt.sha256),
        (_("Rows accepted"), format_number(receipt.rows_accepted, language)),
        (_("Rows refused"), format_number(receipt.rows_refused, language)),
        (_("Load"), receipt.load_id),
        (_("Takes the place of load"), receipt.replaces),
        (_("In quarantine as"), receipt.quarantine_id),
        (_("Made-up data"), _("yes") if receipt.synthetic else ""),
    ]
    return [(name, value) for name, value in told if value]


def faults(receipt: Receipt, language: str) -> list[dict[str, Any]]:
    """Each kind of fault in words, with its English details."""
    return [_fault(fault, language) for fault in receipt.faults]


def as_text(receipt: Receipt, language: str) -> str:
    lines = [f"{name}: {value}" for name, value in facts(receipt, language)]
    for number, fault in enumerate(faults(receipt, language), 1):
        lines += ["", f"{number}. {fault['name']} [{fault['code']}]"]
        lines += [f"   {name}: {fault[key]}" for key, name in _fault_lines().items() if fault[key]]
    if receipt.refusal:
        lines += ["", *(f"{receipt.refusal[part]}" for part in ("what", "where", "fix") if receipt.refusal.get(part))]
    return "\n".join(lines) + "\n"


def feed_title(feed: str, language: str) -> str:
    """The feed's title and id; the id alone where the pack no longer has the feed."""
    pack = open_pack()
    return f"{pack.feed(feed).title.in_language(language)} ({feed})" if feed in pack.names("feeds") else feed


def _moment(receipt: Receipt) -> str:
    return formats.date_format(timezone.localtime(receipt.received_at), "Y-m-d H:i:s")


def _fault(fault: dict[str, Any], language: str) -> dict[str, Any]:
    places = [f"{place['row']} ({place['value']})" if place["value"] else str(place["row"]) for place in fault["places"]]
    return {
        "code": fault["code"],
        "name": FAULTS[fault["code"]].in_language(language),
        "remedy": REMEDIES[fault["code"]].in_language(language),
        "column": fault["column"] or "",
        "count": format_number(fault["count"], language),
        "rows": ", ".join(places) + (", …" if places and fault["count"] > len(places) else ""),
        "details": f"{fault['what']}; {fault['fix']}",
    }


def _fault_lines() -> dict[str, str]:
    return {
        "column": _("Column"),
        "count": _("How often"),
        "rows": _("Rows (row 1 is the first after the header)"),
        "remedy": _("What to do"),
        "details": _("Details (in English)"),
    }
