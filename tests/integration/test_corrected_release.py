"""Load, release, correct, release again: the two releases together tell nobody what the first one withheld."""

from __future__ import annotations

from pathlib import Path

import pytest

from saime.core.errors import Refused
from saime.core.model.dataset import Dataset
from saime.core.protection.attack import attack_together
from saime.production.services import Production
from support.three_months import CORRECTED_AT, FIRST_AT, MINIMUM, MONTHS, PLAN, deliver, people, prepare, release

WOMEN_AND_MEN = ((40, 2), (50, 9), (60, 2))  # nobody in two months, so quarters are sums
OTHERS_IN_MARCH = (45, 14)
MEN_IN_MARCH = ("M", "2022-03")


@pytest.fixture
def production(tmp_path: Path, pack_root: Path) -> Production:
    return prepare(tmp_path, pack_root)


def value(dataset: Dataset, *cell: str) -> int | float | None:
    return dataset.values[dataset.structure.position(cell)]


def test_a_release_after_a_correction_with_other_persons_gives_nothing_away(production: Production) -> None:
    for number, (month, counts) in enumerate(zip(MONTHS, WOMEN_AND_MEN, strict=True)):
        deliver(production, "benefits", month, people(100 * number, *counts), at=FIRST_AT)
    first = release(production, FIRST_AT).dataset(PLAN)
    assert value(first, *MEN_IN_MARCH) is None
    assert value(first, "M", "2022-Q1") == 13
    deliver(production, "benefits", "2022-03", people(5000, *OTHERS_IN_MARCH), at=CORRECTED_AT)
    second = release(production, CORRECTED_AT)
    now = second.dataset(PLAN)
    assert value(now, "_T", "2022-03") == sum(OTHERS_IN_MARCH)
    assert None in {value(now, "M", "2022-Q1"), value(now, *MEN_IN_MARCH)}  # 25 - 14 = 13 - 2: both would tell the men of then
    (of_then,) = [finding for finding in attack_together([now, first], [MINIMUM] * 2)[1] if finding.cell == MEN_IN_MARCH]
    assert of_then.plain.holds(1, MINIMUM)
    assert [(one.dataset, one.earlier) for one in second.certificate(PLAN).linked] == [(PLAN, True)]
    production.store.verify(second)


def test_a_release_that_nothing_protects_is_refused_and_the_one_before_stays(production: Production) -> None:
    """Of three persons every count is small, and what is shown of both deliveries leaves one way to fill the rest."""
    women, man = people(0, 2, 0), people(0, 0, 1)
    for month, rows in zip(MONTHS, ([*women, *man], man, man), strict=True):
        deliver(production, "benefits", month, rows, at=FIRST_AT)
    first = release(production, FIRST_AT)
    deliver(production, "benefits", "2022-03", [women[1], *man], at=CORRECTED_AT)
    with pytest.raises(Refused, match="can be computed") as refusal:
        release(production, CORRECTED_AT)
    assert f"dataset {PLAN}, cells " in refusal.value.where
    assert "leave the corrected period" in refusal.value.fix
    current = production.store.current()
    assert current is not None
    assert current.id == first.id
