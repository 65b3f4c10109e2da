"""Writing so that a power cut or a kill leaves either the old state or the new one, and a full disk is told plainly."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from saime.core.errors import TryLater

DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path, mode: int = 0o700) -> None:
    """Make a folder and its missing parents, and write each new name down."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=mode, exist_ok=True)
        sync(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Put new content in a file's place in one step; before that step the old file is untouched."""
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextmanager
def full_disk_is_told(folder: Path, doing: str, needed: Callable[[], int]) -> Iterator[None]:
    """Turn "no space left" and "quota exceeded" into TryLater. Unit: ``needed`` tells bytes, an upper estimate."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_IS_FULL:
            raise
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free, wanted = shutil.disk_usage(existing).free, needed()
        room = f"up to {_megabytes(wanted)} MB are needed, {_megabytes(free)} MB are free"
        raise TryLater(
            f"the disk is full while {doing}: {room}; nothing was changed",
            where=str(folder),
            fix="make room or raise the quota, and give the same command again",
        ) from None


@contextmanager
def one_process(lock: Path, doing: str) -> Iterator[None]:
    """Only one process at a time is inside, and the system lets go of it however it ends. Raises: TryLater while another is."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryLater(f"another process {doing}", where=str(lock.parent), fix="stop one of them") from None
        yield


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f}"
