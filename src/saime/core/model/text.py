"""Words in two languages, and the two ways Latvian text is compared: folded for search, collated for order."""

from __future__ import annotations

import functools
import threading
import unicodedata
from typing import Literal

import duckdb
from pydantic import BaseModel, ConfigDict

Language = Literal["lv", "en"]
LANGUAGES: tuple[Language, ...] = ("lv", "en")


class Text(BaseModel):
    """The same words in Latvian and English; both are required."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lv: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.lv

    def filled(self, **facts: str | Text) -> Text:
        """The words with ``{name}`` replaced by the fact of that name, in the same language."""
        lv = {name: fact if isinstance(fact, str) else fact.lv for name, fact in facts.items()}
        en = {name: fact if isinstance(fact, str) else fact.en for name, fact in facts.items()}
        return Text(lv=self.lv.format(**lv), en=self.en.format(**en))


def fold(text: str) -> str:
    """Lower case without diacritics, for searching: ``Ķekava`` and ``kekava`` fold to the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@functools.cache
def sort_key(text: str) -> str:
    """The ICU collation key for Latvian, as hexadecimal text that any engine orders alike."""
    with _collation_lock:
        (key,) = _collator().execute("select icu_sort_key(?, 'lv')", [text]).fetchone() or ("",)
    return str(key)


_collation_lock = threading.Lock()


@functools.cache
def _collator() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
