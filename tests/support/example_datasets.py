"""Small datasets with everything that the writers and pages must keep apart; the numbers are made up."""

from __future__ import annotations

from datetime import UTC, datetime

from saime.core.exchange.publication import Publication
from saime.core.model.certificate import Certificate
from saime.core.model.dataset import Dataset, DataStructure, Dimension, DimensionCode, LineageStep, Metadata
from saime.core.model.text import Text

RELEASED_AT = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)


def text(lv: str, en: str | None = None) -> Text:
    return Text(lv=lv, en=en or lv)


def code(id_: str, lv: str, en: str, parent: str | None = None) -> DimensionCode:
    return DimensionCode(id=id_, label=Text(lv=lv, en=en), parent=parent)


STATUS = Dimension(
    id="DISABILITY_STATUS",
    label=text("Invaliditātes statuss", "Disability status"),
    overlaps=True,
    codes=(
        code("all", "Personas kopā", "All persons"),
        code("children", "bērni", "children", "all"),
        code("adults", "pilngadīgie", "adults", "all"),
        code("group1", "1. grupa", "group 1", "adults"),
        code("group2", "2. grupa", "group 2", "adults"),
    ),
)
CHARACTERISTIC = Dimension(
    id="CHARACTERISTIC",
    label=text("Pazīme", "Characteristic"),
    overlaps=True,
    codes=(
        code("total", "Kopā", "Total"),
        code("sight", "redzes", "sight", "total"),
        code("hearing", "dzirdes", "hearing", "total"),
        code("working", "Strādājošie", "Working persons"),
    ),
)
MONTH = Dimension(id="TIME_PERIOD", label=text("Periods", "Period"), role="time", codes=(code("2019-06", "2019-06", "2019-06"),))

LINEAGE = (
    LineageStep(kind="legal_act", id="MK-490-2016", label=text("Noteikumi par piegādi", "Regulation on the delivery")),
    LineageStep(kind="feed", id="disability 1.0", label=text("Invaliditātes dati", "Disability data")),
    LineageStep(
        kind="delivery",
        id="2019-06",
        label=text("Jūnija piegāde", "Delivery of June"),
        digest="d1",
        at="2019-07-05T08:00:00+00:00",
        details={"rows": 1200, "synthetic": True},
    ),
    LineageStep(kind="tabulation", id="run-1", label=text("Tabula", "Table")),
    LineageStep(kind="protection", id="c-1", label=text("Slieksnis 5", "Threshold 5")),
)

VALUES = (2500, 400, 31, None, 700, 90, 0, None, 1830, 312, 31, 800, 900, None, None, 300, 950, None, None, 500)
STATUSES = ("A", "A", "A", "O", "A", "A", "A", "O", "A", "A", "A", "A", "A", "Q", "Q", "A", "A", "Q", "Q", "A")
CONFIDENTIALITY = tuple("F" if s != "Q" else "AD"[i % 2] for i, s in enumerate(STATUSES))


def disability() -> Dataset:
    """Two overlapping hierarchies; withheld, not available and zero cells; synthetic."""
    return Dataset(
        id="disability-2019-06",
        metadata=Metadata(
            title=text("Personu ar invaliditāti skaits", "Persons with disabilities"),
            unit_measure=text("personas", "persons"),
            reference_period="2019-06",
            source=text("Izdomāts reģistrs", "A made-up register"),
            notes=(
                text(
                    "Viena persona periodā var būt gan bērns, gan pilngadīgais.",
                    "One person can be both a child and an adult in the period.",
                ),
            ),
            legal_basis=("MK-490-2016",),
            synthetic=True,
            rows=("DISABILITY_STATUS",),
            columns=("CHARACTERISTIC",),
        ),
        structure=DataStructure(dimensions=(STATUS, CHARACTERISTIC, MONTH)),
        values=VALUES,
        obs_status=STATUSES,
        conf_status=CONFIDENTIALITY,
        lineage=LINEAGE,
    )


def cube(id_: str, dimensions: tuple[Dimension, ...], **metadata: object) -> Dataset:
    """A dataset over the dimensions whose values are their own positions, all published."""
    structure = DataStructure(dimensions=dimensions)
    told = {
        "title": text(f"Datu kopa {id_}", f"Dataset {id_}"),
        "unit_measure": text("personas", "persons"),
        "reference_period": "2022",
        "source": text("Izdomāts reģistrs", "A made-up register"),
    }
    return Dataset(
        id=id_,
        metadata=Metadata.model_validate(told | metadata),
        structure=structure,
        values=tuple(range(structure.size)),
        obs_status=("A",) * structure.size,
        conf_status=("F",) * structure.size,
        lineage=LINEAGE,
    )


def flat(id_: str, size: int, role: str | None = None, prefix: str = "c") -> Dimension:
    codes = tuple(code(f"{prefix}{n}", f"{id_} {prefix}{n} ķ", f"{id_} {prefix}{n}") for n in range(size))
    return Dimension.model_validate({"id": id_, "label": text(f"{id_} lv", f"{id_} en"), "codes": codes, "role": role})


def certificate(dataset: Dataset, digest: str = "0" * 64) -> Certificate:
    withheld = dataset.conf_status.count("A"), dataset.conf_status.count("D")
    return Certificate(
        kind="attack",
        dataset=dataset.id,
        dataset_digest=digest,
        valid=True,
        rules={"minimum": 5},
        method="cutting planes",
        cells=dataset.structure.size,
        withheld=sum(withheld),
        primary=withheld[0],
        secondary=withheld[1],
        narrowest_interval=12 if any(withheld) else None,
    )


def publication(dataset: Dataset) -> Publication:
    return Publication("r1", RELEASED_AT, certificate(dataset), f"https://example.org/lv/datasets/{dataset.id}")
