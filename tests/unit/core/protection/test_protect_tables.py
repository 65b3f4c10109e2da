"""Protected tables withhold what they must, prove it, and come out the same every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from saime.core.errors import BadInput, Refused
from saime.core.model.dataset import Dataset, FrequencyTable
from saime.core.protection import certify_published_by_source, protect, verify
from saime.core.protection.attack import Interval, attack, exposed_cells
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import METADATA, dimension, flat, from_persons, matrix, protected, table, withheld_cells

SDC_TABLE = matrix("ABCD", ["male", "female"], [[18, 2], [14, 19], [12, 10], [11, 14]])


def test_a_table_without_small_counts_is_published_whole() -> None:
    result = protected(matrix("xy", "ab", [[5, 0], [7, 9]]))
    assert withheld_cells(result.dataset) == {}
    assert (result.certificate.cells, result.certificate.withheld, result.certificate.narrowest_interval) == (9, 0, None)


def test_the_textbook_table_gets_the_textbook_pattern() -> None:
    expected = {("A", "female"): "A", ("A", "male"): "D", ("C", "male"): "D", ("C", "female"): "D"}
    assert withheld_cells(protected(SDC_TABLE, 3).dataset) == expected


def test_true_zeros_and_gaps_stay_as_they_are() -> None:
    counted = table([flat("CODE", "abcd")], [30, 3, None, 0, 20])
    dataset = protected(counted).dataset
    assert dict(zip(counted.structure.cells(), dataset.obs_status, strict=True)) == {
        ("_T",): "A",
        ("a",): "Q",
        ("b",): "O",
        ("c",): "A",
        ("d",): "A",
    }


@pytest.mark.parametrize(
    "counted",
    [
        matrix("wxyz", "abcd", [[30, 47, 64, 89], [90, 124, 4, 31], [92, 100, 59, 85], [800, 991, 651, 685]]),
        matrix("xy", "abc", [[3, 0, 0], [7, 20, 20]]),
        matrix("xyz", "abc", [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        matrix("xyz", "abc", [[4, 0, 0], [0, 4, 0], [0, 0, 4]]),
        table([dimension("AREA", {"_T": None, "north": "_T", "south": "_T", "city": "north"})], [20, 3, 17, 3]),
        table(
            [dimension("AREA", {"_T": None, "n": "_T", "s": "_T", "n1": "n", "n2": "n", "s1": "s", "s2": "s"})], [50, 12, 38, 3, 9, 30, 8]
        ),
        table([flat("GROUP", "abc", overlaps=True)], [40, 38, 2, 1]),
        table([dimension("GROUP", {"_T": None, "a": "_T", "b": "_T"}, exhaustive=False)], [40, 2, 30]),
        table([flat("ONLY", "")], [2]),
    ],
)
@pytest.mark.parametrize("minimum", [2, 3, 5, 10])
def test_whatever_the_table_the_attack_is_withstood(counted: FrequencyTable, minimum: int) -> None:
    result = protected(counted, minimum)
    verify(result.dataset, result.certificate)
    findings = {finding.cell: finding for finding in attack(result.dataset, minimum)}
    small = {cell for cell, count in zip(counted.structure.cells(), counted.values, strict=True) if count and count < minimum}
    assert small <= set(findings)
    assert all(findings[cell].plain.holds(1, minimum) for cell in small)
    assert all(finding.informed.width >= 1 for finding in findings.values())
    shown = {cell: value for cell, value in zip(counted.structure.cells(), result.dataset.values, strict=True) if value is not None}
    assert all(counted[cell] == value for cell, value in shown.items())


def test_a_small_sum_of_small_counts_gets_statuses_without_reasons() -> None:
    """A count below 5 that is the sum of four small counts is 4, if the statuses say that all of them are small."""
    tree = {"_T": None, "west": "_T", "east": "_T", **dict.fromkeys(("w1", "w2", "w3", "w4"), "west"), "e1": "east", "e2": "east"}
    result = protected(table([dimension("AREA", tree)], [54, 4, 50, 1, 1, 1, 1, 20, 30]))
    statuses = withheld_cells(result.dataset)
    assert {("west",), ("w1",), ("w2",), ("w3",), ("w4",)} < set(statuses)
    assert set(statuses.values()) == {"C"}
    assert (result.certificate.primary, result.certificate.secondary, result.certificate.withheld) == (0, 0, len(statuses))
    assert all(finding.informed.width >= 4 for finding in attack(result.dataset, 5))


def test_a_table_whose_totals_contradict_the_plan_is_refused() -> None:
    with pytest.raises(BadInput, match="CODE"):
        protected(table([flat("CODE", "ab")], [9, 5, 5]))


def disability_table(pack_root: Path) -> FrequencyTable:
    """The ministry's table of June 2019, as its source printed it."""
    content = json.loads((pack_root / "datasets" / "disability_table_2019_06.json").read_text(encoding="utf-8"))
    columns = ["total", "sight", "hearing", "movement", "mental", "other", "working"]
    parents = dict.fromkeys(columns, "total") | {"total": None, "working": None}
    status = dimension("DISABILITY_STATUS", {row["id"]: row["parent"] for row in content["rows"]}, overlaps=True)
    values = [row["values"][column] for row in content["rows"] for column in columns]
    month = dimension("TIME_PERIOD", {"2019-06": None})
    return table([status, dimension("CHARACTERISTIC", parents, overlaps=True), month], values)


