"""What a contract tolerates is left out or kept with a warning, and what it does not refuses the delivery."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from saime.core.model.period import Period
from saime.core.model.text import Text
from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.contract import Column, FeedContract, Spell, Tolerance
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.delivery_report import report_text
from saime.core.warehouse.fault_words import FAULTS
from saime.core.warehouse.faults import ORDER, DeliveryRefused
from saime.core.warehouse.keys import open_person_cipher
from saime.core.warehouse.loading import LoadReceipt, load_delivery
from support.warehouse import CARE, Home, care_row, personal_code, shown_rows, write_csv


def tolerant(**tolerances: Tolerance) -> FeedContract:
    return CARE.model_copy(update={"tolerances": tolerances})


def rows_of(count: int, **faulty: object) -> list[dict]:
    """Sound rows, the first of them with the given values."""
    return [care_row(number, **(faulty if number == 0 else {})) for number in range(count)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_faulty_rows_within_the_limit_are_left_out_and_told(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", rows_of(200, sex="X"))
    receipt = home.load(path, contract=tolerant(unknown_code=Tolerance(refuse_above=0.005)))
    assert (receipt.record.rows, receipt.record.persons, receipt.record.left_out) == (199, 199, 1)
    assert (receipt.report.outcome, receipt.report.rows, receipt.report.left_out) == ("loaded_in_part", 200, 1)
    (fault,) = receipt.report.faults
    assert (fault.code, fault.count, fault.share, fault.refuse_above, fault.refuses) == ("unknown_code", 1, 0.005, 0.005, False)
    assert len(shown_rows(home.facts())) == 199


def test_the_rows_left_out_are_in_quarantine(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", rows_of(200, sex="X"))
    home.load(path, contract=tolerant(unknown_code=Tolerance(refuse_above=0.005)))
    (report,) = home.quarantine.reports()
    assert (report.outcome, report.left_out) == ("loaded_in_part", 1)
    home.quarantine.open(report.id, tmp_path / "opened.csv")
    assert (tmp_path / "opened.csv").read_bytes() == path.read_bytes()


def test_above_the_limit_the_delivery_is_refused_whole(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", rows_of(199, sex="X"))
    with pytest.raises(DeliveryRefused, match=r"0\.503% of the rows, more than the 0\.500% that the contract takes"):
        home.load(path, contract=tolerant(unknown_code=Tolerance(refuse_above=0.005)))
    assert home.warehouse.loads() == ()


def test_one_fault_that_is_not_tolerated_refuses_the_tolerated_ones_too(home: Home, tmp_path: Path) -> None:
    rows = [*rows_of(200, sex="X"), care_row(900, until="never")]
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(write_csv(tmp_path / "june.csv", rows), contract=tolerant(unknown_code=Tolerance(refuse_above=0.5)))
    assert {fault.code: fault.refuses for fault in refusal.value.faults} == {"unknown_code": False, "bad_date": True}


def test_a_delivery_loaded_in_part_changes_nothing_the_second_time(home: Home, tmp_path: Path) -> None:
    path, contract = write_csv(tmp_path / "june.csv", rows_of(200, sex="X")), tolerant(unknown_code=Tolerance(refuse_above=0.005))
    home.load(path, contract=contract)
    before = home.state()
    again = home.load(path, contract=contract)
    assert again.already_loaded
    assert (again.report.outcome, again.report.rows, again.report.left_out) == ("loaded_before", 200, 1)
    assert home.state() == before


def test_tolerated_duplicates_are_loaded_once(home: Home, tmp_path: Path) -> None:
    rows = [*rows_of(20), care_row(3, age=99), care_row(3, age=98)]
    receipt = home.load(write_csv(tmp_path / "june.csv", rows), contract=tolerant(duplicate_key=Tolerance(refuse_above=0.1)))
    (fault,) = receipt.report.faults
    assert (fault.code, fault.count) == ("duplicate_key", 2)
    assert [(place.row, place.other_row) for place in fault.places] == [(21, 4), (22, 4)]
    assert [row[3] for row in shown_rows(home.facts())].count("98") == 0
    assert receipt.record.rows == 20


ALONE = CARE.model_copy(update={"spell": Spell(start="since", end="until", no_overlap_by=("care",))})
SPELLS = [
    care_row(1, since="2019-01-01", until="2019-06-10"),
    care_row(1, since="2019-06-10", until="2019-06-12"),  # shares a day with the first
    care_row(1, since="2019-06-11", until=None),  # begins within the second, after the first
    care_row(1, since="2019-06-05", until="2019-06-06", care="day"),  # another kind of care
    care_row(2, since="2019-01-01", until="2019-06-09"),
    care_row(2, since="2019-06-10", until=None),
]


def test_overlapping_spells_are_found_with_the_one_they_overlap(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(write_csv(tmp_path / "june.csv", SPELLS), contract=ALONE)
    (fault,) = refusal.value.faults
    assert (fault.code, fault.column, fault.count) == ("overlapping_spells", "since", 2)
    assert [(place.row, place.other_row) for place in fault.places] == [(2, 1), (3, 2)]


def test_an_open_spell_overlaps_all_that_begin_later(home: Home, tmp_path: Path) -> None:
    rows = [care_row(1, since="1950-01-01"), care_row(1, since="2019-06-01"), care_row(1, since="2019-06-20", until="2019-06-21")]
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(write_csv(tmp_path / "june.csv", rows), contract=ALONE)
    assert [(place.row, place.other_row) for place in refusal.value.faults[0].places] == [(2, 1), (3, 1)]


def test_spells_may_overlap_where_the_contract_does_not_forbid_it(home: Home, tmp_path: Path) -> None:
    assert home.load(write_csv(tmp_path / "june.csv", SPELLS)).report.outcome == "loaded"


def test_tolerated_overlaps_can_be_kept_with_a_warning(home: Home, tmp_path: Path) -> None:
    contract = ALONE.model_copy(update={"tolerances": {"overlapping_spells": Tolerance(refuse_above=0.5, rows="kept")}})
    receipt = home.load(write_csv(tmp_path / "june.csv", SPELLS), contract=contract)
    assert (receipt.record.rows, receipt.record.left_out, receipt.report.outcome) == (6, 0, "loaded_with_warnings")
    assert home.quarantine.reports() == ()


ONE_SEX = CARE.model_copy(
    update={
        "columns": tuple(column.model_copy(update={"one_per_person": True}) if column.name == "sex" else column for column in CARE.columns)
    }
)


def test_a_person_with_two_sexes_is_found(home: Home, tmp_path: Path) -> None:
    rows = [
        care_row(1),
        care_row(2, sex="F"),
        care_row(2, sex="M", care="day"),
        care_row(2, sex="F", care="night"),
        care_row(3, care="day"),
    ]
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(write_csv(tmp_path / "june.csv", rows), contract=ONE_SEX)
    (fault,) = refusal.value.faults
    assert (fault.code, fault.column, fault.count) == ("differs_within_person", "sex", 3)
    assert [(place.row, place.other_row) for place in fault.places] == [(2, 3), (3, 2), (4, 3)]
    assert "one value" in fault.what.en


def test_many_persons_of_one_sex_each_are_no_fault(home: Home, tmp_path: Path) -> None:
    rows = [care_row(number % 500, care=("home", "day", "night")[number // 500]) for number in range(1500)]
    assert home.load(write_csv(tmp_path / "june.csv", rows), contract=ONE_SEX).report.outcome == "loaded"


# Amounts and the validity of codes

PAID = FeedContract(
    feed="paid",
    version="1.0",
    title=Text(lv="Izmaksāts", en="Paid"),
    agency=Text(lv="Iestāde", en="Agency"),
    period="M",
    legal_basis=(),
    columns=(
        Column(name="person", type="personal_code", label=Text(lv="Persona", en="Person")),
        Column(name="place", type="code", code_list="places", label=Text(lv="Vieta", en="Place")),
        Column(name="amount", type="amount", minimum=0, maximum=5000, label=Text(lv="Summa", en="Amount")),
    ),
    key=("person",),
)
LIVING = PAID.model_copy(
    update={
        "feed": "living",
        "columns": (PAID.columns[0], Column(name="home", type="household", required=False, label=Text(lv="Māja", en="Home"))),
    }
)
PLACES = CodeList("places", "1", ("old", "new", "always"), ((None, date(2021, 6, 30)), (date(2021, 7, 1), None), (None, None)))


def load_paid(home: Home, path: Path, period: str = "2021-07") -> LoadReceipt:
    delivery = Delivery(path, PAID, {"place": PLACES}, Period.parse(period), "2021-08-01T08:00:00+00:00", synthetic=True)
    cipher = open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)
    return load_delivery(home.warehouse, delivery, cipher=cipher, quarantine=home.quarantine)


def paid_csv(path: Path, *rows: tuple[str, str], separator: str = ",") -> Path:
    lines = [separator.join((personal_code(number), *row)) for number, row in enumerate(rows)]
    path.write_text("\n".join([separator.join(("person", "place", "amount")), *lines, ""]), encoding="utf-8")
    return path


def stored_amounts(home: Home) -> list[int]:
    files = sorted((home.root / "warehouse" / "facts").rglob("*.parquet"))
    return sorted(value for file in files for value in pq.read_table(file, columns=["amount"])["amount"].to_pylist())


def test_amounts_are_stored_in_cents(home: Home, tmp_path: Path) -> None:
    path = paid_csv(tmp_path / "a.csv", ("new", "12"), ("new", "0.1"), ("always", "12,34"), ("new", "4999.99"), separator=";")
    load_paid(home, path)
    assert stored_amounts(home) == [10, 1200, 1234, 499999]


def test_amounts_in_parquet_are_decimals(home: Home, tmp_path: Path) -> None:
    amounts = pa.array([Decimal("12.34"), Decimal("0.07")], pa.decimal128(10, 2))
    table = pa.table({"person": [personal_code(1), personal_code(2)], "place": ["new", "new"], "amount": amounts})
    pq.write_table(table, tmp_path / "a.parquet")
    load_paid(home, tmp_path / "a.parquet")
    assert stored_amounts(home) == [7, 1234]


def test_floats_are_no_amounts(home: Home, tmp_path: Path) -> None:
    pq.write_table(pa.table({"person": [personal_code(1)], "place": ["new"], "amount": [0.1]}), tmp_path / "a.parquet")
    with pytest.raises(DeliveryRefused, match="floats are not exact"):
        load_paid(home, tmp_path / "a.parquet")


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_households_are_stored_as_pseudonyms_that_stay_the_same(home: Home, tmp_path: Path, format_: str) -> None:
    delivered = [[7, 7, 900_001, None], [7, 900_001, 900_001, 7]]
    stored = []
    for number, (period, households) in enumerate(zip(("2021-07", "2021-08"), delivered, strict=True)):
        table = pa.table({"person": [personal_code(n) for n in range(4)], "home": pa.array(households, pa.int64())})
        path = tmp_path / f"{number}.{format_}"
        pq.write_table(table, path) if format_ == "parquet" else pa_csv.write_csv(table, path, pa_csv.WriteOptions(quoting_style="none"))
        delivery = Delivery(path, LIVING, {}, Period.parse(period), "2021-09-01T08:00:00+00:00", synthetic=True)
        cipher = open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)
        load_delivery(home.warehouse, delivery, cipher=cipher, quarantine=home.quarantine)
        files = (home.root / "warehouse" / "facts" / "living" / period).rglob("*.parquet")
        stored.append(Counter(value for file in files for value in pq.read_table(file)["home"].to_pylist()))
    of_seven = next(value for value, count in stored[0].items() if count == 2)
    of_the_other = next(value for value, count in stored[0].items() if value not in (of_seven, None))
    assert stored == [{of_seven: 2, of_the_other: 1, None: 1}, {of_seven: 2, of_the_other: 2}]
    assert not {7, 900_001} & {of_seven, of_the_other}


def test_a_household_that_is_no_number_is_told_and_not_shown(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"person,home\n{personal_code(1)},12\n{personal_code(2)},9-B\n", encoding="utf-8")
    delivery = Delivery(path, LIVING, {}, Period.parse("2021-07"), "2021-08-01T08:00:00+00:00", synthetic=True)
    cipher = open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)
    with pytest.raises(DeliveryRefused) as refusal:
        load_delivery(home.warehouse, delivery, cipher=cipher, quarantine=home.quarantine)
    (fault,) = refusal.value.faults
    assert (fault.code, fault.column, [place.row for place in fault.places]) == ("bad_integer", "home", [2])
    assert "9-B" not in str(refusal.value)


@pytest.mark.parametrize(("changes", "what"), [({"extract": True}, "never goes into an extract"), ({"code_list": "x"}, "no other")])
def test_a_household_never_goes_into_an_extract(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        Column(name="home", type="household", label=Text(lv="Mājsaimniecība", en="Household"), **changes)


@pytest.mark.parametrize("text", ["ten", "1.234", "1,234.00", "1e3", " 1", "12.", "-"])
def test_an_amount_that_is_no_number_is_told(home: Home, tmp_path: Path, text: str) -> None:
    with pytest.raises(DeliveryRefused) as refusal:
        load_paid(home, paid_csv(tmp_path / "a.csv", ("new", "1"), ("new", text), separator=";"))
    (fault,) = refusal.value.faults
    assert (fault.code, fault.column, [place.row for place in fault.places]) == ("bad_amount", "amount", [2])


@pytest.mark.parametrize("text", ["-0.01", "5000.01"])
def test_an_amount_out_of_range_is_told(home: Home, tmp_path: Path, text: str) -> None:
    with pytest.raises(DeliveryRefused, match="out_of_range"):
        load_paid(home, paid_csv(tmp_path / "a.csv", ("new", text)))


@pytest.mark.parametrize(("period", "codes"), [("2021-06", {"new"}), ("2021-07", {"old"})])
def test_a_code_that_is_not_valid_at_that_time_is_told(home: Home, tmp_path: Path, period: str, codes: set[str]) -> None:
    with pytest.raises(DeliveryRefused) as refusal:
        load_paid(home, paid_csv(tmp_path / "a.csv", ("old", "1"), ("new", "1"), ("always", "1")), period)
    (fault,) = refusal.value.faults
    assert (fault.code, fault.column, fault.count) == ("code_not_valid", "place", 1)
    assert {place.value for place in fault.places} == {f"'{code}'" for code in codes}


CHANGING = CARE.model_copy(update={"period": "A"})
CARE_LISTS = {
    "sex": CodeList("sex", "1.0", ("F", "M")),
    "care": CodeList("care", "2.1", ("home", "day", "night"), ((None, date(2019, 6, 30)), (None, None), (date(2019, 7, 1), None))),
}


def test_a_code_is_valid_if_it_is_on_one_day_of_the_spell_in_the_period(home: Home, tmp_path: Path) -> None:
    rows = [
        care_row(1, care="home", since="2019-06-30"),
        care_row(2, care="home", since="2019-07-01"),
        care_row(3, care="night", since="2018-01-01", until="2019-07-01"),
        care_row(4, care="night", since="2018-01-01", until="2019-06-30"),
        care_row(5, care="night", since="2019-01-01", until=None),
    ]
    path = write_csv(tmp_path / "year.csv", rows)
    delivery = Delivery(path, CHANGING, CARE_LISTS, Period.parse("2019"), "2020-01-05T08:00:00+00:00", synthetic=True)
    with pytest.raises(DeliveryRefused) as refusal:
        load_delivery(home.warehouse, delivery, cipher=open_person_cipher(home.root / "keys", None), quarantine=home.quarantine)
    (fault,) = refusal.value.faults
    assert [(place.row, place.value) for place in fault.places] == [(2, "'home'"), (4, "'night'")]


# Contracts and reports


def test_a_contract_cannot_tolerate_what_would_break_the_file_or_keep_what_cannot_be_stored() -> None:
    fields = CARE.model_dump(by_alias=True)
    with pytest.raises(ValidationError, match="'cut_off' is of the whole file"):
        FeedContract.model_validate({**fields, "tolerances": {"cut_off": {"refuse_above": 0.1}}})
    with pytest.raises(ValidationError, match="'bad_date' cannot be stored"):
        FeedContract.model_validate({**fields, "tolerances": {"bad_date": {"refuse_above": 0.1, "rows": "kept"}}})
    with pytest.raises(ValidationError, match="unknown columns: colour"):
        FeedContract.model_validate({**fields, "spell": {"start": "since", "end": "until", "no_overlap_by": ["colour"]}})


def test_every_fault_has_a_label_in_both_languages() -> None:
    assert set(FAULTS) == set(ORDER)
    assert all(words.lv and words.en and words.lv != words.en for words in FAULTS.values())


def test_the_report_reads_in_both_languages_and_names_no_person(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "june.csv", rows_of(200, person="7070701234"))
    receipt = home.load(path, contract=tolerant(bad_personal_code=Tolerance(refuse_above=0.01)))
    latvian, english = report_text(receipt.report), report_text(receipt.report, "en")
    assert (
        "Nav personas kods [bad_personal_code]; aile person (person); 1× [1. rinda]; 0,500\u00a0% rindu; apraksts pieļauj 1,000\u00a0%"
        in latvian
    )
    assert "rakstiet DDMMGG-NNNNN vai vienpadsmit ciparus" in latvian
    assert "The rows without faults were loaded; rows: 200, of which not loaded: 1" in english
    for text in (latvian, english, receipt.report.model_dump_json()):
        assert "7070701234" not in text
        assert not any(personal_code(number) in text for number in range(200))
