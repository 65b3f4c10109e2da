"""Each code of a fault of a delivery in words: what it is, and what its sender can do about it, in both languages."""

from __future__ import annotations

from saime.core.model.text import Text
from saime.core.warehouse.faults import FaultCode

FAULTS: dict[FaultCode, Text] = {
    "empty_file": Text(lv="Tukšs fails", en="Empty file"),
    "damaged_file": Text(lv="Bojāts fails", en="Damaged file"),
    "not_utf8": Text(lv="Nezināms rakstzīmju kodējums", en="Unknown character encoding"),
    "duplicate_column": Text(lv="Aile ir divreiz", en="Column given twice"),
    "other_feed": Text(lv="Citas datu plūsmas fails", en="File of another feed"),
    "missing_column": Text(lv="Trūkst ailes", en="Missing column"),
    "extra_column": Text(lv="Lieka aile", en="Extra column"),
    "wrong_column_type": Text(lv="Nepareizs ailes tips", en="Wrong type of column"),
    "no_rows": Text(lv="Nav nevienas rindas", en="No rows"),
    "wrong_field_count": Text(lv="Nepareizs lauku skaits rindā", en="Wrong number of fields in a row"),
    "cut_off": Text(lv="Fails ir aprauts", en="File is cut off"),
    "empty_required": Text(lv="Nav aizpildīta obligāta vērtība", en="Required value is empty"),
    "bad_personal_code": Text(lv="Nav personas kods", en="Not a personal code"),
    "wrong_check_digit": Text(lv="Nepareizs personas koda kontrolcipars", en="Wrong check digit of a personal code"),
    "unknown_code": Text(lv="Nezināms kods", en="Unknown code"),
    "code_not_valid": Text(lv="Kods attiecīgajā laikā nav spēkā", en="Code not valid at that time"),
    "bad_date": Text(lv="Nav datums", en="Not a date"),
    "bad_integer": Text(lv="Nav vesels skaitlis", en="Not a whole number"),
    "bad_amount": Text(lv="Nav summa", en="Not an amount"),
    "out_of_range": Text(lv="Skaitlis ārpus robežām", en="Number out of range"),
    "bad_boolean": Text(lv="Nav ne «jā», ne «nē»", en="Neither true nor false"),
    "ends_before_start": Text(lv="Periods beidzas pirms sākuma", en="Spell ends before it starts"),
    "outside_period": Text(lv="Periods ir ārpus piegādes perioda", en="Spell outside the delivery's period"),
    "duplicate_key": Text(lv="Atkārtota rinda", en="Duplicate row"),
    "differs_within_person": Text(lv="Vienai personai dažādas vērtības", en="One person with different values"),
    "overlapping_spells": Text(lv="Vienas personas periodi pārklājas", en="Overlapping spells of one person"),
}

_EXPORT = Text(
    lv="Pārbaudiet, vai izguve bija pabeigta, un piegādājiet failu vēlreiz.",
    en="Check that the export was finished, and deliver the file again.",
)
_SAVE_AGAIN = Text(
    lv="Saglabājiet failu no jauna kā CSV (UTF-8), Parquet vai XLSX un piegādājiet to pilnībā.",
    en="Save the file anew as CSV in UTF-8, Parquet or XLSX, and deliver the whole of it.",
)
_CORRECT = Text(
    lv="Izlabojiet vērtību tās avotā un piegādājiet failu vēlreiz.", en="Correct the value at its source and deliver the file again."
)
_HEADER = Text(
    lv="Galvenē nosauciet tieši tās ailes, kas ir datu plūsmas aprakstā.",
    en="Name in the header exactly the columns of the feed's contract.",
)
REMEDIES: dict[FaultCode, Text] = {
    "empty_file": _EXPORT,
    "damaged_file": _SAVE_AGAIN,
    "not_utf8": Text(
        lv="Saglabājiet visu failu vienā kodējumā: UTF-8 vai Windows-1257.",
        en="Save the whole file in one encoding: UTF-8 or Windows-1257.",
    ),
    "duplicate_column": _HEADER,
    "other_feed": Text(lv="Izvēlieties pareizo datu plūsmu vai pareizo failu.", en="Choose the right feed, or the right file."),
    "missing_column": _HEADER,
    "extra_column": _HEADER,
    "wrong_column_type": Text(
        lv="Personas kodus un kodus glabājiet kā tekstu, pārējo – kā noteikts datu plūsmas aprakstā.",
        en="Store personal codes and codes as text, and the rest as the feed's contract says.",
    ),
    "no_rows": _EXPORT,
    "wrong_field_count": Text(
        lv="Pārbaudiet šajās rindās atdalītājus, pēdiņas un rindu beigas.", en="Check separators, quotes and line ends in these rows."
    ),
    "cut_off": Text(lv="Piegādājiet visu failu.", en="Deliver the whole file."),
    "empty_required": _CORRECT,
    "bad_personal_code": _CORRECT,
    "wrong_check_digit": _CORRECT,
    "unknown_code": Text(
        lv="Lietojiet kodu no klasifikatora, kas nosaukts datu plūsmas aprakstā.",
        en="Use a code of the classification that the feed's contract names.",
    ),
    "code_not_valid": Text(
        lv="Lietojiet klasifikatora kodu, kas tajā laikā bija spēkā.", en="Use a code of the classification that was in force at that time."
    ),
    "bad_date": Text(lv="Rakstiet datumus kā gads-mēnesis-diena: 2022-06-30.", en="Write dates as year-month-day: 2022-06-30."),
    "bad_integer": _CORRECT,
    "bad_amount": _CORRECT,
    "out_of_range": _CORRECT,
    "bad_boolean": Text(lv="Rakstiet true vai false, 1 vai 0.", en="Write true or false, 1 or 0."),
    "ends_before_start": _CORRECT,
    "outside_period": Text(
        lv="Piegādājiet tikai šī perioda rindas vai izvēlieties pareizo periodu.",
        en="Deliver only rows of this period, or choose the right period.",
    ),
    "duplicate_key": Text(lv="Piegādājiet katru rindu vienreiz.", en="Deliver each row once."),
    "differs_within_person": _CORRECT,
    "overlapping_spells": _CORRECT,
}
