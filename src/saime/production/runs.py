"""What was produced from what: a fingerprint of every input beside the digest that came of it. Inside only."""

from __future__ import annotations

import json
from pathlib import Path

from saime.core.durable import make_folders, replace_file
from saime.core.errors import BadInput


class RunRecords:
    """A small file of dataset id -> (fingerprint of the inputs, digest of the protected dataset)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, dataset: str, fingerprint: str) -> str | None:
        """The digest that the same inputs gave before, if they did."""
        record = self._read().get(dataset)
        return record["digest"] if record and record["fingerprint"] == fingerprint else None

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
