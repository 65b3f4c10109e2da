"""Write the release store: inside only. A dataset enters with a certificate that holds, and never changes; a release is one switch.

Everything is written aside, flushed to disk and renamed into place. A killed process leaves the release before as it was.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from saime.core.durable import replace_file, sync
from saime.core.errors import BadInput, NotFound
from saime.core.model.certificate import Certificate, dataset_digest
from saime.core.model.dataset import Dataset
from saime.core.model.release_check import ReleaseCheck
from saime.core.protection.protect import ProtectedDataset, verify
from saime.core.releases.reader import (
    CERTIFICATE,
    DESCRIPTION,
    OBS_COLUMNS,
    OBSERVATIONS,
    Manifest,
    Release,
    ReleasedDataset,
    ReleaseReader,
    damaged,
    parse_dataset,
)

OBSERVATION_FIELDS = {"values", "obs_status", "conf_status"}


class ReleaseStore:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._datasets, self._releases = root / "datasets", root / "releases"

    def add(self, protected: ProtectedDataset) -> str:
        """Keep a dataset under its digest; the same dataset again changes nothing.

        Raises: Refused if the certificate is not valid, was made for another dataset, or the attack is not withstood.
        """
        verify(protected.dataset, protected.certificate)
        digest = protected.certificate.dataset_digest
        if not self.holds(digest):
            self._write(digest, protected)
        return digest

    def holds(self, digest: str) -> bool:
        """Whether the dataset is kept. Raises: SaimeError if it is and a file of it is damaged."""
        if not (self._datasets / digest).is_dir():
            return False
        self._check(digest)
        return True

    def kept(self, digest: str) -> ProtectedDataset:
        """What is kept under a digest. Raises: SaimeError naming the folder if it is missing or damaged."""
        return self._check(digest)[0]

    def publish(self, digests: Mapping[str, str], *, released_at: datetime, check: ReleaseCheck | None = None) -> Release:
        """Release datasets, given as digests by dataset id, in one atomic switch; an unchanged bundle changes nothing.

        ``check`` is recorded with the release; whether it is enough is for production to say.
        What the current release does not hold yet is attacked once more, as it lies on the disk.
        Raises: Refused if that exposes a cell; NotFound for a digest that is not kept; BadInput for an id that is not the
        dataset's or a time without zone; SaimeError for a damaged file.
        """
        if released_at.tzinfo is None:
            raise BadInput("the time of release has no time zone", where=released_at.isoformat(), fix="give it one, such as UTC")
        current = self.current()
        known = dict(current.datasets) if current else {}
        datasets = {dataset_id: self._released(dataset_id, digest, known) for dataset_id, digest in sorted(digests.items())}
        if current is not None and datasets == known and check in (None, current.check):
            return current
        manifest = Manifest(released_at=released_at, datasets=datasets, check=check)
        self._releases.mkdir(parents=True, exist_ok=True)
        replace_file(self._releases / f"{manifest.id}.json", (manifest.model_dump_json(indent=1) + "\n").encode())
        replace_file(self._root / "current", f"{manifest.id}\n".encode())
        return Release(self._root, manifest)

    def current(self) -> Release | None:
        return ReleaseReader(self._root).current()

    def _write(self, digest: str, protected: ProtectedDataset) -> None:
        aside = self._datasets / f".{digest}-{secrets.token_hex(4)}"
        aside.mkdir(parents=True)
        try:
            for name, content in _files(protected).items():
                replace_file(aside / name, content)
            aside.rename(self._datasets / digest)
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            if not self.holds(digest):  # else another process was faster with the same dataset
                raise
        sync(self._datasets)

    def _released(self, dataset_id: str, digest: str, known: dict[str, ReleasedDataset]) -> ReleasedDataset:
        if not (self._datasets / digest).is_dir():
            raise NotFound("no dataset is kept under this digest", where=f"dataset {dataset_id}, digest {digest}", fix="add it first")
        kept, files = self._check(digest)
        if kept.dataset.id != dataset_id:
            raise BadInput(f"the digest is of '{kept.dataset.id}'", where=f"dataset {dataset_id}", fix="give each id its own digest")
        released, before = ReleasedDataset(digest=digest, files=files), known.get(dataset_id)
        if before != released:
            if before is not None and before.digest == digest:
                raise damaged(self._datasets / digest)
            verify(kept.dataset, kept.certificate)
        return released

    def _check(self, digest: str) -> tuple[ProtectedDataset, dict[str, str]]:
        """What is kept and the digests of its files, if it is what was added. Raises: SaimeError naming the folder."""
        folder = self._datasets / digest
        try:
            contents = {name: (folder / name).read_bytes() for name in (OBSERVATIONS, DESCRIPTION, CERTIFICATE)}
            certificate = Certificate.model_validate_json(contents[CERTIFICATE])
        except (OSError, ValueError) as error:
            raise damaged(folder) from error
        dataset = parse_dataset(folder, contents[OBSERVATIONS], contents[DESCRIPTION])
        if not dataset_digest(dataset) == certificate.dataset_digest == digest:
            raise damaged(folder)
        if {path.name for path in folder.iterdir()} != contents.keys() or not _holds_nothing_else(contents[OBSERVATIONS], dataset):
            raise damaged(folder)
        return ProtectedDataset(dataset, certificate), {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _files(protected: ProtectedDataset) -> dict[str, bytes]:
    dataset = protected.dataset
    return {
        OBSERVATIONS: _observations(dataset),
        DESCRIPTION: (dataset.model_dump_json(exclude=OBSERVATION_FIELDS, indent=1) + "\n").encode(),
        CERTIFICATE: (protected.certificate.model_dump_json(indent=1) + "\n").encode(),
    }


def _observations(dataset: Dataset) -> bytes:
    target = io.BytesIO()
    pq.write_table(_table(dataset), target, compression="zstd")
    return target.getvalue()


def _table(dataset: Dataset) -> pa.Table:
    whole = all(value is None or isinstance(value, int) for value in dataset.values)
    codes = zip(*dataset.structure.cells(), strict=True)
    columns = {d.id: pa.array(c).dictionary_encode() for d, c in zip(dataset.structure.dimensions, codes, strict=True)}
    values = pa.array(dataset.values, type=pa.int64() if whole else pa.float64())
    return pa.table(columns | dict(zip(OBS_COLUMNS, (values, pa.array(dataset.obs_status), pa.array(dataset.conf_status)), strict=True)))


def _holds_nothing_else(observations: bytes, dataset: Dataset) -> bool:
    """Whether the file has the columns of the dataset, and no further column or note that the digest does not cover."""
    try:
        kept = pq.ParquetFile(io.BytesIO(observations)).read(use_threads=False)  # threads: see parse_dataset
    except (pa.ArrowException, OSError):
        return False
    return bool(kept.equals(_table(dataset), check_metadata=True))
