"""One dataset with everything that a cell can say, for tests of pages and files. The numbers are made up."""

from __future__ import annotations

from saime.core.model.dataset import Dataset, DataStructure, Dimension, DimensionCode
from support.example_datasets import cube, text

KINDS = (  # code, label in Latvian and English, value, obs_status, conf_status
    ("plain", "parasts", "plain", 1200, "A", "F"),
    ("zero", "nulle", "zero", 0, "A", "F"),
    ("small", "mazs", "small", None, "Q", "A"),
    ("second", "otrs", "second", None, "Q", "D"),
    ("silent", "kluss", "silent", None, "Q", "C"),
    ("none", "trūkst", "lacking", None, "O", "F"),
    ("never", "nevar", "impossible", None, "M", "F"),
    ("weak", "vājš", "weak", 37, "U", "F"),
    ("few", "retais", "few", None, "U", "F"),
    ("weak_zero", "vāja nulle", "weak zero", 0, "U", "F"),
    ("guess", "lēsts", "guessed", 41, "E", "F"),
    ("break", "lūzums", "broken", 43, "B", "F"),
)


def all_statuses() -> Dataset:
    codes = tuple(DimensionCode(id=kind[0], label=text(kind[1], kind[2])) for kind in KINDS)
    structure = DataStructure(dimensions=(Dimension(id="KIND", label=text("Veids", "Kind"), codes=codes),))
    values, obs_status, conf_status = zip(*(kind[3:] for kind in KINDS), strict=True)
    base = cube("statuses", structure.dimensions, published_by_source=True)
    return Dataset.model_validate(base.model_dump() | {"values": values, "obs_status": obs_status, "conf_status": conf_status})
