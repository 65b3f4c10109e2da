"""The local governments of 2009, 2021 and 2025: what was joined is counted exactly, what was divided is an estimate."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from saime.core.model.dataset import FrequencyTable
from saime.core.pack.reader import Pack
from saime.core.tabulation.tabulator import tabulate_plan
from support.tabulation import CODE_LISTS, fact, plan, write_facts

IN_EACH = 100  # persons in each local government of the facts' version
YEARS = {"2009": "2020", "2021": "2022"}  # of the facts, while their version is in force


@pytest.fixture(scope="module")
def pack() -> Pack:
    return Pack(Path(__file__).resolve().parents[3] / "packs" / "latvia")


def recast(pack: Pack, folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, target: str) -> FrequencyTable:
    """The same number of persons in each local government of one version, counted in another."""
    facts_version, wanted_version = (pack.classification(f"local-governments-{year}") for year in (source, target))
    codes = [code.id for code in facts_version.leaves]
    monkeypatch.setitem(CODE_LISTS, "municipality", tuple(codes))
    facts = [
        fact(f"{code} {number}", f"{YEARS[source]}-01-01", f"{YEARS[source]}-12-31", municipality=code)
        for code in codes
        for number in range(IN_EACH)
    ]
    name = f"local-governments-{source}-to-{target}"
    wanted = plan({"AREA": {"hierarchy": "wanted", "column": "municipality", "recast": name, "overlaps": False}}, [YEARS[source]])
    by = {"wanted": wanted_version, "municipality": facts_version}
    counted = tabulate_plan(wanted, by, write_facts(folder, facts), recasts={name: pack.recast(name)})
    assert isinstance(counted, FrequencyTable)
    return counted


def estimates(table: FrequencyTable) -> set[str]:
    return {cell[0] for cell, status in zip(table.structure.cells(), table.obs_status, strict=True) if status == "E"}


def test_from_2009_to_2021_only_the_heirs_of_two_divided_units_are_estimates(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = recast(pack, tmp_path, monkeypatch, "2009", "2021")
    assert table["_T", "2020"] == 119 * IN_EACH
    assert table["0038000", "2020"] == 4 * IN_EACH  # Madona with Cesvaine, Lubāna and Ērgļi
    assert table["0055000", "2020"] == IN_EACH
    assert estimates(table) == {"0032000", "0042000", "0044000", "0048000"}
    assert [table[code, "2020"] for code in ("0032000", "0042000")] == [2 * IN_EACH + 47, 3 * IN_EACH + 53]


def test_from_2021_to_2009_totals_stay_and_joined_units_are_estimates(pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = recast(pack, tmp_path, monkeypatch, "2021", "2009")
    assert table["_T", "2022"] == 43 * IN_EACH
    assert table["0010000", "2022"] == IN_EACH
    assert "0010000" not in estimates(table)
    assert {"0700200", "0700800"} <= estimates(table)


def test_from_2021_to_2025_madona_is_counted_with_varaklani_and_nothing_is_an_estimate(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = recast(pack, tmp_path, monkeypatch, "2021", "2025")
    assert {code: table[code, "2022"] for code in ("_T", "VIDZEME", "0038001", "0001000")} == {
        "_T": 43 * IN_EACH,
        "VIDZEME": 10 * IN_EACH,
        "0038001": 2 * IN_EACH,
        "0001000": IN_EACH,
    }
    assert estimates(table) == set()


def test_the_version_of_2025_differs_from_that_of_2021_by_madona_only(pack: Pack) -> None:
    before, since = ({code.id: code for code in pack.classification(f"local-governments-{year}").codes} for year in ("2021", "2025"))
    assert (set(before) - set(since), set(since) - set(before)) == ({"0038000", "0055000"}, {"0038001"})
    assert since["0038001"].valid_from == date(2025, 7, 1)
    assert all(before[code] == since[code] for code in set(before) & set(since))
    assert not any(code.valid_to for code in since.values())
