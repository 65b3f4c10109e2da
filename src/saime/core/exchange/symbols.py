"""What stands where a number is missing or weak: seven things that every page and file keeps apart.

``obs_status`` and ``conf_status`` are SDMX's CL_OBS_STATUS and CL_CONF_STATUS: a withheld cell is Q, with A (small count) or
D (secondary), or C where telling these apart would give a small count away; the certificate's attack decides which.
``sign`` stands on pages and in workbooks (the letters are Eurostat's), ``px`` in PX files.
"""

from __future__ import annotations

from dataclasses import dataclass

from saime.core.model.dataset import (
    BREAK,
    CONFIDENTIAL,
    ESTIMATED,
    FREE,
    NORMAL,
    NOT_APPLICABLE,
    NOT_AVAILABLE,
    PRIMARY,
    SECONDARY,
    UNRELIABLE,
    WITHHELD,
    Dataset,
)
from saime.core.model.text import Text


@dataclass(frozen=True, kw_only=True)
class Symbol:
    """A sign, the codes behind it, a short name to read aloud in a cell and a sentence for the legend."""

    sign: str
    px: str = ""
    obs_status: str
    conf_status: tuple[str, ...] = (FREE,)
    name: Text
    meaning: Text


SYMBOLS: dict[str, Symbol] = {
    "withheld": Symbol(
        sign="c",
        px='".."',
        obs_status=WITHHELD,
        conf_status=(PRIMARY, SECONDARY, CONFIDENTIAL),
        name=Text(lv="konfidenciāls", en="confidential"),
        meaning=Text(
            lv="konfidenciāls: skaitlis nav publicēts, lai nevarētu atpazīt nevienu personu",
            en="confidential: the number is withheld so that no person can be recognised",
        ),
    ),
    "not_available": Symbol(
        sign=":",
        px='"..."',
        obs_status=NOT_AVAILABLE,
        name=Text(lv="nav datu", en="not available"),
        meaning=Text(lv="nav datu: avots šo skaitli nesniedz", en="not available: the source gives no number here"),
    ),
    "not_applicable": Symbol(
        sign="z",
        px='"."',
        obs_status=NOT_APPLICABLE,
        name=Text(lv="nav piemērojams", en="not applicable"),
        meaning=Text(lv="nav piemērojams: šādas vērtības nevar būt", en="not applicable: there can be no such number"),
    ),
    "zero": Symbol(
        sign="0",
        px="0",
        obs_status=NORMAL,
        name=Text(lv="nulle", en="zero"),
        meaning=Text(lv="patiesa nulle: neviens netika saskaitīts", en="true zero: nobody was counted"),
    ),
    "unreliable": Symbol(
        sign="u",
        px='"...."',
        obs_status=UNRELIABLE,
        name=Text(lv="zema ticamība", en="low reliability"),
        meaning=Text(
            lv="zema ticamība: skaitlis lietojams piesardzīgi; kur skaitļa nav, novērojumu ir par maz, lai to sniegtu",
            en="low reliability: use the number with care; where there is none, there are too few observations to give one",
        ),
    ),
    "estimated": Symbol(
        sign="e",
        obs_status=ESTIMATED,
        name=Text(lv="aplēse", en="estimate"),
        meaning=Text(
            lv="aplēse: skaitlis nav saskaitīts, bet sadalīts pēc norādītām daļām",
            en="estimate: the number is not counted but divided by stated shares",
        ),
    ),
    "break": Symbol(
        sign="b",
        obs_status=BREAK,
        name=Text(lv="pārrāvums laikrindā", en="break in the series"),
        meaning=Text(
            lv="pārrāvums laikrindā: skaitlis nav tieši salīdzināms ar iepriekšējiem",
            en="break in the series: the number cannot be compared directly with those before it",
        ),
    ),
}


def symbol_of(value: float | None, obs_status: str) -> Symbol | None:
    """The symbol of an observation; None for an ordinary number."""
    if value == 0 and obs_status == NORMAL:
        return SYMBOLS["zero"]
    return next((symbol for symbol in SYMBOLS.values() if symbol.obs_status == obs_status != NORMAL), None)


def with_sign(number: str, symbol: Symbol | None) -> str:
    """An observation as a table shows it: ``7``, ``7 e``, ``c``. ``number`` is empty where there is none; a zero speaks for itself."""
    sign = "" if symbol is None or symbol.sign == "0" else symbol.sign
    return f"{number} {sign}".strip()


def in_words(number: str, symbol: Symbol | None, language: str) -> str:
    """The same as it is read aloud: ``7``, ``7, estimate``, ``confidential``."""
    name = "" if symbol is None or symbol.sign == "0" else symbol.name.in_language(language)
    return ", ".join(filter(None, (number, name)))


def symbols_in(dataset: Dataset) -> list[Symbol]:
    """The symbols that occur in the dataset, in the order of SYMBOLS: its legend."""
    pairs = set(zip((value == 0 for value in dataset.values), dataset.obs_status, strict=True))
    found = [symbol_of(0 if is_zero else None, status) for is_zero, status in pairs]
    return [symbol for symbol in SYMBOLS.values() if symbol in found]
