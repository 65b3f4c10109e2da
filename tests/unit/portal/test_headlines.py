"""The home page shows the widest figure of a dataset, or says why there is none."""

from __future__ import annotations

from django.utils import translation

from saime.core.model.dataset import WITHHELD, Dataset, Dimension
from saime.portal.headlines import Headline, Table, headlines
from support.example_datasets import cube, disability, flat

PERIODS = flat("TIME_PERIOD", 3, role="time", prefix="2022-0")


def number(dataset: Dataset, language: str = "lv") -> str:
    with translation.override(language):
        (found,) = headlines([dataset], language)
    return found.number


def test_it_is_the_figure_of_all_persons_with_its_unit_and_period() -> None:
    with translation.override("lv"):
        found = headlines([disability()], "lv")
    assert found == {
        Headline("2\u202f500", "personas", "2019. gada jūnijs"): [
            Table("disability-2019-06", "Personu ar invaliditāti skaits", synthetic=True, published_by_source=False)
        ]
    }


def test_tables_of_the_same_figure_share_it() -> None:
    with translation.override("lv"):
        found = headlines([cube("by-sex", (flat("SEX", 2),)), disability(), cube("by-age", (flat("AGE", 5),))], "lv")
    assert [[table.id for table in tables] for tables in found.values()] == [["by-sex", "by-age"], ["disability-2019-06"]]


def test_english_groups_thousands_with_a_comma() -> None:
    assert number(disability(), "en") == "2,500"


def test_of_several_periods_it_is_the_latest() -> None:
    assert number(cube("x", (flat("BENEFIT", 2), PERIODS))) == "2"


def test_a_parent_of_months_comes_before_any_month() -> None:
    year = PERIODS.codes[0].model_copy(update={"id": "2022"})
    months = tuple(code.model_copy(update={"parent": "2022"}) for code in PERIODS.codes)
    nested = Dimension(id="TIME_PERIOD", label=PERIODS.label, codes=(*months, year), role="time")
    assert number(cube("x", (flat("BENEFIT", 2), nested))) == "3"


def test_a_withheld_figure_is_told_in_words() -> None:
    dataset = cube("x", (flat("BENEFIT", 1),))
    hidden = dataset.model_copy(update={"values": (None,), "obs_status": (WITHHELD,), "conf_status": ("A",)})
    assert number(hidden) == "konfidenciāls"
