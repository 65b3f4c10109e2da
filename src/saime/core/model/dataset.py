"""Data structure, the inside frequency table, the outside dataset and its lineage.

Observations are dense and row-major over the dimensions in order (the last dimension varies fastest).
Status codes are SDMX's CL_OBS_STATUS and CL_CONF_STATUS (docs/reference/symbols.md).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import product
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from saime.core.model.text import Text

NORMAL, WITHHELD, NOT_AVAILABLE, ESTIMATED, BREAK = "A", "Q", "O", "E", "B"  # CL_OBS_STATUS
NOT_APPLICABLE, UNRELIABLE = "M", "U"  # of the same list: there can be no value; too few observations to rely on it
WITH_VALUE, WITHOUT_VALUE = (NORMAL, ESTIMATED, BREAK), (WITHHELD, NOT_AVAILABLE, NOT_APPLICABLE)  # U may be either
FREE, PRIMARY, SECONDARY, CONFIDENTIAL = "F", "A", "D", "C"  # CL_CONF_STATUS: free; small counts; secondary; no reason given


class _Frozen(BaseModel):
    """An error never repeats its input: that may be a value that is to be withheld."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DimensionCode(_Frozen):
    id: str
    label: Text
    parent: str | None = None
    note: Text | None = None


class Dimension(_Frozen):
    """One dimension with its codes in presentation order.

    ``overlaps`` says that one person may be in several children of a parent, so that
    ``max(children) <= parent <= sum(children)`` holds and ``parent = sum(children)`` does not.
    ``exhaustive`` says that every person of a parent is in at least one of its children.
    """

    id: str
    label: Text
    codes: tuple[DimensionCode, ...]
    overlaps: bool = False
    exhaustive: bool = True
    role: Literal["time", "geo"] | None = None

    @functools.cached_property
    def positions(self) -> dict[str, int]:
        return {code.id: position for position, code in enumerate(self.codes)}

    @functools.cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """Each parent code with its children, in presentation order."""
        found: dict[str, list[str]] = {}
        for code in self.codes:
            if code.parent is not None:
                found.setdefault(code.parent, []).append(code.id)
        return {parent: tuple(children) for parent, children in found.items()}


class DataStructure(_Frozen):
    dimensions: tuple[Dimension, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(dimension.codes) for dimension in self.dimensions)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @functools.cached_property
    def strides(self) -> tuple[int, ...]:
        steps = [1]
        for length in reversed(self.shape[1:]):
            steps.append(steps[-1] * length)
        return tuple(reversed(steps))

    def cells(self) -> Iterator[tuple[str, ...]]:
        """Every cell as its tuple of codes, in the order of the observations."""
        return product(*([code.id for code in dimension.codes] for dimension in self.dimensions))

    def position(self, cell: Sequence[str]) -> int:
        """Where the cell stands among the observations. Raises: KeyError for an unknown code."""
        pairs = zip(self.dimensions, cell, self.strides, strict=True)
        return sum(dimension.positions[code] * stride for dimension, code, stride in pairs)


class FrequencyTable(_Frozen):
    """Inside: exact counts of distinct persons by cell. Never leaves production.

    Unit: persons. A value is None only where the plan says that the cell is not available.
    ``obs_status`` tells which values are estimates (E) or follow a break in the series (B); empty, all are ordinary (A).
    """

    dataset: str
    structure: DataStructure
    values: tuple[int | None, ...]
    obs_status: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        _check_length(self.structure, values=self.values, **{"obs_status": self.obs_status} if self.obs_status else {})
        return self

    def __getitem__(self, cell: Sequence[str]) -> int | None:
        return self.values[self.structure.position(cell)]


class MagnitudeTable(_Frozen):
    """Inside: a measure that is no count of distinct persons, with what disclosure rules need to know. Never leaves production.

    ``values``: in the plan's unit; None where the plan says so, and where there is nobody to take a mean or quantile of.
    ``contributors``: distinct persons behind each value. ``largest``: of an amount, the largest contributions of single
    persons to the cell by absolute size, largest first; empty for other measures.
    ``totals``: of a mean, the sum that it is made of. ``is_additive``: the values of children that do not overlap add up to their parent's.
    """

    dataset: str
    structure: DataStructure
    measure: str
    is_additive: bool
    values: tuple[Decimal | None, ...]
    contributors: tuple[int | None, ...]
    largest: tuple[tuple[Decimal, ...], ...] = ()
    totals: tuple[Decimal | None, ...] = ()
    obs_status: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        given = {"largest": self.largest, "totals": self.totals, "obs_status": self.obs_status}
        _check_length(self.structure, values=self.values, contributors=self.contributors, **{n: c for n, c in given.items() if c})
        return self

    def __getitem__(self, cell: Sequence[str]) -> Decimal | None:
        return self.values[self.structure.position(cell)]


