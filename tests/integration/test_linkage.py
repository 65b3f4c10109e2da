"""How loads link to the register: exact counts, small groups hidden, and publication that waits for an acceptance."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from saime.core.errors import BadInput, NotFound, Refused
from saime.core.model.classification import Classification
from saime.core.warehouse.contract import FeedContract, Linkage
from saime.core.warehouse.deletion import delete_person, read_personal_code
from saime.core.warehouse.facts import LoadRecord
from saime.core.warehouse.keys import open_person_cipher
from saime.core.warehouse.linkage import LinkageGroup, LinkageReport
from saime.core.warehouse.linkage_records import LinkageRecords
from support.warehouse import CARE, HEAD_COUNT, Home, care_row, personal_code, write_csv

AT = datetime(2019, 8, 1, 8, tzinfo=UTC)
LINKED = CARE.model_copy(
    update={
        "linkage": Linkage(
            register="head-count", minimum=0.9, fall=0.02, differs=0.05, agree=("sex",), by={"sex": "sex", "age": "ages", "care": "care"}
        )
    }
)


def _text(word: str) -> dict[str, str]:
    return {"lv": word, "en": word}


def _classification(name: str) -> Classification:
    codes = {
        "sex": [{"id": "F", "label": _text("F")}, {"id": "M", "label": _text("M")}],
        "care": [{"id": code, "label": _text(code)} for code in ("home", "day", "night")],
        "ages": [
            {"id": "_T", "label": _text("all")},
            {"id": "young", "parent": "_T", "label": _text("young"), "when": {"age": {"below": 50}}},
            {"id": "old", "parent": "_T", "label": _text("old"), "when": {"age": {"from": 50, "below": 100}}},
        ],
    }
    return Classification.model_validate({"id": name, "version": "1", "title": _text(name), "source": "test", "codes": codes[name]})


class Place:
    """A warehouse with a register of persons 0 to 999 and the linkage of another feed."""

    def __init__(self, root: Path, registered: Iterable[int] = range(1000)) -> None:
        self.root, self.home = root, Home(root / "home")
        self.records = LinkageRecords(self.home.warehouse, _classification)
        self.register(registered)

    def register(self, persons: Iterable[int], period: str = "2019-06", *, replace: bool = False) -> None:
        rows = [{"person": personal_code(number), "sex": "FM"[number % 2]} for number in persons]
        if rows:
            path = write_csv(self.root / f"register-{period}.csv", rows, ["person", "sex"])
            self.home.load(path, contract=HEAD_COUNT, period=period, replace=replace)

    def load(self, persons: Iterable[int], period: str = "2019-06", *, replace: bool = False, **changes: object) -> LoadRecord:
        path = write_csv(self.root / f"{period}.csv", [care_row(number, **changes) for number in persons])
        return self.home.load(path, period=period, contract=LINKED, replace=replace).record

    def report(self, record: LoadRecord, contract: FeedContract = LINKED) -> LinkageReport:
        return self.records.state(contract, record.id).report

    def check(self, *records: LoadRecord) -> None:
        self.records.check_may_publish(LINKED, records)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def group(report: LinkageReport, column: str, code: str) -> LinkageGroup:
    return next(one for one in report.groups if (one.column, one.code) == (column, code))


def test_every_person_counts_once_and_is_found_or_not(place: Place) -> None:
    path = write_csv(place.root / "june.csv", [care_row(number, care=care) for number in range(900, 1100) for care in ("home", "day")])
    report = place.report(place.home.load(path, contract=LINKED).record)
    assert (report.persons, report.matched, report.rate) == (200, 100, 0.5)


def test_groups_have_their_own_rates(place: Place) -> None:
    record = place.load([*range(600), *range(1000, 1200, 2)])  # even numbers are of sex F, and ages are the last two digits
    report = place.report(record)
    sexes, ages = [[(one.code, one.persons, one.unmatched) for one in report.groups if one.column == name] for name in ("sex", "age")]
    assert sexes == [("F", 400, None), ("M", 300, None)]  # nobody of M is missing: few, and F would tell it by subtraction
    assert ages == [("young", 350, 50), ("old", 350, 50)]
    assert group(report, "age", "old").rate == round(300 / 350, 6)


def test_small_groups_have_no_figures_and_cannot_be_found_by_subtraction(place: Place) -> None:
    path = write_csv(
        place.root / "june.csv",
        [care_row(n, care="night" if n < 7 else "day" if n < 100 else "home") for n in range(500)]
        + [care_row(n) for n in range(1000, 1040)],
    )
    report = place.report(place.home.load(path, contract=LINKED).record)
    assert {one.code: one.persons for one in report.groups if one.column == "care"} == {"home": 440, "day": None, "night": None}
    assert all(one.rate is None and one.unmatched is None for one in report.groups if one.persons is None)


def test_an_empty_value_is_a_group_of_its_own(place: Place) -> None:
    report = place.report(place.load(range(100), care=None))
    assert group(report, "care", "_U").persons == 100


def test_persons_of_another_sex_than_in_the_register_are_told_and_stop_publication(place: Place) -> None:
    record = place.load(range(100), sex="F")
    report = place.report(record)
    assert [(one.column, one.share) for one in report.differences] == [("sex", 0.5)]
    assert [breach.kind for breach in report.breaches] == ["differs"]
    with pytest.raises(Refused, match=r"50\.00% of the matched persons hold another sex than the register, and 5\.00% may"):
        place.check(record)


def test_a_load_within_its_limits_may_be_published(place: Place) -> None:
    place.check(place.load(range(50, 1050)))


def test_a_rate_below_the_minimum_stops_publication_and_is_told_with_a_remedy(place: Place) -> None:
    record = place.load(range(200, 1100))
    with pytest.raises(Refused) as refusal:
        place.check(record)
    told = str(refusal.value)
    for said in (record.id, "88.89%", "90.00%", "head-count", "2019-06", "saime linkage accept"):
        assert said in told


def test_a_fall_beyond_the_limit_stops_publication_although_the_rate_is_high(place: Place) -> None:
    first, second = place.load(range(1000), "2019-05"), place.load(range(30, 1030), "2019-06")
    assert place.report(second).previous_load == first.id
    with pytest.raises(Refused, match=r"97\.00%, 100\.00% in .*fell by 3\.00 percentage points, and 2\.00 are allowed"):
        place.check(first, second)
    place.check(first)


def test_the_load_before_is_that_of_the_period_before_in_whatever_order_they_come(place: Place) -> None:
    later = place.load(range(1000), "2019-06")
    assert place.report(later).previous_load is None
    earlier = place.load(range(50, 1050), "2019-04")
    assert (place.report(later).previous_load, place.report(later).previous_rate) == (earlier.id, 0.95)


def test_a_correction_is_compared_with_what_it_corrects(place: Place) -> None:
    place.load(range(50, 1050), "2019-05")
    first = place.load(range(1000), "2019-06")
    place.report(first)
    corrected = place.load(range(40, 1040), "2019-06", replace=True)
    assert (place.report(corrected).previous_load, place.report(corrected).previous_rate) == (first.id, 1.0)


def test_an_accepted_load_may_be_published_and_the_record_says_who_when_and_why(place: Place) -> None:
    record = place.load(range(200, 1100))
    place.records.accept(LINKED, record.id, by="Anna", reason="The register was late", at=AT)
    place.check(record)
    acceptance = place.records.state(LINKED, record.id).acceptance
    assert (acceptance.by, acceptance.at, acceptance.reason) == ("Anna", "2019-08-01T08:00:00+00:00", "The register was late")
    assert acceptance.report_digest == place.report(record).digest


def test_a_new_load_needs_a_new_acceptance(place: Place) -> None:
    place.records.accept(LINKED, place.load(range(200, 1100)).id, by="Anna", reason="late", at=AT)
    with pytest.raises(Refused):
        place.check(place.load(range(210, 1110), replace=True))


def test_a_new_register_needs_a_new_acceptance(place: Place) -> None:
    record = place.load(range(200, 1100))
    place.records.accept(LINKED, record.id, by="Anna", reason="late", at=AT)
    place.register(range(990), replace=True)
    with pytest.raises(Refused, match=r"87\.78%"):
        place.check(record)
    place.register(range(1100), replace=True)
    place.check(record)


def test_the_register_of_the_time_is_taken(tmp_path: Path) -> None:
    place = Place(tmp_path, registered=())
    place.register(range(500), "2018-04")
    place.register(range(1000), "2018-06")
    place.register(range(800), "2018-08")
    periods = ("2018-03", "2018-05", "2018-06", "2018-07", "2018-12")
    reports = [place.report(place.load(range(1000), period, since="2018-01-01")) for period in periods]
    assert [report.matched for report in reports] == [500, 500, 1000, 1000, 800]


def test_without_a_register_publication_stops_until_there_is_one(tmp_path: Path) -> None:
    place = Place(tmp_path, registered=())
    record = place.load(range(100))
    with pytest.raises(Refused, match="no register is loaded"):
        place.check(record)
    place.register(range(100))
    place.check(record)


def test_a_report_is_made_once_and_made_again_if_it_is_damaged(place: Place) -> None:
    record = place.load(range(100))
    path = place.records.root / f"{record.id}.json"
    report = place.report(record)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"matched": 100', b'"matched": 099', 1))  # no JSON any more
    assert place.report(record) == report
    assert path.read_bytes() == content


def test_an_acceptance_needs_a_name_and_a_reason_without_a_personal_code(place: Place) -> None:
    record = place.load(range(200, 1100))
    for by, reason in (("", "late"), ("Anna", " "), ("Anna", f"only {personal_code(3)} is missing"), (personal_code(3, dash=True), "late")):
        with pytest.raises(BadInput) as refusal:
            place.records.accept(LINKED, record.id, by=by, reason=reason, at=AT)
        assert personal_code(3) not in str(refusal.value)
        assert personal_code(3, dash=True) not in str(refusal.value)


def test_what_needs_no_acceptance_cannot_be_accepted(place: Place) -> None:
    with pytest.raises(Refused, match="nothing to accept"):
        place.records.accept(LINKED, place.load(range(100)).id, by="Anna", reason="late", at=AT)
    with pytest.raises(NotFound, match="no such load"):
        place.records.accept(LINKED, "care-2019-06-000000000000", by="Anna", reason="late", at=AT)


def test_a_partition_whose_last_person_was_deleted_is_empty_and_no_trouble(tmp_path: Path) -> None:
    place = Place(tmp_path, registered=[1])
    record = place.load([1])
    cipher = open_person_cipher(place.home.root / "keys", place.home.warehouse.key_fingerprint)
    (tmp_path / "person.txt").write_text(personal_code(1))
    delete_person(place.home.warehouse, read_personal_code(tmp_path / "person.txt"), cipher=cipher, legal_basis="request 1", at=AT)
    report = place.report(record)
    assert (report.persons, report.matched, report.rate, report.groups) == (0, 0, 1.0, ())


def test_a_feed_without_linkage_is_published_as_it_is(place: Place) -> None:
    record = place.load(range(5000, 5100))
    place.records.check_may_publish(CARE, [record])
    assert place.records.states(CARE) == ()


def test_no_report_holds_a_personal_code_or_a_key(place: Place) -> None:
    record = place.load(range(950, 1050))
    content = (place.records.root / f"{record.id}.json").read_text() if place.report(record) else ""
    assert content
    assert not any(personal_code(number) in content for number in range(950, 1050))
