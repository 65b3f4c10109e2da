"""What a table means when facts are coded in another version of a classification. Every engine passes every rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from saime.core.model.classification import Classification
from saime.core.model.dataset import MagnitudeTable
from saime.core.model.recast import Recast
from saime.core.tabulation.engines import EngineSettings
from saime.core.tabulation.tabulator import tabulate_plan
from support.engines import ENGINES_TO_TEST
from support.tabulation import CODE_LISTS, Counter, Fact, fact, plan, tree, write_facts

# Facts know RIGA, JELGAVA, OGRE, LIMBAZI. The other version joins JELGAVA and RIGA in one, and has OGRE in two parts.
PARENTS = {"LV": None, "CITIES": "LV", "LIMBAZI": "LV", "OGRE_REGION": "LV", "IKSKILE": "OGRE_REGION", "OGRE_TOWN": "OGRE_REGION"}
OTHER = tree(PARENTS, name="other")
PARTS = [("RIGA", "CITIES", 1), ("JELGAVA", "CITIES", 1), ("OGRE", "OGRE_TOWN", 3), ("OGRE", "IKSKILE", 1)]
RECAST = Recast.model_validate({"id": "other", "parts": [{"source": s, "target": t, "weight": w} for s, t, w in PARTS]})
SEX = tree({"_T": None, "F": "_T", "M": "_T"}, name="sex")


def municipalities(ends: str | None = None) -> Classification:
    """The facts' version; ``ends``: the last day of OGRE."""
    codes = [{"id": c, "label": {"lv": c, "en": c}, "valid_to": ends if c == "OGRE" else None} for c in CODE_LISTS["municipality"]]
    title = {"lv": "x", "en": "x"}
    return Classification.model_validate({"id": "municipality", "version": "1", "title": title, "source": "test", "codes": codes})


@pytest.fixture(params=ENGINES_TO_TEST)
def counter(request: pytest.FixtureRequest, tmp_path: Path, engine_settings: EngineSettings) -> Counter:
    return Counter(request.param, tmp_path, engine_settings)


def recast(counter: Counter, facts: list[Fact], periods: list[str] | None = None, ends: str | None = None, **fields: Any) -> Any:
    area = {"hierarchy": "other", "column": "municipality", "recast": "other", "overlaps": True}
    wanted = plan({"AREA": area, "SEX": {"hierarchy": "sex", "column": "sex", "overlaps": False}}, periods or ["2022"], **fields)
    by = {"other": OTHER, "sex": SEX, "municipality": municipalities(ends)}
    return tabulate_plan(
        wanted, by, write_facts(counter.folder, facts), engine=counter.engine, recasts={"other": RECAST}, settings=counter.settings
    )


def persons(municipality: str, women: int, men: int, start: int = 0) -> list[Fact]:
    who = [("F", n) for n in range(women)] + [("M", n) for n in range(men)]
    return [fact(f"{municipality} {sex}{number + start}", municipality=municipality, sex=sex) for sex, number in who]


def test_codes_that_were_joined_are_counted_exactly(counter: Counter) -> None:
    facts = [*persons("RIGA", 2, 1), *persons("JELGAVA", 1, 0), fact("RIGA F0", municipality="JELGAVA", sex="F")]
    table = recast(counter, facts)
    assert [table["CITIES", sex, "2022"] for sex in ("_T", "F", "M")] == [4, 3, 1]
    assert table.obs_status[table.structure.position(("CITIES", "_T", "2022"))] == "A"


def test_a_code_that_was_split_is_divided_by_its_weights_and_its_total_stays(counter: Counter) -> None:
    table = recast(counter, persons("OGRE", 5, 6))
    assert [table["OGRE_TOWN", sex, "2022"] for sex in ("F", "M", "_T")] == [4, 5, 9]
    assert [table["IKSKILE", sex, "2022"] for sex in ("F", "M", "_T")] == [1, 1, 2]
    assert [table["OGRE_REGION", sex, "2022"] for sex in ("F", "M", "_T")] == [5, 6, 11]
    assert [code.id for code in table.structure.dimensions[0].codes] == [code.id for code in OTHER.codes]


def test_parts_are_estimates_and_what_is_above_them_is_not(counter: Counter) -> None:
    table = recast(counter, persons("OGRE", 5, 6))
    marks = {
        code: table.obs_status[table.structure.position((code, "F", "2022"))] for code in ("LV", "OGRE_REGION", "OGRE_TOWN", "IKSKILE")
    }
    assert marks == {"LV": "A", "OGRE_REGION": "A", "OGRE_TOWN": "E", "IKSKILE": "E"}


def test_a_series_breaks_where_its_estimates_end(counter: Counter) -> None:
    table = recast(counter, persons("OGRE", 4, 4), ["2022", "2022-01", "2022-02", "2022-03"], ends="2022-01-31")
    marks = [table.obs_status[table.structure.position(("IKSKILE", "_T", period))] for period in ("2022", "2022-01", "2022-02", "2022-03")]
    assert marks == ["E", "E", "B", "A"]


def test_person_months_of_parts_are_estimates_too(counter: Counter) -> None:
    table = recast(counter, persons("OGRE", 4, 0), ["2022-Q1"], measures={"m": {"count": "person_months"}})
    assert isinstance(table, MagnitudeTable)
    assert (table["OGRE_TOWN", "F", "2022-Q1"], table["OGRE_REGION", "F", "2022-Q1"]) == (9, 12)
    assert table.obs_status[table.structure.position(("OGRE_TOWN", "F", "2022-Q1"))] == "E"
