"""What a plan or a spec says of a perturbation table; ``core/protection/perturbation_design.py`` makes it."""

from __future__ import annotations

from pydantic import Field, field_validator

from saime.core.model.strict import Strict


class PerturbationParameters(Strict):
    """The fields of ``PerturbationDesign``. Unit: counts, and counts squared for the variance."""

    largest_change: int = Field(ge=1, le=100)
    variance: float = Field(gt=0)
    blocked: int = Field(default=0, ge=0, le=100)
    stay: float | None = Field(default=None, gt=0, lt=1)
    falling: bool | tuple[bool, ...] = True

    @field_validator("falling")
    @classmethod
    def _says_something(cls, value: bool | tuple[bool, ...]) -> bool | tuple[bool, ...]:
        if value == ():
            raise ValueError("give true, false, or one of them for each count from 1 on")
        return value
