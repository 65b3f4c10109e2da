"""Reads what the generators are built from: ``marginals.yaml``, ``residents.csv`` and the pack's classifications."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

AGES = 121  # single years 0 to 120, as the feeds allow
Steps = dict[int, float]


@dataclass(frozen=True)
class Benefit:
    """One line of ``benefits`` in marginals.yaml; the file's comments say what each field means."""

    status: str
    month: float | None = None
    year: float | None = None
    turnover: float = 0.0
    ages: Steps = field(default_factory=dict)
    women: float | None = None
    by_poverty: bool = False
    follows: tuple[str, ...] = ()
    share: float = 1.0
    months: tuple[int, ...] = tuple(range(1, 13))
    source: str = ""


@dataclass(frozen=True)
class History:
    """One line of ``histories.feeds`` in marginals.yaml; the file's comments say what each field means."""

    status: str
    turnover: float
    stock: float | None = None
    year: float | None = None
    ages: Steps = field(default_factory=dict)
    women: float | None = None
    by_poverty: bool = False
    amounts: Steps = field(default_factory=dict)
    household: float = 1.0
    source: str = ""

    @property
    def at_any_time(self) -> float:
        return self.stock if self.stock is not None else (self.year or 0) / (1 + 12 * self.turnover)


@dataclass(frozen=True)
class Histories:
    """Percent by year, percent, and kinds by feed and code."""

    years: tuple[int, ...]
    strangers: dict[int, float]
    other_sex: float
    feeds: dict[str, dict[str, History]]


@dataclass(frozen=True)
class Marginals:
    local_governments: tuple[str, ...]
    residents: NDArray[np.int64]
    poverty: NDArray[np.float64]
    age_shares: NDArray[np.float64]
    female_shares: NDArray[np.float64]
    moving_share: float
    disability_weights: NDArray[np.float64]
    benefits: dict[str, Benefit]
    histories: Histories


def read_marginals(pack_root: Path) -> Marginals:
    """Raises: KeyError or ValueError when the files do not fit together."""
    content = yaml.safe_load((pack_root / "synthetic" / "marginals.yaml").read_text(encoding="utf-8"))
    regions = _regions(pack_root)
    with (pack_root / "synthetic" / "residents.csv").open(encoding="utf-8", newline="") as file:
        residents = {row["local_government"]: int(row["residents"]) for row in csv.DictReader(file)}
    if set(residents) != set(regions):
        raise ValueError("residents.csv and classifications/local-governments-2021.yaml name different local governments")
    rates = np.array([content["poverty"]["percent"][regions[code]] for code in regions])
    return Marginals(
        local_governments=tuple(regions),
        residents=np.array([residents[code] for code in regions]),
        poverty=rates / np.average(rates, weights=[residents[code] for code in regions]),
        age_shares=_age_shares(content["age_shares"]),
        female_shares=by_age(content["female_share"]["percent"]) / 100,
        moving_share=content["moving_share"]["percent"] / 100,
        disability_weights=by_age(content["disability_age_weights"]["adults"]),
        benefits={code: _benefit(fields) for code, fields in content["benefits"].items()},
        histories=_histories(content["histories"]),
    )


def by_age(steps: Steps) -> NDArray[np.float64]:
    """A value for every single year of age; ages below the first step get nothing."""
    first_ages = np.array(sorted(steps))
    values = np.array([0.0, *(float(steps[age]) for age in first_ages)])
    return values[np.searchsorted(first_ages, np.arange(AGES), side="right")]


def _age_shares(content: dict[str, Any]) -> NDArray[np.float64]:
    """The share of each single year: five-year shares evenly, the open group thinning out to its last age."""
    shares, open_from = by_age(content["percent"]) / 5, max(content["percent"])
    tail = content["yearly_thinning"] ** np.arange(content["last_age"] - open_from + 1)
    shares[open_from:] = 0
    shares[open_from : content["last_age"] + 1] = tail / tail.sum() * content["percent"][open_from]
    return shares / shares.sum()


def _benefit(fields: dict[str, Any]) -> Benefit:
    lists = {name: tuple(fields[name]) for name in ("follows", "months") if name in fields}
    return Benefit(**{**fields, **lists})


def _histories(content: dict[str, Any]) -> Histories:
    feeds = {feed: {code: History(**fields) for code, fields in kinds.items()} for feed, kinds in content["feeds"].items()}
    return Histories(tuple(content["years"]), content["strangers"]["percent"], content["other_sex"]["percent"], feeds)


def _regions(pack_root: Path) -> dict[str, str]:
    """Each local government with its region, in the order of the classification."""
    path = pack_root / "classifications" / "local-governments-2021.yaml"
    codes = yaml.safe_load(path.read_text(encoding="utf-8"))["codes"]
    parents = {code.get("parent") for code in codes}
    return {code["id"]: code["parent"] for code in codes if code["id"] not in parents}
