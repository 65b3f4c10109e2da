"""The home page shows the widest figure of a dataset, or says why there is none."""

from __future__ import annotations

from django.utils import translation

from saime.core.model.dataset import WITHHELD, Dataset, Dimension
from saime.portal.headlines import Headline, headline
from support.example_datasets import cube, disability, flat

PERIODS = flat("TIME_PERIOD", 3, role="time", prefix="2022-0")


def in_latvian(dataset: Dataset) -> Headline:
    with translation.override("lv"):
        return headline(dataset, "lv")


def test_it_is_the_figure_of_all_persons() -> None:
    assert in_latvian(disability()) == Headline(
        dataset_id="disability-2019-06",
        title="Personu ar invaliditāti skaits",
        unit="personas",
        period=in_latvian(disability()).period,
        number="2\u202f500",
        synthetic=True,
        published_by_source=False,
    )


def test_english_groups_thousands_with_a_comma() -> None:
    with translation.override("en"):
        assert headline(disability(), "en").number == "2,500"


def test_of_several_periods_it_is_the_latest() -> None:
    dataset = cube("x", (flat("BENEFIT", 2), PERIODS))
    assert in_latvian(dataset).number == "2"


def test_a_parent_of_months_comes_before_any_month() -> None:
    year = PERIODS.codes[0].model_copy(update={"id": "2022"})
    months = tuple(code.model_copy(update={"parent": "2022"}) for code in PERIODS.codes)
    nested = Dimension(id="TIME_PERIOD", label=PERIODS.label, codes=(*months, year), role="time")
    assert in_latvian(cube("x", (flat("BENEFIT", 2), nested))).number == "3"


def test_a_withheld_figure_is_told_in_words() -> None:
    dataset = cube("x", (flat("BENEFIT", 1),))
    hidden = dataset.model_copy(update={"values": (None,), "obs_status": (WITHHELD,), "conf_status": ("A",)})
    assert in_latvian(hidden).number == "konfidenciāls"
