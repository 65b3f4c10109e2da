"""Key files: made whole, readable by their owner only, and never replaced in silence."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from saime.core.durable import full_disk_is_told, make_folders, sync
from saime.core.errors import BadInput


def read_private(path: Path) -> bytes:
    """Raises: BadInput if the file is missing, cannot be read, or others may read it."""
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(
            "the key file is missing although the warehouse holds loads made with it; no new key is made, because it would not match",
            where=str(path),
            fix="put the key file back from where keys are kept",
        ) from None
    except OSError as error:
        raise BadInput(
            f"the key file cannot be read: {error.strerror}", where=str(path), fix="give its owner the right to read it"
        ) from None
    if mode & 0o077:
        raise BadInput(f"others may read the key file (mode {mode:04o})", where=str(path), fix=f"run: chmod 600 {path}")
    return content


def create_private(path: Path, content: str) -> None:
    """Put a whole new key file in place; one that another process made first stays."""
    with full_disk_is_told(path.parent, "writing a key", lambda: len(content)):
        if not path.parent.exists():
            make_folders(path.parent)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(content + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(name)
        finally:
            Path(name).unlink()
        sync(path.parent)


def damaged(path: Path, expected: str) -> BadInput:
    return BadInput(
        f"the key file is damaged; it should hold {expected}", where=str(path), fix="put the key file back from where keys are kept"
    )
