"""Numbers as people read them: 1 234,5 in Latvian, 1,234.5 in English."""

from __future__ import annotations

MAXIMUM_DECIMALS = 6
THIN_SPACE = "\u202f"  # narrow, does not break


def decimals_of(values: tuple[int | float | None, ...]) -> int:
    """The fewest decimals that tell every value, at most six."""
    known = [value for value in values if value is not None]
    fits = (n for n in range(MAXIMUM_DECIMALS) if all(round(value, n) == value for value in known))
    return next(fits, MAXIMUM_DECIMALS)


def format_number(value: float, language: str, decimals: int = 0) -> str:
    text = f"{value:,.{decimals}f}"
    if language == "en":
        return text
    return text.replace(",", THIN_SPACE).replace(".", ",")
