"""Tidy CSV (RFC 4180, UTF-8): one row a cell, a code and a label column for each dimension.

A withheld or missing number is an empty OBS_VALUE with its OBS_STATUS, which OBS_STATUS_LABEL tells in words; an ordinary
number has no label. COMMENT_DSET repeats on every row what must not
get lost when rows travel alone: that data are synthetic, or shown as their source published them.
"""

from __future__ import annotations

import csv
import io

from saime.core.exchange.publication import short_marks
from saime.core.exchange.symbols import SYMBOLS
from saime.core.model.dataset import NORMAL, Dataset


def write_csv(dataset: Dataset, language: str) -> str:
    """Shape: a header and one row for each cell, in the order of the observations."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    dimensions = dataset.structure.dimensions
    headers = [name for d in dimensions for name in (d.id, f"{d.id}_LABEL")]
    writer.writerow([*headers, "OBS_VALUE", "OBS_STATUS", "OBS_STATUS_LABEL", "CONF_STATUS", "UNIT_MEASURE", "COMMENT_DSET"])
    labels = [{code.id: code.label.in_language(language) for code in d.codes} for d in dimensions]
    unit = dataset.metadata.unit_measure.in_language(language)
    names = {symbol.obs_status: symbol.name.in_language(language) for symbol in SYMBOLS.values() if symbol.obs_status != NORMAL}
    comment = "; ".join(mark.in_language(language) for mark in short_marks(dataset))
    observations = zip(dataset.structure.cells(), dataset.values, dataset.obs_status, dataset.conf_status, strict=True)
    for cell, value, obs_status, conf_status in observations:
        keys = [name for code, texts in zip(cell, labels, strict=True) for name in (code, texts[code])]
        number = "" if value is None else value
        writer.writerow([*keys, number, obs_status, names.get(obs_status, ""), conf_status, unit, comment])
    return target.getvalue()
