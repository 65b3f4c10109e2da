"""A small release in a folder: real tables through protection and the release store, made of invented persons."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from saime.core.model.certificate import Certificate
from saime.core.model.dataset import Dataset, DataStructure, Dimension, FrequencyTable, Metadata
from saime.core.protection import ProtectedDataset, certify_published_by_source, protect
from saime.core.releases.reader import Release
from saime.core.releases.store import ReleaseStore
from saime.core.tabulation.plan import ThresholdProtection
from support.example_datasets import LINEAGE, RELEASED_AT, code, flat, text

SEX = Dimension(
    id="SEX",
    label=text("Dzimums", "Sex"),
    codes=(code("_T", "kopā", "total"), code("F", "sievietes", "women", "_T"), code("M", "vīrieši", "men", "_T")),
)
AREA = Dimension(
    id="REF_AREA",
    label=text("Teritorija", "Area"),
    role="geo",
    codes=(
        code("_T", "Latvija", "Latvia"),
        code("NORTH", "Ziemeļi", "North", "_T"),
        code("0001000", "Rīga", "Rīga", "NORTH"),
        code("0004000", "Jūrmala", "Jūrmala", "NORTH"),
        code("SOUTH", "Dienvidi", "South", "_T"),
        code("0034000", "Ķekavas novads", "Ķekava Municipality", "SOUTH"),
        code("0039000", "Mārupes novads", "Mārupe Municipality", "SOUTH"),
        code("0041000", "Olaines novads", "Olaine Municipality", "SOUTH"),
    ),
)
YEAR = Dimension(id="TIME_PERIOD", label=text("Periods", "Period"), role="time", codes=(code("2022", "2022", "2022"),))
COUNTS = {"0001000": (600, 500), "0004000": (80, 3), "0034000": (40, 30), "0039000": (0, 25), "0041000": (20, 90)}  # women, men
MONTHS = Dimension(
    id="TIME_PERIOD",
    label=text("Periods", "Period"),
    role="time",
    codes=tuple(code(f"2022-0{m}", f"2022-0{m}", f"2022-0{m}") for m in range(1, 7)),
)


def metadata(lv: str, en: str, **told: object) -> Metadata:
    base = {
        "title": text(lv, en),
        "unit_measure": text("personas", "persons"),
        "reference_period": "2022",
        "source": text("Izdomāts avots", "Made-up source"),
    }
    return Metadata.model_validate(base | {"synthetic": True} | told)


def counted(dataset: str, dimensions: tuple[Dimension, ...], leaves: dict[tuple[str, ...], int]) -> FrequencyTable:
    """An additive table: each cell is the sum of its leaf cells."""
    structure = DataStructure(dimensions=dimensions)
    counts = dict.fromkeys(structure.cells(), 0)
    for leaf, count in leaves.items():
        for cell in product(*(_line(d, code_id) for d, code_id in zip(dimensions, leaf, strict=True))):
            counts[cell] += count
    return FrequencyTable(dataset=dataset, structure=structure, values=tuple(counts.values()))


def _line(dimension: Dimension, code_id: str) -> list[str]:
    parents = {c.id: c.parent for c in dimension.codes}
    line = [code_id]
    while (parent := parents[line[-1]]) is not None:
        line.append(parent)
    return line


def recipients() -> ProtectedDataset:
    """Areas by sex with one small count, so that something is withheld, and a true zero."""
    leaves = {(area, sex, "2022"): count for area, pair in COUNTS.items() for sex, count in zip("FM", pair, strict=True)}
    told = metadata(
        "Saņēmēji pēc teritorijas",
        "Recipients by area",
        rows=("REF_AREA",),
        columns=("SEX",),
        chart={"kind": "map", "dimension": "REF_AREA"},
    )
    return protect(counted("recipients-2022", (AREA, SEX, YEAR), leaves), ThresholdProtection(minimum=5), told, LINEAGE[:-1])


def monthly() -> ProtectedDataset:
    leaves = {(sex, month.id): 100 + 10 * place for sex in "FM" for place, month in enumerate(MONTHS.codes)}
    told = metadata("Saņēmēji pēc mēneša", "Recipients by month", chart={"kind": "line", "dimension": "TIME_PERIOD"})
    return protect(counted("monthly-2022", (SEX, MONTHS), leaves), ThresholdProtection(minimum=5), told, LINEAGE[:-1])


def large() -> ProtectedDataset:
    """More cells than a page shows; the deepest level of one dimension goes first."""
    towns = tuple(code(f"t{n}", f"pilsēta {n}", f"town {n}", f"r{n % 4}") for n in range(40))
    regions = tuple(code(f"r{n}", f"reģions {n}", f"region {n}", "_T") for n in range(4))
    places = Dimension(id="PLACE", label=text("Vieta", "Place"), codes=(code("_T", "kopā", "total"), *regions, *towns))
    ages = flat("AGE", 30, prefix="a")
    leaves = {(town.id, age.id, sex): 7 for town in towns for age in ages.codes for sex in "FM"}
    return protect(
        counted("large-2022", (places, ages, SEX), leaves),
        ThresholdProtection(minimum=5),
        metadata("Liela tabula", "Large table"),
        LINEAGE[:-1],
    )


def printed() -> ProtectedDataset:
    """Figures as their source printed them, with a small count."""
    told = metadata("Avota tabula", "Table of the source", synthetic=False, published_by_source=True)
    structure = DataStructure(dimensions=(SEX, YEAR))
    dataset = Dataset(
        id="printed-2022",
        metadata=told,
        structure=structure,
        values=(9, 7, 2),
        obs_status=("A",) * 3,
        conf_status=("F",) * 3,
        lineage=LINEAGE[:1],
    )
    certificate: Certificate = certify_published_by_source(dataset)
    return ProtectedDataset(dataset, certificate)


def publish(root: Path) -> Release:
    """The release of all of them."""
    store = ReleaseStore(root)
    everything = [recipients(), monthly(), large(), printed()]
    return store.publish({one.dataset.id: store.add(one) for one in everything}, released_at=RELEASED_AT)
