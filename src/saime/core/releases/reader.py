"""Read releases: the only way from outside to a number. Every file is checked against the digest in its release.

    ROOT/current                                    the id of the release that readers see
    ROOT/releases/ID.json                           its manifest: time of release, datasets, the digest of every file
    ROOT/datasets/DIGEST/observations.parquet       a column per dimension, OBS_VALUE, OBS_STATUS, CONF_STATUS
    ROOT/datasets/DIGEST/dataset.json               id, metadata, structure, lineage
    ROOT/datasets/DIGEST/certificate.json

A release's id ends with a digest of its manifest, so nothing below ``current`` can change unnoticed.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AwareDatetime, BaseModel, ConfigDict

from saime.core.errors import NotFound, SaimeError
from saime.core.model.certificate import Certificate, LinkedDataset
from saime.core.model.dataset import Dataset
from saime.core.model.release_check import ReleaseCheck

OBSERVATIONS, DESCRIPTION, CERTIFICATE = "observations.parquet", "dataset.json", "certificate.json"
OBS_COLUMNS = ("OBS_VALUE", "OBS_STATUS", "CONF_STATUS")
REMEMBERED = 64  # datasets kept in memory, by digest


class ReleasedDataset(BaseModel):
    """``digest`` of the dataset names its folder; ``files`` maps each file's name to its SHA-256.

    ``linked``: the datasets that it shares cells with, and ``narrowest_interval`` what the attack on all of them together left open
    (see ``Certificate``); None where it shares none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    files: dict[str, str]
    linked: tuple[LinkedDataset, ...] | None = None
    narrowest_interval: float | None = None


class Manifest(BaseModel):
    """``check`` is None in releases that were published before the check was recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    released_at: AwareDatetime
    datasets: dict[str, ReleasedDataset]
    check: ReleaseCheck | None = None

    @property
    def id(self) -> str:
        """The day of release and a digest of everything released."""
        text = json.dumps(self.model_dump(mode="json", exclude_none=True), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return f"{self.released_at:%Y-%m-%d}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


class Release:
    """One release: immutable, so what was read once is remembered."""

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self._root, self._manifest = root, manifest
        self.id, self.released_at, self.check = manifest.id, manifest.released_at, manifest.check
        self.ids = tuple(sorted(manifest.datasets))

    def dataset(self, dataset_id: str) -> Dataset:
        """Raises: NotFound with the known ids; SaimeError naming a damaged file."""
        folder, entry = self._find(dataset_id)
        return _read_dataset(folder, entry.files[OBSERVATIONS], entry.files[DESCRIPTION])

    def certificate(self, dataset_id: str) -> Certificate:
        """With what the attack on all linked datasets has shown. Raises: as ``dataset``."""
        folder, entry = self._find(dataset_id)
        alone = _read_certificate(folder, entry.files[CERTIFICATE])
        if entry.linked is None:
            return alone
        return alone.model_copy(update={"linked": entry.linked, "narrowest_interval": entry.narrowest_interval})

    def digest(self, dataset_id: str) -> str:
        """The dataset's digest, which its certificate names. Raises: NotFound with the known ids."""
        return self._find(dataset_id)[1].digest

    @property
    def datasets(self) -> dict[str, ReleasedDataset]:
        return self._manifest.datasets

    def _find(self, dataset_id: str) -> tuple[Path, ReleasedDataset]:
        entry = self._manifest.datasets.get(dataset_id)
        if entry is None:
            raise NotFound(
                f"there is no dataset '{dataset_id}' in the release", where=f"release {self.id}", fix=f"use one of: {', '.join(self.ids)}"
            )
        return self._root / "datasets" / entry.digest, entry


class ReleaseReader:
    def __init__(self, root: Path) -> None:
        self._root = root

    def current(self) -> Release | None:
        """The release that readers see now; None before the first. Raises: SaimeError naming a damaged file."""
        try:
            release_id = (self._root / "current").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        return self.release(release_id)

    def release(self, release_id: str) -> Release:
        """Raises: SaimeError naming a missing or damaged file."""
        return Release(self._root, _read_manifest(self._root / "releases", release_id))

    def all(self) -> list[Release]:
        """Every release, oldest first."""
        found = [self.release(path.stem) for path in (self._root / "releases").glob("*.json")]
        return sorted(found, key=lambda one: (one.released_at, one.id))


@functools.lru_cache(maxsize=REMEMBERED)
def _read_manifest(folder: Path, release_id: str) -> Manifest:
    path = folder / f"{release_id}.json"
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise damaged(path) from error
    if manifest.id != release_id:
        raise damaged(path)
    return manifest


@functools.lru_cache(maxsize=REMEMBERED)
def _read_dataset(folder: Path, observations_digest: str, description_digest: str) -> Dataset:
    observations = _checked(folder / OBSERVATIONS, observations_digest)
    description = _checked(folder / DESCRIPTION, description_digest)
    return parse_dataset(folder, observations, description)


@functools.lru_cache(maxsize=REMEMBERED)
def _read_certificate(folder: Path, digest: str) -> Certificate:
    return Certificate.model_validate_json(_checked(folder / CERTIFICATE, digest))


def parse_dataset(folder: Path, observations: bytes, description: bytes) -> Dataset:
    """A dataset from the content of its two files. Raises: SaimeError naming the folder."""
    try:
        # no threads: a small file needs none, and a process that ends while Arrow starts its threads is aborted
        columns = pq.ParquetFile(io.BytesIO(observations)).read(columns=list(OBS_COLUMNS), use_threads=False)
        values, obs_status, conf_status = (columns.column(name).to_pylist() for name in OBS_COLUMNS)
        parts = json.loads(description)
        return Dataset.model_validate(parts | {"values": values, "obs_status": obs_status, "conf_status": conf_status})
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(folder) from error


def _checked(path: Path, digest: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise damaged(path)
    return content


def damaged(path: Path) -> SaimeError:
    return SaimeError(
        "a file of the release store is missing or is not what was released",
        where=f"{path.parent.name}/{path.name}",
        fix="restore the release store from its backup, or protect and release the dataset again",
    )
