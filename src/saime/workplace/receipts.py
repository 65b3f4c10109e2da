"""A receipt in words: for the page, as text and as JSON."""

from __future__ import annotations

from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from saime.core.exchange.numbers import format_number
from saime.core.warehouse.delivery_report import ReportedFault, limit_in_words
from saime.workplace.deliveries import open_pack
from saime.workplace.models import Channel, Receipt, ReceiptState

STATES = {
    ReceiptState.RECEIVED: gettext_lazy("Received; waits to be loaded"),
    ReceiptState.LOADING: gettext_lazy("Being loaded"),
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
        "faults": [fault.model_dump(mode="json") for fault in _faults(receipt)],
        "refusal": receipt.refusal or None,
    }
    return head | told | tail


def state_in_words(receipt: Receipt) -> str:
    words = str(STATES[ReceiptState(receipt.state)])
    return _("{state}, with warnings").format(state=words) if receipt.has_warnings else words


def facts(receipt: Receipt, language: str) -> list[tuple[str, str]]:
    """Name and value of everything on the receipt but its faults."""
    told = [
        (_("Receipt"), receipt.number),
        (_("State"), state_in_words(receipt)),
        (_("Received"), _moment(receipt)),
        (_("Delivered by"), receipt.user.get_username() if receipt.user else "–"),
        (_("Delivered through"), str(CHANNELS[Channel(receipt.channel)])),
        (_("Feed"), feed_title(receipt.feed, language)),
        (_("Period"), receipt.period),
        (_("File"), receipt.file_name),
        (_("Size in bytes"), format_number(receipt.size, language)),
        ("SHA-256", receipt.sha256),
        (_("Rows accepted"), "" if receipt.is_open else format_number(receipt.rows_accepted, language)),
        (_("Rows refused"), "" if receipt.is_open else format_number(receipt.rows_refused, language)),
        (_("Load"), receipt.load_id),
        (_("Takes the place of load"), receipt.replaces),
        (_("In quarantine as"), receipt.quarantine_id),
        (_("Made-up data"), _("yes") if receipt.synthetic else ""),
    ]
    return [(name, value) for name, value in told if value]


def faults(receipt: Receipt, language: str) -> list[dict[str, Any]]:
    """Each kind of fault in words."""
    return [_fault(fault, language) for fault in _faults(receipt)]


def refusal(receipt: Receipt, language: str) -> dict[str, str]:
    """Why nothing was looked at, in words; empty if the delivery was."""
    said = {part: words.get(language, "") if isinstance(words, dict) else words for part, words in receipt.refusal.items()}
    return {part: words[:1].upper() + words[1:] if part != "where" else words for part, words in said.items()}


def as_text(receipt: Receipt, language: str) -> str:
    lines = [f"{name}: {value}" for name, value in facts(receipt, language)]
    for number, fault in enumerate(faults(receipt, language), 1):
        lines += ["", f"{number}. {fault['name']} [{fault['code']}]"]
        lines += [f"   {name}: {fault[key]}" for key, name in _fault_lines().items() if fault[key]]
    if said := refusal(receipt, language):
        names = {"what": "", "where": _("Where: "), "fix": _("What to do: ")}
        lines += ["", *(f"{name}{said[part]}." for part, name in names.items() if said.get(part))]
    return "\n".join(lines) + "\n"


def feed_title(feed: str, language: str) -> str:
    """The feed's title and id; the id alone where the pack no longer has the feed."""
    pack = open_pack()
    return f"{pack.feed(feed).title.in_language(language)} ({feed})" if feed in pack.names("feeds") else feed


def _moment(receipt: Receipt) -> str:
    return formats.date_format(timezone.localtime(receipt.received_at), "Y-m-d H:i:s")


def _faults(receipt: Receipt) -> list[ReportedFault]:
    return [ReportedFault.model_validate(fault) for fault in receipt.faults]


def _fault(fault: ReportedFault, language: str) -> dict[str, Any]:
    label = f"{fault.column_label.in_language(language)} ({fault.column})" if fault.column_label else fault.column or ""
    more = ", …" if fault.places and fault.count > len(fault.places) else ""
    return {
        "code": fault.code,
        "name": fault.label.in_language(language),
        "column": label,
        "count": format_number(fault.count, language),
        "rows": ", ".join(place.in_language(language) for place in fault.places) + more,
        "what": fault.what.in_language(language),
        "fix": fault.fix.in_language(language),
        "limit": limit_in_words(fault, language),
        "refuses": fault.refuses,
    }


def _fault_lines() -> dict[str, str]:
    return {
        "column": _("Column"),
        "count": _("How often"),
        "rows": _("Rows (row 1 is the first after the header)"),
        "limit": _("Share"),
        "what": _("What is wrong"),
        "fix": _("What to do"),
    }
