"""What a load breaks of its contract's limits, in words of both languages."""

from __future__ import annotations

from saime.core.exchange.numbers import format_number
from saime.core.model.text import Text
from saime.core.warehouse.linkage import BreachKind, LinkageBreach, LinkageReport

BREACHES: dict[BreachKind, Text] = {
    "no_register": Text(
        lv="reģistrs nav ielādēts, bet tajā jāatrod vismaz {limit} personu",
        en="no register is loaded, and at least {limit} must be found in it",
    ),
    "minimum": Text(lv="atrasto personu daļa ir mazāka par pieļauto {limit}", en="the rate is below the minimum of {limit}"),
    "fall": Text(
        lv="atrasto personu daļa sarukusi par {points} procentpunktiem, pieļauti {limit_points}",
        en="the rate fell by {points} percentage points, and {limit_points} are allowed",
    ),
    "differs": Text(
        lv="{measured} atrasto personu ailē «{column}» ir cita vērtība nekā reģistrā, pieļauti {limit}",
        en="{measured} of the matched persons hold another {column} than the register, and {limit} may",
    ),
}


def breach_sentences(report: LinkageReport, language: str = "en") -> list[str]:
    """What is beyond which limit, a sentence for each breach."""
    labels = {one.column: one.label.in_language(language) for one in report.differences}
    return [_sentence(breach, labels.get(breach.column or "", ""), language) for breach in report.breaches]


def percent(share: float, language: str) -> str:
    """A share from 0 to 1 with two decimals: 97,00 % in Latvian, 97.00% in English."""
    return points(share, language) + ("%" if language == "en" else "\u00a0%")


def points(share: float, language: str) -> str:
    """A share, or a difference of shares, in percentage points with two decimals."""
    return format_number(share * 100, language, 2)


def _sentence(breach: LinkageBreach, column: str, language: str) -> str:
    measured = breach.measured or 0.0
    return (
        BREACHES[breach.kind]
        .in_language(language)
        .format(
            limit=percent(breach.limit, language),
            limit_points=points(breach.limit, language),
            measured=percent(measured, language),
            points=points(measured, language),
            column=column if language == "lv" else column.lower(),
        )
    )
