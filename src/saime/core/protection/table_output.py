"""A protected table as a CSV file: the cells of the file in their order, then the margins that were added up."""

from __future__ import annotations

import csv
import io

import numpy as np

from saime.core.model.dataset import CONFIDENTIAL, FREE, NORMAL, SECONDARY, WITHHELD
from saime.core.protection.table_protection import TableProtection

COUNT = "OBS_VALUE"  # the value's column where records are counted


def write_protected(protection: TableProtection) -> str:
    """Columns: the dimensions, the value (empty where withheld), OBS_STATUS, CONF_STATUS and SUPPRESSION.

    Other columns of the file are left out: frequencies and contributions would tell what is withheld. With ``reasons: false`` nothing
    tells primary cells from secondary ones.
    """
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    reasons = protection.spec.reasons
    writer.writerow([*protection.dimension_names, protection.spec.value or COUNT, "OBS_STATUS", "CONF_STATUS", *["SUPPRESSION"] * reasons])
    decimals = round(-np.log10(protection.contents.unit))
    for place in _order(protection):
        cell, value = protection.cells.codes[place], protection.contents.values[place]
        if not protection.pattern.withheld[place]:
            writer.writerow([*cell, f"{value:.{decimals}f}", NORMAL, FREE, *[""] * reasons])
        elif not reasons:
            writer.writerow([*cell, "", WITHHELD, CONFIDENTIAL])
        elif reason := protection.primary.reasons[place]:
            writer.writerow([*cell, "", WITHHELD, reason, "primary"])
        else:
            writer.writerow([*cell, "", WITHHELD, SECONDARY, "secondary"])
    return target.getvalue()


def _order(protection: TableProtection) -> list[int]:
    given = protection.cells.of_rows(protection.file).tolist() if protection.spec.rows == "cells" else []
    return list(dict.fromkeys([*given, *range(protection.cells.size)]))
