"""Figures as the page's language writes them."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def printed(value: Decimal | int | None, decimals: int = 0) -> str:
    """With the decimals that the document prints; empty for a value that it does not give."""
    return "" if value is None else str(number_format(value, decimal_pos=decimals, force_grouping=True))
