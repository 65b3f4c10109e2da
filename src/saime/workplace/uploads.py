"""A file as it is received: into a file without a name, in a folder that only the service may read.

Nothing can be left behind: the disk space is free as soon as the file is closed or the process ends, however it ends.
Linux only (a process opens its own file again through /proc). A file past the limit is read to its end, so that the
sender gets an answer, and thrown away.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from saime.core.durable import full_disk_is_told, make_folders


class ReceivedFile(UploadedFile):
    """``sha256`` is of what was sent; ``is_too_large`` says that it was longer than the limit and is not here."""

    def __init__(self, file: BinaryIO, name: str, size: int, sha256: str, *, is_too_large: bool) -> None:
        super().__init__(file, name, size=size)
        self.sha256, self.is_too_large = sha256, is_too_large

    @property
    def path(self) -> Path:
        """Opens the file anew from its start, as long as this one is open."""
        return Path(f"/proc/self/fd/{self.file.fileno()}")


class NamelessUpload(FileUploadHandler):
    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        folder = settings.ENVIRONMENT.uploads
        make_folders(folder)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed with the request
        self._sha256 = hashlib.sha256()
        self._limit = settings.ENVIRONMENT.upload_limit_mib << 20

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > self._limit:
            self._file.truncate(0)
            return
        self._sha256.update(raw_data)
        with full_disk_is_told(settings.ENVIRONMENT.uploads, "receiving a file", lambda: self.content_length or 0):
            self._file.write(raw_data)

    def file_complete(self, file_size: int) -> ReceivedFile:
        self._file.flush()
        name = self.file_name or ""
        return ReceivedFile(self._file, name, file_size, self._sha256.hexdigest(), is_too_large=file_size > self._limit)

    def upload_interrupted(self) -> None:
        self._file.close()