def test_the_two_persons_of_the_disability_table_stay_hidden(pack_root: Path) -> None:
    result = protected(disability_table(pack_root))
    hidden = withheld_cells(result.dataset)
    assert hidden == {("group1", "hearing", "2019-06"): "A", ("group2", "hearing", "2019-06"): "D"}
    small, other = attack(result.dataset, 5)
    # at most 112: the five impairments of group 1 may count no more persons twice than those of all adults do, 113
    assert (small.plain, small.informed) == (Interval(0, 112), Interval(1, 4))
    assert other.informed == Interval(47, 147)


def test_the_small_count_alone_would_be_known_from_the_other_groups(pack_root: Path) -> None:
    """The groups' counts add up to the adults', 2 + 49 + 1991 = 2042, so the 2 cannot be less."""
    counted = disability_table(pack_root)
    result = protected(counted)
    broken = show(result.dataset, counted, ("group2", "hearing", "2019-06"))
    (finding,) = exposed_cells(attack(broken, 5), 5)
    assert (finding.cell, finding.plain.lower) == (("group1", "hearing", "2019-06"), 2)


def show(dataset: Dataset, counted: FrequencyTable, cell: tuple[str, ...]) -> Dataset:
    """The dataset with one withheld cell published after all."""
    place = counted.structure.position(cell)
    columns = {"values": counted.values[place], "obs_status": "A", "conf_status": "F"}
    changed = {name: (*(old := getattr(dataset, name))[:place], new, *old[place + 1 :]) for name, new in columns.items()}
    return dataset.model_copy(update=changed)


@pytest.mark.parametrize("cell", [("A", "male"), ("C", "male"), ("C", "female")])
def test_every_secondary_cell_is_needed(cell: tuple[str, ...]) -> None:
    broken = show(protected(SDC_TABLE, 3).dataset, SDC_TABLE, cell)
    assert exposed_cells(attack(broken, 3), 3)


def test_another_process_chooses_the_same_pattern(tmp_path: Path) -> None:
    script = tmp_path / "digest.py"
    script.write_text(
        "from support.protection import flat, from_persons, protected\n"
        "dimensions = [flat('AREA', 'uvwxyz', overlaps=True), flat('BENEFIT', 'abcde', overlaps=True)]\n"
        "rows = [(a, b) for a in 'uvwxyz' for b in 'abcde']\n"
        "persons = [frozenset({rows[i * i % 30], rows[(7 * i + i // 4) % 30]}) for i in range(140)]\n"
        "result = protected(from_persons(dimensions, persons))\n"
        "assert result.certificate.secondary > 0\n"
        "print(result.certificate.model_dump_json())\n"
    )
    support = str(Path(__file__).parents[3])
    runs = [
        subprocess.run(
            [sys.executable, str(script)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": support},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout


def test_published_figures_pass_only_when_the_metadata_says_so() -> None:
    dataset = protected(SDC_TABLE).dataset
    with pytest.raises(Refused, match="published"):
        certify_published_by_source(dataset)
    printed = dataset.model_copy(update={"metadata": METADATA.model_copy(update={"published_by_source": True}), "lineage": ()})
    verify(printed, certify_published_by_source(printed))


def test_movers_between_areas_do_not_weaken_the_proof() -> None:
    dimensions = [flat("AREA", "xyz", overlaps=True), flat("BENEFIT", "abc", overlaps=True)]
    rows = [(area, benefit) for area in "xyz" for benefit in "abc"]
    persons = [frozenset({rows[i % 9], rows[(2 * i + i // 5) % 9]}) for i in range(60)]
    persons += [frozenset({("x", "a")})] * 40
    counted = from_persons(dimensions, persons)
    result = protected(counted, 15)
    assert result.certificate.withheld > 0
    for finding in attack(result.dataset, 15):
        count = counted[finding.cell]
        assert count is not None
        assert finding.informed.holds(count, count)


def test_progress_is_told_in_steps_that_do_not_pass_their_total() -> None:
    told: list[tuple[int, int]] = []
    protect(SDC_TABLE, ThresholdProtection(minimum=5), METADATA, progress=lambda done, total: told.append((done, total)))
    assert told
    assert all(0 <= done < total for done, total in told)
