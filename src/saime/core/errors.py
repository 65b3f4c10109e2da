"""Errors sorted by the reader's next step: correct the input, ask for a right, try later, report a defect.

Every error says what is wrong, where, and what to do. It never carries a personal code or a person key.
Exit codes follow docs/reference/commands.md: 1 defect, 2 wrong use, 3 bad input, 4 refused.
"""

from __future__ import annotations

from saime.core.model.text import Text


class SaimeError(Exception):
    """Base of every error that Saime raises on purpose.

    ``what`` and ``fix`` are the English words; ``words`` are both as they were given, in two languages where a sender reads them.
    """

    exit_code = 1
    http_status = 500

    def __init__(self, what: str | Text, *, where: str = "", fix: str | Text = "") -> None:
        self.words = (what, fix)
        self.what, self.fix = (words.en if isinstance(words, Text) else words for words in self.words)
        self.where = where
        super().__init__(self.what)

    def __str__(self) -> str:
        parts = [str(self.what)]  # may be a lazy translation of a view
        if self.where:
            parts.append(f"Where: {self.where}.")
        if self.fix:
            parts.append(f"What to do: {self.fix}.")
        return "\n".join(parts)


class BadInput(SaimeError):
    """The reader corrects the input and comes again."""

    exit_code = 3
    http_status = 400


class NotFound(BadInput):
    """The reader asked for something that does not exist."""

    http_status = 404


class Refused(SaimeError):
    """The rules forbid it: a right, a certificate or an earlier state stands in the way."""

    exit_code = 4
    http_status = 403


class TryLater(SaimeError):
    """Another process or a full disk stands in the way; nothing was changed."""

    exit_code = 4
    http_status = 503
