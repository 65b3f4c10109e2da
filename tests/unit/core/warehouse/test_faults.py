"""How faults are counted and shown."""

from __future__ import annotations

import numpy as np
import pytest

from saime.core.model.text import Text
from saime.core.warehouse.faults import FaultLog, Place, hide_personal_codes, shown

NOT_A_DATE, MEND = Text(lv="nav datums", en="not a date"), Text(lv="labojiet", en="mend")


@pytest.mark.parametrize("value", ["70707012345", "707070-12345", "7070712345", "707071234", 70707012345, "code 707070-12345 of J."])
def test_a_value_that_could_be_a_personal_code_is_not_shown(value: object) -> None:
    text = shown(value)
    assert not any(character.isdigit() for character in text)


def test_other_values_are_shown_and_cut_to_forty_characters() -> None:
    assert shown("2019-02-30") == "'2019-02-30'"
    assert shown("x" * 40) == f"'{'x' * 40}'"
    assert shown("x" * 41) == f"'{'x' * 39}…'"


def test_a_file_name_keeps_its_dates_and_loses_its_personal_codes() -> None:
    assert hide_personal_codes("care-20190701-123456.csv") == "care-20190701-123456.csv"
    assert hide_personal_codes("care-707070-12345.csv") == "care-***********.csv"
    assert hide_personal_codes("70707012345.csv") == "***********.csv"


def test_a_fault_counts_all_rows_and_keeps_the_first_five() -> None:
    log = FaultLog()
    log.add_rows("bad_date", np.array([3, 9]), NOT_A_DATE, MEND, column="since", value=lambda n: f"v{n}")
    log.add_rows("bad_date", np.arange(10, 100), NOT_A_DATE, MEND, column="since")
    (fault,) = log.faults
    assert fault.count == 92
    assert [place.row for place in fault.places] == [3, 9, 10, 11, 12]
    assert str(fault) == "bad_date: column since: not a date [92 rows: row 3 (v0), row 9 (v1), row 10, row 11, row 12, …]; mend"


def test_places_that_come_late_but_lie_early_are_kept() -> None:
    log = FaultLog()
    for rows in ([50, 60, 70], [10, 20], [5, 80]):
        log.add("duplicate_key", NOT_A_DATE, MEND, count=len(rows), places=[Place(row=row) for row in rows])
    assert [place.row for place in log.faults[0].places] == [5, 10, 20, 50, 60]
    assert log.faults[0].count == 7


def test_faults_of_the_file_come_before_those_of_rows() -> None:
    log = FaultLog()
    log.add("duplicate_key", NOT_A_DATE, MEND)
    log.add("missing_column", NOT_A_DATE, MEND, column="b")
    assert [fault.code for fault in log.faults] == ["missing_column", "duplicate_key"]


def test_no_rows_are_no_fault() -> None:
    log = FaultLog()
    log.add_rows("bad_date", np.array([], np.int64), NOT_A_DATE, MEND)
    assert not log
