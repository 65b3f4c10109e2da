"""The synthetic deliveries: exact where they must be, alike every time, big enough, and as their feed contracts say."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from saime.core.pack.reader import Pack
from support.synthetic import FIRST, LAST, PACK, count_cells, generator_module, load_deliveries, overlaps_month, spells_of

TABLE = json.loads((PACK / "datasets" / "disability_table_2019_06.json").read_text(encoding="utf-8"))
PUBLISHED = {(row["id"], column): value for row in TABLE["rows"] for column, value in row["values"].items() if value is not None}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], pa.Table]:
    """Each delivery at a small scale, by feed and period."""
    folder = tmp_path_factory.mktemp("deliveries")
    tables = {}
    for delivery in load_deliveries().deliveries(PACK, scale=0.01):
        path = folder / f"{delivery.name}.{delivery.format}"
        delivery.write(path)
        texts = dict.fromkeys(("person_code", "local_government"), pa.string())
        text = pyarrow.csv.ConvertOptions(column_types=texts, strings_can_be_null=True)
        read = pq.read_table(path) if delivery.format == "parquet" else pyarrow.csv.read_csv(path, convert_options=text)
        tables[delivery.feed, delivery.period] = read
    return tables


@pytest.fixture(scope="module")
def spells(written: dict[tuple[str, str], pa.Table]) -> list[dict]:
    return spells_of(written["disability", "2019-06"])


@pytest.fixture(scope="module")
def whole() -> tuple:
    """Residents and receipts of 2022 at full scale."""
    marginals = generator_module("marginals").read_marginals(PACK)
    residents = generator_module("population").make_residents(marginals, seed=2019)
    return residents, generator_module("benefits").make_receipts(residents, marginals, seed=2019, scale=1.0)


def test_counting_the_disability_delivery_gives_every_published_cell(spells: list[dict]) -> None:
    counted = count_cells(spells)
    assert len(PUBLISHED) == 47
    assert {cell: counted.get(cell, 0) for cell in PUBLISHED} == PUBLISHED


def test_leaving_out_one_spell_changes_the_table(spells: list[dict]) -> None:
    place = next(place for place, spell in enumerate(spells) if overlaps_month(spell))
    counted = count_cells(spells[:place] + spells[place + 1 :])
    assert {cell: counted.get(cell, 0) for cell in PUBLISHED} != PUBLISHED


def test_every_spell_overlaps_the_month_and_some_end_or_begin_in_it(spells: list[dict]) -> None:
    assert all(overlaps_month(spell) for spell in spells)
    assert sum(spell["end_date"] is not None and spell["end_date"] < LAST for spell in spells) > 1_000
    assert sum(spell["start_date"] > FIRST for spell in spells) > 1_000
    assert all(spell["end_date"] is None or spell["start_date"] <= spell["end_date"] for spell in spells)


def test_what_the_table_implies_about_persons_follows_without_being_typed_in() -> None:
    kinds = generator_module("disability_kinds")
    persons = kinds.count_kinds(kinds.target_of(TABLE))
    pairs = {kind: count for kind, count in persons.items() if len(kind) == 2}
    turning_18 = sum(count for kind, count in pairs.items() if kind[0].status == "children")
    adults = {kind: count for kind, count in pairs.items() if kind[0].status != "children"}
    one_impairment = sum(count for (a, b), count in adults.items() if a.impairment == b.impairment)
    one_group = sum(count for (a, b), count in adults.items() if a.status == b.status)
    assert (turning_18, one_impairment, one_group) == (49, 2732, 41)
    assert sum(adults.values()) - one_impairment - one_group == 72
    assert sum(count for (a, b), count in adults.items() if a.working and b.working and a.status != b.status) == 511


def test_a_table_that_no_persons_can_have_is_refused() -> None:
    kinds = generator_module("disability_kinds")
    broken = copy.deepcopy(TABLE)
    broken["rows"][0]["values"]["total"] += 1
    with pytest.raises(ValueError, match="no persons who are a child, an adult"):
        kinds.count_kinds(kinds.target_of(broken))


def test_deliveries_fit_their_feed_contracts(written: dict[tuple[str, str], pa.Table]) -> None:
    pack = Pack(PACK)
    for (feed, period), table in written.items():
        contract = pack.feed(feed)
        assert table.column_names == [column.name for column in contract.columns], period
        keys = table.select(list(contract.key)).group_by(list(contract.key)).aggregate([])
        assert len(keys) == len(table), f"{feed} {period}: {len(table) - len(keys)} rows share a key"
        for column in contract.columns:
            values = table[column.name]
            assert values.null_count == 0 or not column.required, column.name
            if column.code_list:
                leaves = {code.id for code in pack.classification(column.code_list).leaves}
                assert set(pc.unique(values.drop_null().cast(pa.string())).to_pylist()) <= leaves, column.name
            if column.minimum is not None:
                assert column.minimum <= pc.min(values).as_py(), column.name
                assert column.maximum is None or pc.max(values).as_py() <= column.maximum, column.name


def test_recipients_are_among_the_residents_and_mostly_stay_from_month_to_month(written: dict[tuple[str, str], pa.Table]) -> None:
    residents = set(written["population", "2022"]["person_code"].to_pylist())
    january, february = (
        {(row["person_code"], row["benefit"]) for row in written["benefits", month].to_pylist()} for month in ("2022-01", "2022-02")
    )
    strangers = len({person for person, _ in january} - residents)
    assert strangers == 0
    stayed, came = len(january & february) / len(january), len(february - january)
    assert 0.9 < stayed < 1
    assert came > 0


def test_some_recipients_move_and_grow_older_during_the_year(written: dict[tuple[str, str], pa.Table]) -> None:
    january, december = (
        {row["person_code"]: (row["local_government"], row["age"]) for row in written["benefits", month].to_pylist()}
        for month in ("2022-01", "2022-12")
    )
    both = january.keys() & december.keys()
    moved = sum(january[person][0] != december[person][0] for person in both) / len(both)
    aged = {december[person][1] - january[person][1] for person in both}
    assert 0.005 < moved < 0.03
    assert aged == {0, 1}


def test_a_sampled_resident_is_the_same_person_as_in_the_whole(whole: tuple) -> None:
    population = generator_module("population")
    marginals = generator_module("marginals").read_marginals(PACK)
    everybody, sample = whole[0], population.make_residents(marginals, seed=2019, scale=0.01)
    assert 0.009 < len(sample.persons) / len(everybody.persons) < 0.011
    assert all((getattr(everybody, name)[sample.persons] == getattr(sample, name)).all() for name in ("age", "sex", "local_government"))


def test_the_year_has_more_than_twenty_million_rows(whole: tuple) -> None:
    _, receipts = whole
    assert 20_000_000 < sum(len(receipt.in_month(month)) for receipt in receipts.values() for month in range(1, 13)) < 22_000_000


def test_a_few_dozen_cells_are_small_enough_to_need_protection(whole: tuple) -> None:
    residents, receipts = whole
    small = 0
    for receipt in receipts.values():
        seen = []
        for month in range(1, 13):
            rows = receipt.in_month(month)
            seen.append(rows * 64 + residents.local_government_in(month, rows))
        persons = np.bincount(np.unique(np.concatenate(seen)) % 64)
        small += int(((persons > 0) & (persons < 5)).sum())
    assert 24 <= small <= 150


def test_old_age_pensioners_are_as_many_as_the_source_says(whole: tuple) -> None:
    _, receipts = whole
    assert 445_000 < len(receipts["OLD_AGE_PENSION"].in_month(6)) < 465_000
    assert 70_000 < len(receipts["HOUSING_ALLOWANCE"].rows) < 76_000


YEARS = ("2022", "2023", "2024")


def test_recipients_of_a_feed_with_a_history_mostly_stay_and_are_as_many_as_the_source_says(
    written: dict[tuple[str, str], pa.Table],
) -> None:
    for feed, stock, stay in (("pensions", 544_167, 0.9), ("unemployment", 93_000, 0.3), ("care-residents", 16_000, 0.7)):
        persons = [set(written[feed, year]["person_code"].to_pylist()) for year in YEARS]
        assert all(0.8 * stock / 100 < len(found) < 1.2 * stock / 100 for found in persons), feed
        assert all(stay < len(a & b) / len(a) < 1 for a, b in pairwise(persons)), feed
    housing = written["municipal-assistance", "2022"].filter(pc.field("benefit") == "HOUSING_ALLOWANCE")
    assert 620 < len(set(housing["person_code"].to_pylist())) < 850


def test_no_two_spells_of_a_person_overlap(written: dict[tuple[str, str], pa.Table]) -> None:
    for feed in ("unemployment", "care-residents"):
        rows = sorted(written[feed, "2023"].to_pylist(), key=lambda row: (row["person_code"], row["start_date"]))
        twice = [(a, b) for a, b in pairwise(rows) if a["person_code"] == b["person_code"]]
        assert all(a["end_date"] < b["start_date"] for a, b in twice)
        assert twice or feed == "care-residents"


def test_a_few_persons_of_a_history_are_in_no_register_and_more_from_year_to_year(written: dict[tuple[str, str], pa.Table]) -> None:
    residents = set(written["population", "2022"]["person_code"].to_pylist())
    shares = []
    for year in YEARS:
        persons = [code for feed in ("unemployment", "pensions") for code in set(written[feed, year]["person_code"].to_pylist())]
        shares.append(sum(code not in residents for code in persons) / len(persons))
    assert 0.002 < shares[0] < shares[2] < 0.03


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        script = PACK / "synthetic" / "deliveries.py"
        subprocess.run([sys.executable, str(script), str(tmp_path / name), "0.002"], check=True, capture_output=True)
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((tmp_path / name).iterdir())})
    assert len(digests[0]) == 26
    assert digests[0] == digests[1]


def test_another_seed_makes_other_persons_with_the_same_table(tmp_path: Path) -> None:
    first, second = (load_deliveries().deliveries(PACK, seed=seed)[0] for seed in (2019, 7))
    assert first.name != second.name
    second.write(tmp_path / "second.csv")
    text = pyarrow.csv.ConvertOptions(column_types={"person_code": pa.string()}, strings_can_be_null=True)
    counted = count_cells(spells_of(pyarrow.csv.read_csv(tmp_path / "second.csv", convert_options=text)))
    assert {cell: counted.get(cell, 0) for cell in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("scale", [0, -1, 1.5])
def test_a_scale_outside_its_range_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        load_deliveries().deliveries(PACK, scale=scale)
