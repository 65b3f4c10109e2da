"""Each code of a fault of a delivery in words, in both languages."""

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
