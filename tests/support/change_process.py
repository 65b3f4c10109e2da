"""A change of the warehouse in a process of its own that can be told to kill itself, as a power cut would.

``python change_process.py HOME KIND ARGUMENT [STEP NUMBER]``: KIND is ``replace`` (ARGUMENT is the file of a delivery),
``remove`` (a day), ``delete`` (the number of a made-up person) or ``rotate`` (the folder of both shares).
STEP and NUMBER are those of ``load_process.py``, and ``unlink`` besides.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from saime.core.warehouse.contract import Retention
from saime.core.warehouse.custody import Custodians
from saime.core.warehouse.deletion import delete_person
from saime.core.warehouse.keys import SHARE_FILES, open_person_cipher
from saime.core.warehouse.retention import remove_expired
from saime.intake.master_key import AskedUse, rotate_warehouse_key
from support.load_process import die_at
from support.warehouse import CARE, Home, personal_code

CORRECTED_AT = "2019-08-01T08:00:00+00:00"
CHANGED_AT = datetime(2020, 3, 1, 8, tzinfo=UTC)
KEPT_CARE = CARE.model_copy(update={"retention": Retention(months=6)})


def replace(home: Home, file: str) -> None:
    home.load(Path(file), received_at=CORRECTED_AT, replace=True)


def remove(home: Home, day: str) -> None:
    remove_expired(home.warehouse, [KEPT_CARE], date.fromisoformat(day), at=CHANGED_AT)


def delete(home: Home, person: str) -> None:
    cipher = open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)
    number = np.array([int(personal_code(int(person)))], np.int64)
    delete_person(home.warehouse, number, cipher=cipher, legal_basis="Regula (ES) 2016/679, 17. pants", at=CHANGED_AT)


def rotate(home: Home, shares: str) -> None:
    custodians = Custodians(tuple(Path(shares) / name for name in SHARE_FILES), ("First custodian", "Second custodian"), "operator")
    rotate_warehouse_key(AskedUse(home.root, custodians, "yearly", CHANGED_AT))


KINDS: dict[str, Callable[[Home, str], None]] = {"replace": replace, "remove": remove, "delete": delete, "rotate": rotate}


def main(home: str, kind: str, argument: str, step: str = "", number: str = "0") -> None:
    if step:
        die_at(os, step.removeprefix("after-"), int(number), after=step.startswith("after-"))
    KINDS[kind](Home(Path(home)), argument)


if __name__ == "__main__":
    main(*sys.argv[1:])
