"""What is not divided among the parts of a code that was split, and is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saime.core.errors import BadInput
from saime.core.model.recast import Recast
from saime.core.tabulation.compilation import compile_tabulation
from saime.core.tabulation.plan import TabulationPlan
from saime.core.tabulation.tabulator import add_record_keys
from saime.core.warehouse.record_keys import RecordKeyTable
from support.tabulation import CODE_LISTS, PAYMENTS, payment, plan, tree, write_facts

PARTS = [("OGRE", "OGRE_TOWN", 3), ("OGRE", "IKSKILE", 1)]
RECASTS = {"other": Recast.model_validate({"id": "other", "parts": [{"source": s, "target": t, "weight": w} for s, t, w in PARTS]})}
OTHER = tree({"LV": None, "RIGA": "LV", "JELGAVA": "LV", "LIMBAZI": "LV", "IKSKILE": "LV", "OGRE_TOWN": "LV"}, name="other")
TREES = {"other": OTHER, "municipality": tree(dict.fromkeys(CODE_LISTS["municipality"]))}


def wanted(**fields: Any) -> TabulationPlan:
    area = {"hierarchy": "other", "column": "municipality", "recast": "other"}
    return plan({"AREA": area}, ["2022-01"], population=PAYMENTS.feed, **fields)


def test_amounts_of_a_divided_code(tmp_path: Path) -> None:
    facts = write_facts(tmp_path, [payment("p1", "2022-01", "1.00", municipality="OGRE")], feed=PAYMENTS)
    with pytest.raises(BadInput, match=r"divides codes \(OGRE\), and nobody knows whose amounts"):
        compile_tabulation(wanted(measures={"m": {"amount": "paid", "statistic": "sum"}}), TREES, facts, RECASTS)


def test_record_keys_of_a_divided_code(tmp_path: Path) -> None:
    facts = write_facts(tmp_path, [payment("p1", "2022-01", "1.00", municipality="OGRE")], feed=PAYMENTS)
    keys = RecordKeyTable(np.zeros(1, np.uint32), np.zeros(1, np.uint32))
    with pytest.raises(BadInput, match="estimated parts have no persons"):
        add_record_keys(wanted(), TREES, facts, keys, recasts=RECASTS)
