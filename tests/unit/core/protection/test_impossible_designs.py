"""Perturbation parameters that nothing meets: the one to change is named, and what is proposed works."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput
from saime.core.pack.reader import Pack
from saime.core.protection.perturbation_design import PerturbationDesign

ANY = st.builds(
    PerturbationDesign,
    largest_change=st.integers(1, 6),
    variance=st.floats(0.01, 40),
    blocked=st.integers(0, 5),
    stay=st.none() | st.floats(0.01, 0.99),
    falling=st.sampled_from([(True,), (False,), (False, True), (True, False, True)]),
)


@pytest.mark.parametrize(
    ("asked", "told", "fix", "helps"),
    [
        (
            {"largest_change": 2, "variance": 1, "blocked": 3},
            "largest_change 2 is too small beside blocked 3: a count of 4 could not become less",
            "raise largest_change to 4 or more, or lower blocked",
            [{"largest_change": 4, "variance": 4}, {"blocked": 0}],
        ),
        (
            {"largest_change": 2, "variance": 1, "blocked": 2},
            "largest_change 2 is too small beside blocked 2: a count of 3 could not become less",
            "raise largest_change to 3 or more, or lower blocked",
            [{"largest_change": 3, "variance": 2}, {"blocked": 1}],
        ),
        (  # a count of 3 becomes 0 or 6: 3 below and 3 above with the same probability
            {"largest_change": 8, "variance": 3, "blocked": 5},
            "variance 3 is too small for count 3: beside the other parameters it is 9 or more",
            "raise variance to 9 or more, or lower blocked",
            [{"variance": 9}, {"variance": 9.5}, {"blocked": 2}],
        ),
        (  # a count of 3 that changes becomes 0 or more than 3: at least 3 in the square, three in ten times
            {"largest_change": 4, "variance": 2, "blocked": 2, "stay": 0.3, "falling": (False,)},
            "variance 2 is too small for count 3: beside the other parameters it is 2.1 or more",
            "raise variance to 2.1 or more, or lower blocked, or raise stay",
            [{"variance": 2.1}, {"blocked": 1}, {"stay": 0.4}],
        ),
        (
            {"largest_change": 3, "variance": 9.5, "falling": (False,)},
            "variance 9.5 is too large for any count: beside the other parameters it is 9 or less",
            "lower variance to 9, or raise largest_change",
            [{"variance": 9}, {"largest_change": 4}],
        ),
        (  # seven changes of the same probability
            {"largest_change": 3, "variance": 4.5},
            "variance 4.5 is too large for any count: beside the other parameters it is 4 or less",
            "lower variance to 4, or raise largest_change, or say falling: false",
            [{"variance": 4}, {"largest_change": 4}, {"falling": (False,)}],
        ),
        (  # a tenth of the persons' counts, all of them by 3
            {"largest_change": 3, "variance": 2, "stay": 0.9, "falling": (False,)},
            "variance 2 is too large for any count: beside the other parameters it is 0.9 or less",
            "lower variance to 0.9, or raise largest_change, or lower stay",
            [{"variance": 0.9}, {"largest_change": 5}, {"stay": 0.7}],
        ),
        (  # with a mean of 0 a count of 1 becomes 0 at least as often as more, and stays at least as often
            {"largest_change": 2, "variance": 0.7, "stay": 0.3},
            "stay 0.3 is too small for count 1: as changes fall on either side of 0, it stays more often",
            "raise stay to 0.334 or more, leave it out, or say falling: false",
            [{"stay": 0.334}, {"stay": None}, {"falling": (False,)}],
        ),
        (
            {"largest_change": 2, "variance": 0.05, "stay": 0.5, "blocked": 0},
            "variance 0.05 is too small for count 2: beside the other parameters it is 0.5 or more",
            "raise variance to 0.5 or more, or raise stay",
            [{"variance": 0.5}, {"stay": 0.951}],
        ),
    ],
)
def test_the_parameter_is_named_and_each_remedy_works(asked: dict[str, Any], told: str, fix: str, helps: list[dict[str, Any]]) -> None:
    with pytest.raises(BadInput) as caught:
        PerturbationDesign(**asked).table("impossible", where="plans/one.yaml, protection: cell_key")
    assert (caught.value.what, caught.value.where, caught.value.fix) == (told, "plans/one.yaml, protection: cell_key", fix)
    for change in helps:
        assert PerturbationDesign(**(asked | change)).table("mended").by_count


@given(ANY)
@settings(max_examples=60, deadline=None)
def test_a_design_is_met_or_the_parameter_is_named(design: PerturbationDesign) -> None:
    try:
        table = design.table("any")
    except BadInput as error:
        if error.what.startswith(("largest_change ", "variance ", "stay ")):
            return
        raise
    for count, rows in table.by_count.items():
        changes, p = (np.array([getattr(row, name) for row in rows], dtype=float) for name in ("change", "probability"))
        assert float(changes @ p) == pytest.approx(0, abs=1e-6)
        assert float(changes**2 @ p) <= design.variance * (1 + 1e-5) + 1e-9
        assert not any(0 < count + change <= design.blocked for change in changes if count)
        if design.stay is not None and count > design.blocked:
            assert p[changes == 0] == pytest.approx(design.stay, abs=1e-6)


def test_the_check_of_a_pack_finds_a_plan_without_a_solution(pack_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(pack_root, tmp_path / "pack"))
    path = root / "plans" / "disability-2019-06.yaml"
    plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    plan["protection"] = {"cell_key": {"largest_change": 4, "variance": 1, "blocked": 2}}
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    (fault,) = Pack(root).check()
    assert fault.what == "variance 1 is too small for count 2: beside the other parameters it is 2 or more"
    assert fault.where == "plans/disability-2019-06.yaml, protection: cell_key"