class LineageStep(_Frozen):
    """One step from the legal act to the released number, in words and with what identifies it."""

    kind: Literal["legal_act", "feed", "delivery", "tabulation", "external", "protection", "release"]
    id: str
    label: Text
    digest: str | None = None
    at: str | None = None
    details: dict[str, str | int | float | bool | None] = {}


class Population(_Frozen):
    """Whom a dataset counts, and what of them: cells of two datasets with the same population and the same codes are one cell.

    ``feed``, ``filter`` and ``measure`` as the plan has them; ``data`` is, for each reference period, a digest of the deliveries that the
    counts come from. ``complete`` names the dimensions whose total takes in everybody: their totals say nothing about a cell.
    ``definitions``: by dimension and code, a digest of who belongs to the code; without one, the code's id stands for it.
    """

    feed: str
    filter: str = ""
    measure: str
    data: dict[str, str]
    complete: tuple[str, ...] = ()
    definitions: dict[str, dict[str, str]] = {}


class Metadata(_Frozen):
    """What a reader must know beside the numbers. Without a ``population`` a dataset shares no cells with others."""

    title: Text
    unit_measure: Text
    reference_period: str
    source: Text
    notes: tuple[Text, ...] = ()
    legal_basis: tuple[str, ...] = ()
    synthetic: bool = False
    published_by_source: bool = False
    population: Population | None = None
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    chart: dict[str, str] = {}


class Dataset(_Frozen):
    """Outside: observations that may be published, with structure, metadata and lineage.

    A withheld value is None with obs_status Q and conf_status A (small count), D (secondary) or C (no reason given,
    where telling the reasons apart would itself disclose). A value that is not available (O) or not applicable (M) is
    None too. An unreliable one (U) keeps its number as long as its source gives one, and is None where it gives none.
    """

    id: str
    metadata: Metadata
    structure: DataStructure
    values: tuple[int | float | None, ...]
    obs_status: tuple[str, ...]
    conf_status: tuple[str, ...]
    lineage: tuple[LineageStep, ...] = ()

    @model_validator(mode="after")
    def _is_complete_and_keeps_its_secrets(self) -> Self:
        _check_length(self.structure, values=self.values, obs_status=self.obs_status, conf_status=self.conf_status)
        if not all(math.isfinite(value) for value in self.values if value is not None):
            raise ValueError("a value is not a finite number")
        for kind in set(zip((value is None for value in self.values), self.obs_status, self.conf_status, strict=True)):
            _check_kind(*kind)
        return self

    def protected_by(self, *rules: str) -> LineageStep | None:
        """The last step of protection if it applied one of the rules; without any named, whatever it applied."""
        steps = [step for step in self.lineage if step.kind == "protection"]
        return steps[-1] if steps and (not rules or steps[-1].details.get("rule") in rules) else None

    def select(self, selection: dict[str, Sequence[str]]) -> Dataset:
        """The same dataset with only the given codes of the given dimensions, in presentation order.

        Raises: KeyError with the dimension or code that does not exist.
        """
        for dimension_id, codes in selection.items():
            dimension = next((d for d in self.structure.dimensions if d.id == dimension_id), None)
            if dimension is None:
                raise KeyError(dimension_id)
            for code in codes:
                if code not in dimension.positions:
                    raise KeyError(f"{dimension_id}={code}")
        kept = []
        for dimension in self.structure.dimensions:
            wanted = set(selection.get(dimension.id, dimension.positions))
            shown = tuple(code for code in dimension.codes if code.id in wanted)
            # a new object: model_copy would carry over the cached positions of the whole dimension
            kept.append(Dimension.model_validate(dimension.model_dump(exclude={"codes"}) | {"codes": shown}))
        structure = DataStructure(dimensions=tuple(kept))
        places = [self.structure.position(cell) for cell in structure.cells()]
        return Dataset(
            id=self.id,
            metadata=self.metadata,
            structure=structure,
            values=tuple(self.values[place] for place in places),
            obs_status=tuple(self.obs_status[place] for place in places),
            conf_status=tuple(self.conf_status[place] for place in places),
            lineage=self.lineage,
        )


def _check_length(structure: DataStructure, **columns: Sequence[object]) -> None:
    for name, column in columns.items():
        if len(column) != structure.size:
            raise ValueError(f"{name} has {len(column)} observations, the structure has {structure.size} cells")


def _check_kind(is_empty: bool, obs_status: str, conf_status: str) -> None:
    if obs_status not in (*WITH_VALUE, *WITHOUT_VALUE, UNRELIABLE):
        raise ValueError(f"there is no observation status {obs_status}")
    if obs_status in (WITH_VALUE if is_empty else WITHOUT_VALUE):
        raise ValueError(f"an observation with status {obs_status} must {'' if is_empty else 'not '}have a value")
    if conf_status not in ((PRIMARY, SECONDARY, CONFIDENTIAL) if obs_status == WITHHELD else (FREE,)):
        raise ValueError(f"an observation with status {obs_status} cannot have confidentiality status {conf_status}")
