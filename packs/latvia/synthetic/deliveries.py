"""The pack's synthetic deliveries. Load this file by its path; it finds its neighbours itself.

    python packs/latvia/synthetic/deliveries.py FOLDER [SCALE]

writes them all into a folder.
"""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .benefits import Receipts
    from .delivery import SyntheticDelivery
    from .histories import Spells
    from .marginals import Marginals
    from .population import Residents

DISABILITY_MONTH, YEAR = "2019-06", "2022"
HISTORIES = {"pensions": "parquet", "unemployment": "parquet", "municipal-assistance": "csv", "care-residents": "csv"}


def deliveries(pack_root: Path, *, scale: float = 1.0, seed: int = 2019) -> list[SyntheticDelivery]:
    """Every delivery of the demonstration, ready to be written. ``scale`` shrinks all but the disability delivery."""
    if not 0 < scale <= 1:
        raise ValueError(f"scale is {scale}; give a number above 0 and up to 1")
    delivery = _neighbour("delivery")
    source = _Source(pack_root, scale, seed)
    suffix = f"seed{seed}-scale{scale:g}"
    made = [
        delivery.SyntheticDelivery(
            f"disability-{DISABILITY_MONTH}-seed{seed}", "disability", DISABILITY_MONTH, "csv", source.write_disability
        ),
        delivery.SyntheticDelivery(f"population-{YEAR}-{suffix}", "population", YEAR, "parquet", source.write_population),
    ]
    for month in range(1, 13):
        period = f"{YEAR}-{month:02d}"
        write = functools.partial(source.write_benefits, month)
        made.append(delivery.SyntheticDelivery(f"benefits-{period}-{suffix}", "benefits", period, "parquet", write))
    for feed, format_ in HISTORIES.items():
        for year in source.marginals.histories.years:
            write = functools.partial(source.write_history, feed, year)
            made.append(delivery.SyntheticDelivery(f"{feed}-{year}-{suffix}", feed, str(year), format_, write))
    return made


class _Source:
    """What the deliveries share, made when the first of them is written."""

    def __init__(self, pack_root: Path, scale: float, seed: int) -> None:
        self.pack_root, self.scale, self.seed = pack_root, scale, seed
        self.histories: dict[str, Spells] = {}

    @functools.cached_property
    def marginals(self) -> Marginals:
        return _neighbour("marginals").read_marginals(self.pack_root)

    @functools.cached_property
    def residents(self) -> Residents:
        return _neighbour("population").make_residents(self.marginals, seed=self.seed, scale=self.scale)

    @functools.cached_property
    def receipts(self) -> dict[str, Receipts]:
        return _neighbour("benefits").make_receipts(self.residents, self.marginals, seed=self.seed, scale=self.scale)

    def write_disability(self, path: Path) -> None:
        kinds, disability, population = _neighbour("disability_kinds"), _neighbour("disability"), _neighbour("population")
        target = kinds.read_target(self.pack_root / "datasets" / "disability_table_2019_06.json")
        people = disability.people_of(population.make_residents(self.marginals, seed=self.seed), self.marginals)
        rng = population.generator(self.seed, "disability")
        spells = disability.make_spells(kinds.count_kinds(target), people, disability.Month.of(DISABILITY_MONTH), rng)
        disability.write_spells(spells, path)

    def write_history(self, feed: str, year: int, path: Path) -> None:
        histories = _neighbour("histories")
        if feed not in self.histories:
            made = histories.make_history(feed, self.residents, self.marginals, seed=self.seed, scale=self.scale)
            self.histories = {feed: made}  # one at a time: feeds come one after another
        histories.write_year(feed, self.histories[feed], self.residents, self.marginals, year, path)

    def write_population(self, path: Path) -> None:
        _neighbour("population").write_population(self.residents, self.marginals, path)

    def write_benefits(self, month: int, path: Path) -> None:
        _neighbour("benefits").write_month(self.receipts, self.residents, self.marginals, month, path)


def _neighbour(name: str) -> ModuleType:
    """A module of this folder, imported as part of a package that is made on the spot."""
    folder = Path(__file__).resolve().parent
    package = f"saime_pack_{folder.parent.name}_synthetic"
    if package not in sys.modules:
        module = ModuleType(package)
        module.__path__ = [str(folder)]
        sys.modules[package] = module
    return importlib.import_module(f"{package}.{name}")


def _write_all(folder: Path, scale: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for delivery in deliveries(Path(__file__).resolve().parent.parent, scale=scale):
        path = folder / f"{delivery.name}.{delivery.format}"
        delivery.write(path)
        print(f"{path.name}  {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    _write_all(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.0)
