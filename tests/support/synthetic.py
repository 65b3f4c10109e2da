"""Loads the pack's generators as the product does, and counts a disability delivery the slow and obvious way."""

from __future__ import annotations

import importlib.util
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

PACK = Path(__file__).resolve().parents[2] / "packs" / "latvia"
FIRST, LAST = date(2019, 6, 1), date(2019, 6, 30)


def load_deliveries() -> ModuleType:
    """The module ``deliveries.py``, loaded by its path."""
    spec = importlib.util.spec_from_file_location("latvia_deliveries", PACK / "synthetic" / "deliveries.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def generator_module(name: str) -> ModuleType:
    load_deliveries()._neighbour(name)
    return sys.modules[f"saime_pack_latvia_synthetic.{name}"]


def spells_of(table: pa.Table) -> list[dict[str, Any]]:
    return table.to_pylist()


def overlaps_month(spell: dict[str, Any]) -> bool:
    return spell["start_date"] <= LAST and (spell["end_date"] is None or spell["end_date"] >= FIRST)


def count_cells(spells: Iterable[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """Distinct persons in June 2019 by row and column of the ministry's table; empty cells are absent."""
    persons = defaultdict(set)
    for spell in spells:
        if not overlaps_month(spell):
            continue
        rows = ["all", "children"] if spell["age"] < 18 else ["all", "adults", spell["group"] or "group_na"]
        columns = ["total", spell["impairment"]] + (["working"] if spell["working"] else [])
        for row in rows:
            for column in columns:
                persons[row, column].add(spell["person_code"])
    return {cell: len(found) for cell, found in persons.items()}
