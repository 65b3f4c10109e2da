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
from saime.core.errors import BadInput, NotFound, Refused
from saime.core.model.certificate import Certificate, dataset_digest
from saime.core.model.dataset import Dataset
from saime.core.model.release_check import ReleaseCheck
from saime.core.protection.certification import Together, prove_together, verify
from saime.core.protection.protect import ProtectedDataset
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
        What the current release does not hold yet is attacked once more, as it lies on the disk; then all are, together with
        everything published before.
        Raises: Refused if that exposes a cell; NotFound for a digest that is not kept; BadInput for an id that is not the
        dataset's or a time without zone; SaimeError for a damaged file.
        """
        if released_at.tzinfo is None:
            raise BadInput("the time of release has no time zone", where=released_at.isoformat(), fix="give it one, such as UTC")
        current = self.current()
        known = dict(current.datasets) if current else {}
        datasets = {dataset_id: self._released(dataset_id, digest, known) for dataset_id, digest in sorted(digests.items())}
        if known.keys() != datasets.keys() or any(known[name].digest != one.digest for name, one in datasets.items()):
            datasets = self._proven(datasets)
        else:
            datasets = known
        if current is not None and datasets == known and check in (None, current.check):
            return current
        manifest = Manifest(released_at=released_at, datasets=datasets, check=check)
        self._releases.mkdir(parents=True, exist_ok=True)
        replace_file(self._releases / f"{manifest.id}.json", (manifest.model_dump_json(indent=1) + "\n").encode())
        replace_file(self._root / "current", f"{manifest.id}\n".encode())
        return Release(self._root, manifest)

    def _proven(self, datasets: dict[str, ReleasedDataset]) -> dict[str, ReleasedDataset]:
        """With what the attack on all of them together has shown. Raises: Refused if it exposes a cell."""
        found = prove_together([self.kept(one.digest).dataset for one in datasets.values()], self.published())
        return {name: with_proof(one, found.get(name)) for name, one in datasets.items()}

    def current(self) -> Release | None:
        return ReleaseReader(self._root).current()

    def releases(self) -> list[Release]:
        """Every release, oldest first."""
        return ReleaseReader(self._root).all()

    def find(self, name: str) -> Release:
        """A release by its id, the path of its manifest, or ``current``. Raises: NotFound with the ids there are."""
        ids = [one.id for one in self.releases()]
        current = self.current()
        wanted = current.id if name == "current" and current else Path(name).stem if name.endswith(".json") else name
        if wanted not in ids:
            known = ", ".join(ids) or "none yet"
            raise NotFound("there is no such release", where=f"release {name}", fix=f"use current, or one of: {known}")
        return ReleaseReader(self._root).release(wanted)

    def published(self, before: Release | None = None) -> list[Dataset]:
        """Every dataset of every release, or of those before the given one; oldest first, each once."""
        releases = [one for one in self.releases() if before is None or one.released_at < before.released_at]
        found = {one.digest(name): one.dataset(name) for one in releases for name in one.ids}
        return list(found.values())

    def verify(self, release: Release) -> dict[str, Certificate]:
        """Prove a release again, from its files and those of the releases before alone; the certificate of each dataset.

        Raises: Refused naming the cells that are exposed, or what of a certificate does not hold.
        """
        certificates = {name: release.certificate(name) for name in release.ids}
        datasets = [release.dataset(name) for name in release.ids]
        for dataset in datasets:
            verify(dataset, self.kept(release.digest(dataset.id)).certificate)
        found = prove_together(datasets, self.published(release))
        for name, one in release.datasets.items():
            if with_proof(one, found.get(name)) != one:
                raise Refused(
                    "the certificate does not tell what the attack on all linked datasets shows",
                    where=f"release {release.id}, dataset {name}",
                    fix="protect the tables again and release what that gives",
                )
        return certificates

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
        if before is None or before.files != files:
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


def with_proof(one: ReleasedDataset, proof: Together | None) -> ReleasedDataset:
    if proof is None:
        return ReleasedDataset(digest=one.digest, files=one.files)
    return ReleasedDataset(digest=one.digest, files=one.files, linked=proof.linked, narrowest_interval=proof.narrowest_interval)


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
