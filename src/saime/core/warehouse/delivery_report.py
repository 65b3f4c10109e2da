"""The validation report of a delivery: each fault with its code, place, count, share and limit, and no person's data.

The feed contract is its template: the contract's columns are what can be at fault, and its tolerances decide what refuses.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from saime.core.exchange.numbers import format_number
from saime.core.model.text import Language, Text
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.fault_words import FAULTS
from saime.core.warehouse.faults import Fault, FaultCode, Place

Outcome = Literal["refused", "loaded_in_part", "loaded_with_warnings", "loaded", "loaded_before"]

OUTCOMES: dict[Outcome, Text] = {
    "refused": Text(lv="Piegāde nav ielādēta", en="The delivery was not loaded"),
    "loaded_in_part": Text(lv="Ielādētas rindas bez kļūdām", en="The rows without faults were loaded"),
    "loaded_with_warnings": Text(lv="Ielādēts ar brīdinājumiem", en="Loaded with warnings"),
    "loaded": Text(lv="Ielādēts, kļūdu nav", en="Loaded, no faults"),
    "loaded_before": Text(lv="Ielādēts jau agrāk; nekas nav mainīts", en="Loaded before; nothing was changed"),
}
ROWS = Text(lv="rindas: {rows}, no tām nav ielādētas: {left_out}", en="rows: {rows}, of which not loaded: {left_out}")
COLUMN = Text(lv="aile", en="column")
WITHIN = Text(lv="{share} rindu; apraksts pieļauj {limit}", en="{share} of the rows; the contract takes {limit}")


def _as_text(words: Any) -> Any:
    return {"lv": words, "en": words} if isinstance(words, str) else words


Sentence = Annotated[Text, BeforeValidator(_as_text)]  # earlier versions kept English alone


class ReportedFault(BaseModel):
    """A fault in both languages: ``label`` names its kind, ``what`` says what is wrong here, ``fix`` what to do about it."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # earlier versions kept a remedy for each kind

    code: FaultCode
    label: Text = Field(default_factory=lambda told: FAULTS[told["code"]])
    column: str | None
    column_label: Text | None = None
    count: int
    share: float | None = None
    refuse_above: float | None = None
    refuses: bool = True
    places: tuple[Place, ...] = ()
    what: Sentence
    fix: Sentence


class DeliveryReport(BaseModel):
    """What became of a delivery and why. ``rows`` are those read, ``left_out`` those of them that were not loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feed: str
    feed_version: str
    feed_title: Text
    period: str
    delivery_name: str
    delivery_digest: str
    received_at: str
    synthetic: bool
    outcome: Outcome
    rows: int
    left_out: int = 0
    faults: tuple[ReportedFault, ...] = ()


def judged(faults: tuple[Fault, ...], contract: FeedContract, rows: int) -> tuple[Fault, ...]:
    """The faults with their share of the rows and the share that the contract takes, so that each says whether it refuses."""
    return tuple(_judged(fault, contract, rows) for fault in faults)


def _judged(fault: Fault, contract: FeedContract, rows: int) -> Fault:
    tolerance = contract.tolerances.get(fault.code)
    if tolerance is None or not rows:
        return fault
    return fault.model_copy(update={"share": fault.count / rows, "refuse_above": tolerance.refuse_above})


def delivery_report(
    delivery: Delivery, digest: str, outcome: Outcome, *, rows: int, left_out: int = 0, faults: tuple[Fault, ...] = ()
) -> DeliveryReport:
    """Unit: ``rows`` and ``left_out`` are rows; a row with several faults is left out once."""
    columns = {column.name: column.label for column in delivery.contract.columns}
    return DeliveryReport(
        feed=delivery.contract.feed,
        feed_version=delivery.contract.version,
        feed_title=delivery.contract.title,
        period=delivery.period.code,
        delivery_name=delivery.shown_name,
        delivery_digest=digest,
        received_at=delivery.received_at,
        synthetic=delivery.synthetic,
        outcome=outcome,
        rows=rows,
        left_out=left_out,
        faults=tuple(_reported(fault, columns) for fault in faults),
    )


def report_text(report: DeliveryReport, language: Language = "lv") -> str:
    """The report as lines to read."""
    lines = [
        f"{report.feed_title.in_language(language)} ({report.feed} {report.feed_version}), {report.period}: {report.delivery_name}",
        f"{OUTCOMES[report.outcome].in_language(language)}; "
        + ROWS.in_language(language).format(rows=report.rows, left_out=report.left_out),
    ]
    return "\n".join(lines + [f"  {number}. {_line(fault, language)}" for number, fault in enumerate(report.faults, 1)])


def _line(fault: ReportedFault, language: Language) -> str:
    parts = [f"{fault.label.in_language(language)} [{fault.code}]"]
    if fault.column:
        label = f" ({fault.column_label.in_language(language)})" if fault.column_label else ""
        parts.append(f"{COLUMN.in_language(language)} {fault.column}{label}")
    places = ", ".join(place.in_language(language) for place in fault.places)
    parts.append(f"{fault.count}×" + (f" [{places}{', …' if fault.count > len(fault.places) else ''}]" if places else ""))
    parts += filter(None, [limit_in_words(fault, language)])
    return "; ".join([*parts, fault.what.in_language(language), fault.fix.in_language(language)])


def limit_in_words(fault: ReportedFault, language: str) -> str:
    """The share of the rows beside what the contract takes; nothing where it takes none."""
    if fault.share is None or fault.refuse_above is None:
        return ""
    share, limit = (
        format_number(100 * part, language, 3) + ("%" if language == "en" else "\u00a0%") for part in (fault.share, fault.refuse_above)
    )
    return WITHIN.in_language(language).format(share=share, limit=limit)


def _reported(fault: Fault, columns: dict[str, Text]) -> ReportedFault:
    return ReportedFault(**fault.model_dump(), column_label=columns.get(fault.column or ""), refuses=fault.refuses)
