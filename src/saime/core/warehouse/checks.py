"""Every row of a delivery against its contract, a batch at a time.

Whether two rows share a key is found later, where the rows of a person meet (``merging.py``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from saime.core.model.text import Text
from saime.core.warehouse.contract import Column
from saime.core.warehouse.delivery import Delivery, DeliveryFile
from saime.core.warehouse.facts import VALID_FROM, VALID_TO
from saime.core.warehouse.faults import FaultCode, FaultLog, Rows, shown
from saime.core.warehouse.pseudonyms import OLD_FORM_CHECK_DIGIT, CheckDigitRule, Mask, Numbers, parse_personal_codes
from saime.core.warehouse.values import STORED, convert

MOST_CODES_SHOWN = 20
NO_LIMIT = Text(lv="jebkurš", en="any")
WHAT: dict[FaultCode, tuple[Text, Text]] = {
    "empty_required": (
        Text(lv="vērtība ir tukša", en="the value is empty"),
        Text(lv="aprakstā šī aile ir obligāta: aizpildiet to katrā rindā", en="the contract requires a value in every row: fill it in"),
    ),
    "bad_personal_code": (
        Text(lv="nav personas kods (vērtības nerāda)", en="not a personal code (values are not shown)"),
        Text(lv="rakstiet DDMMGG-NNNNN vai vienpadsmit ciparus", en="write DDMMYY-NNNNN or eleven digits"),
    ),
    "wrong_check_digit": (
        Text(
            lv="personas koda pēdējais cipars neatbilst pārējiem (vērtības nerāda)",
            en="the personal code's last digit does not agree with the others (values are not shown)",
        ),
        Text(lv="izlabojiet kodus", en="correct the codes"),
    ),
    "bad_date": (Text(lv="nav datums", en="not a date"), Text(lv="rakstiet GGGG-MM-DD, piemēram, 2022-06-30", en="write YYYY-MM-DD")),
    "code_not_valid": (
        Text(
            lv="klasifikatora {code_list} kods nav spēkā nevienā rindas dienā periodā {period}",
            en="the code of code list {code_list} is not valid on any day of the row within {period}",
        ),
        Text(lv="lietojiet kodu, kas tajā laikā bija spēkā", en="use the code of that time"),
    ),
    "bad_integer": (Text(lv="nav vesels skaitlis", en="not a whole number"), Text(lv="rakstiet tikai ciparus", en="write digits only")),
    "bad_amount": (
        Text(lv="nav summa", en="not an amount"),
        Text(
            lv="rakstiet ciparus un aiz punkta vai komata ne vairāk kā divus",
            en="write digits, and up to two more after a point or a comma",
        ),
    ),
    "bad_boolean": (
        Text(lv="nav ne «jā», ne «nē»", en="neither true nor false"),
        Text(lv="rakstiet true, false, 1 vai 0", en="write true, false, 1 or 0"),
    ),
    "ends_before_start": (
        Text(lv="beigu datums ir pirms sākuma datuma", en="the spell ends before it starts"),
        Text(lv="izlabojiet vienu no datumiem", en="correct one of the two dates"),
    ),
    "outside_period": (
        Text(lv="rinda pilnībā ir ārpus piegādes perioda {period}", en="the spell lies wholly outside the delivery's period {period}"),
        Text(lv="izlaidiet rindu vai izlabojiet tās datumus", en="leave the row out, or correct its dates"),
    ),
    "unknown_code": (
        Text(
            lv="koda nav klasifikatorā {code_list}; zināmie kodi: {codes}",
            en="the code is not in code list {code_list}; known codes: {codes}",
        ),
        Text(lv="izlabojiet kodus vai papildiniet klasifikatoru", en="correct the codes, or add them to the list"),
    ),
    "out_of_range": (
        Text(lv="skaitlis ir ārpus robežām", en="the number is out of range"),
        Text(
            lv="pieļauts no {minimum} līdz {maximum}; izlabojiet vērtību tās avotā",
            en="the contract takes {minimum} to {maximum}; correct the value at its source",
        ),
    ),
}


@dataclass(frozen=True)
class CheckedRows:
    """The rows of a batch that have no fault: personal codes as numbers, stored columns, and positions in the file.

    Personal codes live here, in memory, until the next step turns them into person keys.
    """

    codes: Numbers
    columns: dict[str, pa.Array]
    positions: Rows


class RowChecker:
    """Checks the batches of one delivery in order and logs each fault with the number of its data row."""

    def __init__(self, delivery: Delivery, file: DeliveryFile, log: FaultLog, rule: CheckDigitRule | None = OLD_FORM_CHECK_DIGIT) -> None:
        self._delivery, self._file, self._log, self._rule = delivery, file, log, rule
        self.rows = 0

    def check(self, batch: pa.RecordBatch) -> CheckedRows:
        """The faultless rows of the next batch."""
        first, self.rows = self.rows, self.rows + len(batch)
        sound = np.ones(len(batch), np.bool_)
        codes = self._check_person(batch, first, sound)
        columns = {column.name: self._check_column(column, batch, first, sound) for column in self._delivery.contract.fact_columns}
        self._check_spell(columns, first, sound)
        for column in self._delivery.contract.stored_columns:
            if column.type == "code":
                self._check_validity(column, columns, first, sound)
        positions = np.arange(first, self.rows, dtype=np.int64)
        if sound.all():
            return CheckedRows(codes, columns, positions)
        chosen = pa.array(sound)
        return CheckedRows(codes[sound], {name: values.filter(chosen) for name, values in columns.items()}, positions[sound])

    def _check_person(self, batch: pa.RecordBatch, first: int, sound: Mask) -> Numbers:
        column = next(column for column in self._delivery.contract.columns if column.type == "personal_code")
        values = batch.column(column.name).cast(pa.string())
        parsed = parse_personal_codes(values, self._rule)
        empty = _true(pc.or_kleene(values.is_null(), pc.equal(values, "")))
        self._note("empty_required", column, empty, first, sound)
        self._note("bad_personal_code", column, parsed.malformed & ~empty, first, sound)
        self._note("wrong_check_digit", column, parsed.wrong_check_digit, first, sound)
        return parsed.numbers

    def _check_column(self, column: Column, batch: pa.RecordBatch, first: int, sound: Mask) -> pa.Array:
        values = batch.column(column.name)
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        distinct, indices = encoded.dictionary, encoded.indices
        if pa.types.is_large_string(distinct.type) or pa.types.is_string_view(distinct.type):
            distinct = distinct.cast(pa.string())
        stored, faults = convert(column, distinct, self._delivery.code_lists.get(column.name))
        result = stored.take(indices)
        empty = np.zeros(len(batch), np.bool_)
        if column.required and result.null_count:
            empty = _true(result.is_null())
        for code, marks in faults.items():
            if marks.any():
                is_bad = _true(pa.array(marks).take(indices))
                empty &= ~is_bad
                value = None if column.type == "household" else lambda row: shown(distinct[indices[row].as_py()].as_py())
                self._note(code, column, is_bad, first, sound, value)
        self._note("empty_required", column, empty, first, sound)
        return result

    def _check_spell(self, columns: dict[str, pa.Array], first: int, sound: Mask) -> None:
        """Replace the contract's spell columns by valid_from and valid_to; without a spell they are the period's ends."""
        period, spell = self._delivery.period, self._delivery.contract.spell
        if spell is None:
            for name, day in ((VALID_FROM, period.start), (VALID_TO, period.end)):
                columns[name] = pa.repeat(pa.scalar(day, STORED["date"]), len(sound))
            return
        start, end = columns.pop(spell.start), columns.pop(spell.end)
        columns[VALID_FROM], columns[VALID_TO] = start, end
        contract = {column.name: column for column in self._delivery.contract.columns}
        backward = _true(pc.less(end, start))
        self._note("ends_before_start", contract[spell.end], backward, first, sound, lambda row: f"{start[row]} – {end[row]}")
        outside = _true(pc.less(end, period.start)) | _true(pc.greater(start, period.end))
        self._note("outside_period", contract[spell.start], outside & ~backward, first, sound, lambda row: f"{start[row]} – {end[row]}")

    def _check_validity(self, column: Column, columns: dict[str, pa.Array], first: int, sound: Mask) -> None:
        """A code is to be valid on a day on which the row holds and which is in the delivery's period."""
        period, code_list = self._delivery.period, self._delivery.code_lists[column.name]
        starts, ends = columns[VALID_FROM], columns[VALID_TO]
        for position in code_list.not_always_valid(period.start, period.end):
            since, until = code_list.valid[position]
            marks = np.zeros(len(sound), np.bool_)
            if since and since > period.start:
                marks |= True if since > period.end else _true(pc.less(ends, since))
            if until and until < period.end:
                marks |= True if until < period.start else _true(pc.greater(starts, until))
            marks &= _true(pc.equal(columns[column.name], position))
            shown_code = functools.partial(_always, shown(code_list.codes[position]))
            self._note("code_not_valid", column, marks & sound, first, sound, shown_code)

    def _note(
        self, code: FaultCode, column: Column, marks: Mask, first: int, sound: Mask, value: Callable[[int], str] | None = None
    ) -> None:
        """Log the marked rows and take them from the sound ones. ``value`` shows what stands at a place in the batch."""
        if not marks.any():
            return
        if not self._delivery.contract.keeps_rows_with(code):
            sound &= ~marks
        places = np.flatnonzero(marks)
        what, fix = (text.filled(**self._facts(column)) for text in WHAT[code])
        rows = self._file.data_rows(places.astype(np.int64) + first)
        self._log.add_rows(code, rows, what, fix, column=column.name, value=(lambda n: value(int(places[n]))) if value else None)

    def _facts(self, column: Column) -> dict[str, str | Text]:
        """What the sentences above name."""
        code_list = self._delivery.code_lists.get(column.name)
        codes = code_list.codes if code_list else ()
        listed, more = ", ".join(codes[:MOST_CODES_SHOWN]), len(codes) > MOST_CODES_SHOWN
        return {
            "period": self._delivery.period.code,
            "code_list": f"{code_list.id}({code_list.version})" if code_list else "",
            "codes": Text(lv=f"{listed} … (pavisam {len(codes)})", en=f"{listed} … ({len(codes)} in all)") if more else listed,
            "minimum": NO_LIMIT if column.minimum is None else str(column.minimum),
            "maximum": NO_LIMIT if column.maximum is None else str(column.maximum),
        }


def _always(text: str, _row: int) -> str:
    return text


def _true(marks: pa.Array) -> Mask:
    return np.asarray(marks.fill_null(False).to_numpy(zero_copy_only=False), dtype=np.bool_)
