"""Text of a CSV file as UTF-8, read in blocks: UTF-8 stays as it is, Windows-1257 is turned into it.

Both agree on ASCII, so the first byte outside it decides: where a sequence of UTF-8 begins, the whole file must be UTF-8;
otherwise the whole file must be Windows-1257, of which twelve bytes stand for no character. No block is read again, and
nothing is guessed from how often a letter occurs. A Windows-1257 file whose first such bytes happen to be a sequence of
UTF-8 is taken for UTF-8 and refused at the next letter that is none; in Latvian text that takes a capital letter with a
macron or a caron right before a closing quote.
"""

from __future__ import annotations

import codecs
import io
from threading import Lock
from typing import BinaryIO

from saime.core.warehouse.sealed import SealBroken

UTF_8, WINDOWS_1257 = "UTF-8", "Windows-1257"


class TextStream(io.RawIOBase):
    """The stream ends early, after a whole line, where the text is not what it began as, or the seal is broken.

    ``encoding`` is None as long as all text is ASCII. ``bad_byte`` is the offset in the file of the byte that fits no
    character; ``is_broken`` tells that the sealed file was cut off or changed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ready = b""  # UTF-8 not yet given out
        self._waiting, self._offset = b"", 0  # the start of a sequence that a block ended in, and its place in the file
        self._at_end = False
        self._lock = Lock()  # Arrow reads ahead on a thread of its own, which may still be reading when the stream is closed
        self.encoding: str | None = None
        self.bad_byte: int | None = None
        self.is_broken = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Exactly ``size`` bytes of UTF-8, or what is left."""
        with self._lock:
            while not self._at_end and len(self._ready) < size:
                self._ready += self._next_block(size)
            block, self._ready = self._ready[:size], self._ready[size:]
        return block

    def close(self) -> None:
        with self._lock:
            self._file.close()
            self._at_end = True
        super().close()

    def _next_block(self, size: int) -> bytes:
        try:
            block = self._file.read(size)
        except SealBroken:
            block, self.is_broken = b"", True
        self._at_end = not block
        content = self._waiting + block
        if not content.isascii():
            return self._decode(content)
        self._offset, self._waiting = self._offset + len(content), b""
        return content

    def _decode(self, content: bytes) -> bytes:
        try:
            if self.encoding == WINDOWS_1257:
                text, used = content.decode("cp1257"), len(content)
            else:
                text, used = codecs.utf_8_decode(content, "strict", self._at_end)
        except UnicodeDecodeError as error:
            if self.encoding is None and content[: error.start].isascii():
                self.encoding = WINDOWS_1257
                return self._decode(content)
            return self._end_before(content, error.start)
        if self.encoding is None and not text.isascii():
            self.encoding = UTF_8
        self._offset, self._waiting = self._offset + used, content[used:]
        return text.encode()

    def _end_before(self, content: bytes, bad: int) -> bytes:
        self.bad_byte, self._at_end = self._offset + bad, True
        sound = content[: content.rfind(b"\n", 0, bad) + 1]
        return sound.decode("cp1257" if self.encoding == WINDOWS_1257 else "utf-8").encode()
