"""What a spec says of the methods that change counts, cell keys and controlled rounding; docs/reference/table-spec.md has each field."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from saime.core.model.perturbation_parameters import PerturbationParameters
from saime.core.model.strict import Strict
from saime.core.protection.perturbation import KEY_RANGE


class CellKeys(Strict):
    """``column`` has the keys of cells, or of records with ``rows: records``: fractions of 1, or whole numbers below ``range``.

    ``table`` is a perturbation table as a CSV file; its path is taken from the folder of the spec.
    """

    column: str
    range: int | None = Field(default=None, ge=2, le=KEY_RANGE)
    design: PerturbationParameters | None = None
    table: Path | None = None

    @field_validator("range")
    @classmethod
    def _is_a_power_of_two(cls, value: int | None) -> int | None:
        if value is not None and value & (value - 1):
            raise ValueError("range must be a power of two, so that keys add up exactly; or give keys as fractions")
        return value

    @field_validator("table")
    @classmethod
    def _beside_the_spec(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return value and Path((info.context or {}).get("folder", "")) / value

    @model_validator(mode="after")
    def _has_one_table(self) -> Self:
        if (self.design is None) == (self.table is None):
            raise ValueError("name either design or table: where the perturbation table comes from")
        return self


class ControlledRounding(Strict):
    """Every count becomes a multiple of ``base``."""

    base: int = Field(ge=2)
