"""How a release was checked before it was published. It is public and names nobody."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator


class ReleaseCheck(BaseModel):
    """``two-person``: one person prepared the release and another approved it, at these times. ``demo``: nobody checked it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["two-person", "demo"]
    prepared_at: AwareDatetime | None = None
    approved_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _has_its_times(self) -> Self:
        if (self.kind == "two-person") != (self.prepared_at is not None and self.approved_at is not None):
            raise ValueError("a check by two persons has the times of preparation and approval, and no other has")
        return self
