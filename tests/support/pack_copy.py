"""A copy of the pack's registers and documents that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path


def copy_pack(pack_root: Path, folder: Path) -> Path:
    """The folders that the registers and the monitoring read."""
    pack = folder / "pack"
    for name in ("units", "documents", "geography"):
        shutil.copytree(pack_root / name, pack / name)
    return pack


def replace_in(path: Path, old: str, new: str) -> None:
    """The first occurrence only; the test fails when there is none."""
    text = path.read_bytes().decode()
    assert old in text, f"{path.name} has no '{old}'"
    path.write_bytes(text.replace(old, new, 1).encode())
