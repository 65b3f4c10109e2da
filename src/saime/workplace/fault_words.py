"""Each code of a fault of a delivery in words that a data steward can act on; the details beside them are English."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

FAULT_NAMES = {
    "empty_file": _("The file is empty"),
    "damaged_file": _("The file is damaged or of another kind"),
    "not_utf8": _("The text is in no encoding that we read"),
    "duplicate_column": _("The header names a column twice"),
    "other_feed": _("The file belongs to another feed"),
    "missing_column": _("A column is missing"),
    "extra_column": _("A column does not belong to the feed"),
    "wrong_column_type": _("A column is stored as the wrong type"),
    "no_rows": _("There are no rows under the header"),
    "wrong_field_count": _("Rows have more or fewer values than the header"),
    "cut_off": _("The file ends in the middle of a row"),
    "empty_required": _("A required value is empty"),
    "bad_personal_code": _("A personal code is not well formed"),
    "wrong_check_digit": _("The check digit of a personal code is wrong"),
    "unknown_code": _("A code is not in the classification"),
    "bad_date": _("A date is not well formed"),
    "bad_integer": _("A number is not a whole number"),
    "out_of_range": _("A number is outside the range allowed"),
    "bad_boolean": _("A value is neither yes nor no"),
    "ends_before_start": _("A spell ends before it starts"),
    "outside_period": _("A spell lies outside the period of the delivery"),
    "duplicate_key": _("The same row is delivered twice"),
    "bad_amount": _("An amount is not well formed"),
    "code_not_valid": _("A code was not in force at that time"),
    "overlapping_spells": _("Spells of one person overlap"),
    "differs_within_person": _("One person has different values where there may be only one"),
}
_SAVE_AGAIN = _("Save the file anew as CSV in UTF-8, Parquet or XLSX, and deliver the whole of it.")
_CORRECT = _("Correct the value at its source and deliver the file again.")
_HEADER = _("Name in the header exactly the columns of the feed's contract.")
FAULT_REMEDIES = {
    "empty_file": _("Check that the export was finished, and deliver the file again."),
    "damaged_file": _SAVE_AGAIN,
    "not_utf8": _("Save the whole file in one encoding: UTF-8 or Windows-1257."),
    "duplicate_column": _HEADER,
    "other_feed": _("Choose the right feed, or the right file."),
    "missing_column": _HEADER,
    "extra_column": _HEADER,
    "wrong_column_type": _("Store personal codes and codes as text, and the rest as the feed's contract says."),
    "no_rows": _("Check that the export was finished, and deliver the file again."),
    "wrong_field_count": _("Check separators, quotes and line ends in these rows."),
    "cut_off": _("Deliver the whole file."),
    "empty_required": _CORRECT,
    "bad_personal_code": _CORRECT,
    "wrong_check_digit": _CORRECT,
    "unknown_code": _("Use a code of the classification that the feed's contract names."),
    "bad_date": _("Write dates as year-month-day: 2022-06-30."),
    "bad_integer": _CORRECT,
    "out_of_range": _CORRECT,
    "bad_boolean": _("Write true or false, 1 or 0."),
    "ends_before_start": _CORRECT,
    "outside_period": _("Deliver only rows of this period, or choose the right period."),
    "duplicate_key": _("Deliver each row once."),
    "bad_amount": _CORRECT,
    "code_not_valid": _("Use a code of the classification that was in force at that time."),
    "overlapping_spells": _CORRECT,
    "differs_within_person": _CORRECT,
}
