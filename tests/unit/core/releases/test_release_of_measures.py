"""A release of counts, shares, entrants, sums, means and medians of the same persons goes into the store and is proven from it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from saime.core.errors import Refused
from saime.core.protection.perturbation import keys_of
from saime.core.releases.store import ReleaseStore
from support.protected_plans import Plans, protected
from support.tabulation import payment, tree

TREES = {"AREA": tree({"_T": None, "RIGA": "_T", "OGRE": "_T", "JELGAVA": "_T"}), "SEX": tree({"_T": None, "F": "_T", "M": "_T"})}
AREA, SEX = {"AREA": {"column": "municipality", "overlaps": True}}, {"SEX": {"column": "sex", "overlaps": False}}
PERCENT = {"unit_measure": {"lv": "procenti", "en": "percent"}}
SIZES = {"RIGA": 40, "OGRE": 14, "JELGAVA": 5}
AT = datetime(2026, 11, 22, 13, tzinfo=UTC)


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    """Every fourth person comes in February, every fifth leaves after January."""
    facts = [
        payment(f"{area}{number}", month, f"{100 + number}.00", municipality=area, sex="FM"[number % 2])
        for area, size in SIZES.items()
        for number in range(size)
        for month in ("2022-01", "2022-02")
        if not (month == "2022-01" and number % 4 == 0) and not (month == "2022-02" and number % 5 == 1)
    ]
    return Plans(tmp_path / "facts", facts, TREES, ["2022-02"])


def test_all_measures_are_released_together_and_proven_again(plans: Plans, tmp_path: Path) -> None:
    amount = {"amount": "paid"}
    found = protected(
        [
            plans.counted("persons", {"count": "distinct"}, AREA | SEX),
            plans.counted("shares", {"count": "distinct", "share_of": "SEX"}, AREA | SEX, **PERCENT),
            plans.counted("entrants", {"count": "entrants"}, AREA | SEX),
            plans.counted("sums", amount | {"statistic": "sum"}, AREA),
            plans.counted("means", amount | {"statistic": "mean"}, AREA | SEX),
            plans.counted("medians", amount | {"statistic": "median"}, AREA, protection={"each_side": 5, "rounded_to": 10}),
        ]
    )
    store = ReleaseStore(tmp_path / "releases")
    release = store.publish({name: store.add(one) for name, one in found.items()}, released_at=AT)
    certificates = store.verify(release)
    assert {name: one.kind for name, one in certificates.items()} == dict.fromkeys(found, "attack") | {"medians": "rule"}
    linked = {name: {other.dataset for other in one.linked} for name, one in certificates.items()}
    assert linked["entrants"] == {"persons", "shares"}
    assert linked["means"] == {"sums"}
    exact = plans.counted("changed", {"count": "distinct"}, AREA, protection={"cell_key": {"largest_change": 3, "variance": 2}})
    changed = protected([replace(exact, cell_keys=keys_of(np.random.default_rng(1).random(exact.table.structure.size)))])["changed"]
    with pytest.raises(Refused, match="stand beside exact counts"):
        store.publish({"changed": store.add(changed)}, released_at=AT)
    alone = ReleaseStore(tmp_path / "others")
    assert alone.verify(alone.publish({"changed": alone.add(changed)}, released_at=AT))["changed"].kind == "perturbation"
