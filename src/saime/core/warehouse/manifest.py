"""The manifest: the one file that says which loads a warehouse holds. What it does not list does not exist for readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from saime.core.durable import replace_file
from saime.core.errors import BadInput
from saime.core.warehouse.facts import LoadRecord

MANIFEST, FACTS = "manifest.json", "facts"
PARTITIONS = 64


class StoredFile(BaseModel):
    """A fact file of one partition, with what is needed to see that it is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partition: int
    name: str
    rows: int
    bytes: int
    sha256: str


class StoredLoad(BaseModel):
    """A load, its files, and by column the key of the code list its positions refer to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: LoadRecord
    code_lists: dict[str, str]
    files: tuple[StoredFile, ...]

    @property
    def folder(self) -> Path:
        return Path(FACTS) / self.record.feed / self.record.period / self.record.id


class Manifest(BaseModel):
    """``partitions`` is fixed by the first load; so is ``key_fingerprint``, None while there are no loads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    partitions: int = PARTITIONS
    key_fingerprint: str | None = None
    code_lists: dict[str, tuple[str, ...]] = {}
    loads: tuple[StoredLoad, ...] = ()

    def with_load(self, load: StoredLoad, code_lists: dict[str, tuple[str, ...]], fingerprint: str) -> Manifest:
        return Manifest(
            partitions=self.partitions,
            key_fingerprint=fingerprint,
            code_lists={**self.code_lists, **code_lists},
            loads=(*self.loads, load),
        )


def read_manifest(root: Path, partitions: int) -> Manifest:
    """The warehouse's manifest; an empty one if there is no warehouse yet.

    The first load writes an empty manifest before any facts, so facts without a manifest mean that it was lost.
    Raises: BadInput if it is damaged or lost.
    """
    path = root / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        if any((root / FACTS).glob("*")):
            raise BadInput("the warehouse has lost its manifest", where=str(path), fix="restore the warehouse from its backup") from None
        return Manifest(partitions=partitions)
    except (ValidationError, UnicodeDecodeError):
        raise BadInput("the warehouse's manifest is damaged", where=str(path), fix="restore the warehouse from its backup") from None


def write_manifest(root: Path, manifest: Manifest) -> None:
    replace_file(root / MANIFEST, json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False).encode())
