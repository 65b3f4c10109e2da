"""Code lists as a load uses them: the leaves of a classification in its order, with the version they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from saime.core.errors import BadInput
from saime.core.model.classification import Classification
from saime.core.warehouse.contract import FeedContract

MOST_CODES = 65_535  # positions are stored as uint16


@dataclass(frozen=True)
class CodeList:
    """The codes that a column may hold; facts keep a code's position in ``codes``.

    ``valid``: the first and the last day of each code, None where it is open; without it every code is always valid.
    """

    id: str
    version: str
    codes: tuple[str, ...]
    valid: tuple[tuple[date | None, date | None], ...] = ()

    def not_always_valid(self, start: date, end: date) -> tuple[int, ...]:
        """Positions of the codes that are not valid on every day from ``start`` to ``end``."""
        return tuple(n for n, (first, last) in enumerate(self.valid) if (first and first > start) or (last and last < end))

    @property
    def key(self) -> str:
        """Names this very list: id, version and a digest of its codes."""
        digest = hashlib.sha256("\n".join(self.codes).encode()).hexdigest()
        return f"{self.id}({self.version})#{digest[:12]}"


def code_lists_of(contract: FeedContract, classification: Callable[[str], Classification]) -> dict[str, CodeList]:
    """The code list of each code column of a contract, by column.

    ``classification`` finds a classification by name (``Pack.classification``).
    Raises: BadInput for a list that is longer than the store can number.
    """
    return {column.name: _read(classification(column.code_list)) for column in contract.columns if column.code_list}


def _read(classification: Classification) -> CodeList:
    codes = tuple(code.id for code in classification.leaves)
    if len(codes) > MOST_CODES:
        raise BadInput(
            f"code list {classification.id} has {len(codes)} codes; a column of the warehouse can number {MOST_CODES}",
            fix="split the classification",
        )
    valid = tuple((code.valid_from, code.valid_to) for code in classification.leaves)
    return CodeList(classification.id, classification.version, codes, valid)
