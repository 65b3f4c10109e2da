"""Recipients of benefits and services in 2022: who receives what from which month to which, and the twelve deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .marginals import AGES, Benefit, History, Marginals, by_age
from .person_codes import person_codes
from .population import SEXES, Residents, coded, generator, write_parquet

MONTHS = 12


@dataclass(frozen=True)
class Receipts:
    """Who receives one benefit: rows of the residents, ascending and each once, with the first and the last month."""

    rows: NDArray[np.int64]
    first: NDArray[np.int8]
    last: NDArray[np.int8]
    months: tuple[int, ...]

    def in_month(self, month: int) -> NDArray[np.int64]:
        if month not in self.months:
            return self.rows[:0]
        return self.rows[(self.first <= month) & (month <= self.last)]


def make_receipts(residents: Residents, marginals: Marginals, *, seed: int, scale: float) -> dict[str, Receipts]:
    """Receipts by benefit. Benefits that follow others are made after them."""
    receipts: dict[str, Receipts] = {}
    for code, benefit in sorted(marginals.benefits.items(), key=lambda item: bool(item[1].follows)):
        rng = generator(seed, f"benefit {code}")
        made = _followers(benefit, receipts, rng) if benefit.follows else _recipients(benefit, residents, marginals, rng, scale)
        receipts[code] = made
    return {code: receipts[code] for code in marginals.benefits}


def month_table(receipts: dict[str, Receipts], residents: Residents, marginals: Marginals, month: int) -> pa.Table:
    """One row per recipient and benefit of a month, in the order of the benefits."""
    chosen = [receipt.in_month(month) for receipt in receipts.values()]
    rows = np.concatenate(chosen)
    benefit = np.repeat(np.arange(len(chosen), dtype=np.uint8), [len(part) for part in chosen])
    return pa.table(
        {
            "person_code": person_codes(residents.persons[rows]),
            "sex": coded(residents.sex[rows], SEXES),
            "age": pa.array(residents.age_in(month, rows).astype(np.int32)),
            "local_government": coded(residents.local_government_in(month, rows), marginals.local_governments),
            "benefit": coded(benefit, tuple(receipts)),
        }
    )


def write_month(receipts: dict[str, Receipts], residents: Residents, marginals: Marginals, month: int, path: Path) -> None:
    write_parquet(month_table(receipts, residents, marginals, month), path)


def _recipients(benefit: Benefit, residents: Residents, marginals: Marginals, rng: np.random.Generator, scale: float) -> Receipts:
    """Draw residents by their chance in the year; those there in January and the newcomers leave at the same rate."""
    in_year = 1 + (MONTHS - 1) * benefit.turnover  # recipients in the year for each recipient in a month
    wanted = scale * (benefit.year if benefit.year is not None else (benefit.month or 0) * in_year)
    chance = chances(benefit, residents, marginals, wanted)
    rows = np.flatnonzero(rng.random(len(residents.persons)) < chance)
    newcomer = rng.random(len(rows)) >= 1 / in_year
    first = np.where(newcomer, rng.integers(2, MONTHS + 1, len(rows)), 1)
    stay = rng.geometric(benefit.turnover, len(rows)) if benefit.turnover else np.full(len(rows), MONTHS)
    last = np.minimum(first + stay - 1, MONTHS)
    return Receipts(rows, first.astype(np.int8), last.astype(np.int8), benefit.months)


def chances(benefit: Benefit | History, residents: Residents, marginals: Marginals, wanted: float) -> NDArray[np.float64]:
    """Each resident's chance to be drawn; they add up to the persons wanted unless nobody is left to draw."""
    sex_weights = np.array([1.0, 1.0]) if benefit.women is None else np.array([benefit.women, 1 - benefit.women])
    areas = marginals.poverty if benefit.by_poverty else np.ones(len(marginals.local_governments))
    weights = areas[:, None, None] * by_age(benefit.ages)[None, :, None] * sex_weights[None, None, :]
    cells = (residents.local_government.astype(np.int64) * AGES + residents.age) * len(SEXES) + residents.sex
    persons = np.bincount(cells, minlength=weights.size).reshape(weights.shape)
    chance = weights * (wanted / (persons * weights).sum())
    return np.minimum(chance, 1).ravel()[cells]


def _followers(benefit: Benefit, receipts: dict[str, Receipts], rng: np.random.Generator) -> Receipts:
    """A share of the recipients of other benefits, each once, for as long as they receive the first of those."""
    rows, places = np.unique(np.concatenate([receipts[code].rows for code in benefit.follows]), return_index=True)
    first = np.concatenate([receipts[code].first for code in benefit.follows])[places]
    last = np.concatenate([receipts[code].last for code in benefit.follows])[places]
    kept = rng.random(len(rows)) < benefit.share
    return Receipts(rows[kept], first[kept], last[kept], benefit.months)
