"""A plan protected by cell keys, from deliveries to the dataset, on every engine: record keys are those of the warehouse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from saime.core.tabulation.engines import EngineSettings
from saime.production.services import protect_plans
from support.engines import ENGINES_TO_TEST
from support.three_months import FIRST_AT, MONTHS, PLAN, deliver, people, prepare

CELL_KEY = {"cell_key": {"largest_change": 3, "variance": 2, "blocked": 2, "stay": 0.4}}


@pytest.mark.parametrize("engine", [one for one in ENGINES_TO_TEST if one.values != ("reference",)])
def test_every_engine_changes_every_count_alike(engine: str, engine_settings: EngineSettings, pack_root: Path, tmp_path: Path) -> None:
    production = prepare(tmp_path, pack_root)
    path = production.pack.root / "plans" / f"{PLAN}.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"protection": CELL_KEY}, allow_unicode=True))
    for month in MONTHS:
        deliver(production, "benefits", month, people(int(month[-2:]), 40, 60), at=FIRST_AT)
    plan = production.pack.plan(PLAN)
    facts = production.facts(plan)
    right = protect_plans(production, [plan], [facts], engine="reference")
    (found,) = protect_plans(replace(production, engines=engine_settings), [plan], [facts], engine=engine).datasets
    assert found.dataset.values == right.datasets[0].dataset.values
    assert found.dataset.values != right.tables[0].values
