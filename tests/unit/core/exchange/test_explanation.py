from __future__ import annotations

from saime.core.exchange.explanation import details_in_words, explain_certificate, steps_from_release_back
from saime.core.model.certificate import LinkedDataset
from saime.core.model.text import Text
from support.example_datasets import certificate, disability, publication


def words(**changes: object) -> str:
    return " ".join(text.en for text in explain_certificate(certificate(disability()).model_copy(update=changes)))


def test_rule_counts_and_attack_are_told_in_plain_words():
    told = words()
    assert "fewer than 5 persons" in told
    assert "Withheld cells: 4 of 20. Because of small counts: 2; in addition, so that these cannot be worked out from totals: 2." in told
    assert "(persons): 12. Cells exposed: 0." in told


def test_reasons_that_are_not_told_are_not_told_here_either():
    assert "Which of them are small counts is not told" in words(primary=0, secondary=0)


def test_nothing_withheld_needs_no_attack():
    assert words(withheld=0, primary=0, secondary=0).endswith("No cell is withheld; cells published: 20.")


def test_an_interval_without_an_upper_end_is_said_so():
    assert "None of them has an upper bound." in words(narrowest_interval=None)


def test_sums_are_told_as_sums():
    told = words(rules={"rule": "amounts", "contributors": 5}, primary=0, secondary=0)
    assert "Sums are not published where too few persons contribute" in told
    assert "Withheld cells: 4 of 20." in told
    assert "small count" not in told


def test_linked_datasets_are_named_once_and_those_of_earlier_releases_apart():
    linked = [LinkedDataset(dataset=name, digest=name * 2, earlier=earlier) for name, earlier in (("b", False), ("a", False), ("a", True))]
    told = words(linked=(*linked, linked[2].model_copy(update={"digest": "other"})))
    assert (
        "the other datasets of this release that share cells with this one: a, b. It also covered what was published earlier: a. " in told
    )
    assert "comparing old figures with new" in told
    lv = " ".join(text.lv for text in explain_certificate(certificate(disability()).model_copy(update={"linked": tuple(linked[:2])})))
    assert "kurām ar šo ir kopīgas šūnas: a, b." in lv
    assert "agrāk publicēto" not in lv


def test_what_a_statistician_asked_for_is_told():
    told = words(rules={"rule": "threshold", "minimum": 5, "keep": 3, "prefer_hidden": 1})
    assert "asked to keep published where possible: 3; to hide rather than others: 1." in told
    assert "asked" not in words()


def test_figures_of_a_source_name_their_publication():
    assert (
        words(kind="published_by_source", basis=Text(lv="LabIS", en="LabIS, June 2019"))
        == "The figures were published before by their source: LabIS, June 2019."
    )


def test_lineage_runs_from_the_release_back_to_the_law():
    kinds = [step.kind for step in steps_from_release_back(disability(), publication(disability()))]
    assert kinds == ["release", "protection", "tabulation", "delivery", "feed", "legal_act"]


def test_details_are_told_in_the_language_of_the_reader():
    delivery = next(step for step in disability().lineage if step.kind == "delivery")
    assert details_in_words(delivery, "lv") == [("Rindu skaits", "1\u202f200"), ("Sintētiski dati", "jā")]
    assert details_in_words(delivery, "en") == [("Rows", "1,200"), ("Synthetic data", "yes")]
