"""What was produced from what: a fingerprint of every input beside the digest that came of it. Inside only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from saime.core.durable import make_folders, replace_file
from saime.core.errors import BadInput


class RunRecords:
    """A small file of dataset id -> (fingerprint of the inputs, digest of the protected dataset)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find_all(self, datasets: Sequence[str], fingerprint: str) -> list[str] | None:
        """The digests that the same inputs gave before, if they gave one of each dataset."""
        records = self._read()
        found = [records[name]["digest"] for name in datasets if name in records and records[name]["fingerprint"] == fingerprint]
        return found if len(found) == len(datasets) else None

    def kept(self, datasets: Sequence[str]) -> list[str]:
        """The digests that the last runs gave, whatever their inputs."""
        records = self._read()
        return [records[name]["digest"] for name in datasets if name in records]

    def keep(self, dataset: str, fingerprint: str, digest: str) -> None:
        records = self._read() | {dataset: {"fingerprint": fingerprint, "digest": digest}}
        make_folders(self.path.parent)
        replace_file(self.path, json.dumps(records, indent=1, sort_keys=True).encode())

    def _read(self) -> dict[str, dict[str, str]]:
        if not self.path.exists():
            return {}
        try:
            records: dict[str, dict[str, str]] = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(
                "the record of runs is damaged", where=str(self.path), fix="remove the file; everything is produced anew"
            ) from error
        return records
