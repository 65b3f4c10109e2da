"""The virtual residents at the beginning of 2022, and their delivery. A person is an index; every feed draws from the same residents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .marginals import Marginals
from .person_codes import person_codes

SEXES = ("F", "M")
NEVER = 13  # a month after the year's last


@dataclass(frozen=True)
class Residents:
    """Columns by person index. Months are 1 to 12; ``moves_in`` is NEVER for those who stay."""

    persons: NDArray[np.int64]
    local_government: NDArray[np.uint8]
    age: NDArray[np.uint8]
    sex: NDArray[np.uint8]
    birth_month: NDArray[np.uint8]
    moves_in: NDArray[np.uint8]
    moves_to: NDArray[np.uint8]

    def age_in(self, month: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.age[rows] + (self.birth_month[rows] <= month).astype(np.uint8)

    def local_government_in(self, month: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.where(self.moves_in[rows] <= month, self.moves_to[rows], self.local_government[rows])


def generator(seed: int, stream: str) -> np.random.Generator:
    """A stream of random numbers of its own for each use, so that one use does not shift another."""
    return np.random.Generator(np.random.PCG64([seed, *stream.encode()]))


def make_residents(marginals: Marginals, *, seed: int, scale: float = 1.0) -> Residents:
    """All residents, or a sample of ``scale`` of them; a sampled person has the same attributes as in the whole."""
    rng = generator(seed, "residents")
    home = np.repeat(np.arange(len(marginals.residents), dtype=np.uint8), marginals.residents)
    count = len(home)
    age = np.searchsorted(np.cumsum(marginals.age_shares), rng.random(count), side="right").astype(np.uint8)
    sex = (rng.random(count) >= marginals.female_shares[age]).astype(np.uint8)
    birth_month = rng.integers(1, 13, count, dtype=np.uint8)
    moves_in = np.where(rng.random(count) < marginals.moving_share, rng.integers(2, 13, count, dtype=np.uint8), np.uint8(NEVER))
    moves_to = _another(
        home, rng.choice(len(marginals.residents), count, p=marginals.residents / count).astype(np.uint8), len(marginals.residents)
    )
    kept = np.arange(count) if scale >= 1 else np.flatnonzero(generator(seed, "sample").random(count) < scale)
    return Residents(kept, home[kept], age[kept], sex[kept], birth_month[kept], moves_in[kept], moves_to[kept])


def write_population(residents: Residents, marginals: Marginals, path: Path) -> None:
    table = pa.table(
        {
            "person_code": person_codes(residents.persons),
            "sex": coded(residents.sex, SEXES),
            "age": pa.array(residents.age.astype(np.int32)),
            "local_government": coded(residents.local_government, marginals.local_governments),
        }
    )
    write_parquet(table, path)


def coded(positions: NDArray[np.uint8], codes: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(positions.astype(np.int8)), pa.array(codes))


def write_parquet(table: pa.Table, path: Path) -> None:
    dictionaries = [name for name in table.column_names if name != "person_code"]
    pq.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=dictionaries, write_statistics=False)


def _another(home: NDArray[np.uint8], drawn: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The drawn place, or the next one where somebody would move to where they are."""
    return np.where(drawn == home, (drawn + 1) % count, drawn).astype(np.uint8)
