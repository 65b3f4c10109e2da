"""Legal acts and notes: files of a pack that others name; pages may read them too."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from saime.core.model.text import Text
from saime.core.pack.yaml_file import read_model


class LegalAct(BaseModel):
    """A law or regulation that a feed, form or plan rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text
    adopted: str | None = None
    number: str | None = None
    article: str | None = None


class LegalActs(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    acts: dict[str, LegalAct]


class Notes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    notes: dict[str, Text]


def read_legal_acts(pack_root: Path) -> dict[str, LegalAct]:
    """The acts of a pack by id. Raises: BadInput with file, line and field."""
    return read_model(pack_root / "documents" / "legal_acts.yaml", LegalActs).acts
