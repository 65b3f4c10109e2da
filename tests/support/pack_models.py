"""The models of the pack's files and of what they hold, found by walking their annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel

from saime.core.model.classification import Classification
from saime.core.model.recast import Part
from saime.core.pack.texts import LegalActs, Notes
from saime.core.tabulation.plan import TabulationPlan
from saime.core.warehouse.contract import FeedContract
from saime.monitoring.content import BudgetRow, DocumentNotes, Documents, IndicatorRow, TargetRow
from saime.production.published_tables import PublishedTable
from saime.registers.content import Edition, Labels, MunicipalityRow, ProviderRow, RegisterNotes, SuccessionRow

ROOT_MODELS: tuple[type[BaseModel], ...] = (
    Classification,
    FeedContract,
    TabulationPlan,
    PublishedTable,
    Part,
    Notes,
    LegalActs,
    Documents,
    DocumentNotes,
    TargetRow,
    IndicatorRow,
    BudgetRow,
    Edition,
    Labels,
    RegisterNotes,
    MunicipalityRow,
    SuccessionRow,
    ProviderRow,
)


def models_below(roots: Iterable[type[BaseModel]]) -> list[type[BaseModel]]:
    """The roots and every model in their fields, each once; a root model that only wraps another is left out."""
    found: dict[type[BaseModel], None] = {}
    waiting = list(roots)
    while waiting:
        model = waiting.pop(0)
        if model not in found:
            found[model] = None
            waiting += [inner for field in model.model_fields.values() for inner in _models_in(field.annotation)]
    return [model for model in found if list(model.model_fields) != ["root"]]


def fields_of(model: type[BaseModel]) -> list[str]:
    """The names that a file uses, in the order of the model."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
