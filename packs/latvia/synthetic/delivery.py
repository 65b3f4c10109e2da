"""What a generator hands over: one file of one feed for one period, written when asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class SyntheticDelivery:
    """``write`` writes the whole file to a path; the same name always gives the same bytes."""

    name: str
    feed: str
    period: str
    format: Literal["csv", "parquet"]
    write: Callable[[Path], None]
