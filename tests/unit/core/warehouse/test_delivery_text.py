"""The text of a delivery is UTF-8 or Windows-1257, whatever the sizes in which it is read."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saime.core.warehouse.text_stream import TextStream

LATVIAN = "kods;vieta\n1;Ķekavas novads\n2;Šķēde\n3;Rūjiena – „Ēka”\n"
LETTERS = "abc\n;āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ–„”€"


def read_all(content: bytes, size: int) -> tuple[bytes, TextStream]:
    stream, blocks = TextStream(io.BytesIO(content)), []
    while block := stream.read(size):
        assert len(block) <= size
        blocks.append(block)
    assert all(len(block) == size for block in blocks[:-1])
    return b"".join(blocks), stream


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 16])
@pytest.mark.parametrize(("encoding", "told"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1257", "Windows-1257")])
def test_latvian_comes_out_as_utf8(encoding: str, told: str, size: int) -> None:
    text, stream = read_all(LATVIAN.encode(encoding), size)
    assert text.decode("utf-8-sig") == LATVIAN
    assert (stream.encoding, stream.bad_byte, stream.is_broken) == (told, None, False)


@given(text=st.text(LETTERS), size=st.integers(1, 9))
def test_any_utf8_stays_as_it_is(text: str, size: int) -> None:
    assert read_all(text.encode(), size)[0] == text.encode()


@given(text=st.text(LETTERS), size=st.integers(1, 9))
def test_windows_1257_is_read_right_whatever_follows_its_first_letter(text: str, size: int) -> None:
    content = ("š " + text).encode("cp1257")  # the first letter decides: before a space it begins no sequence of UTF-8
    assert read_all(content, size)[0] == ("š " + text).encode()


@pytest.mark.parametrize("size", [1, 3, 1 << 16])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1257"])
def test_the_first_byte_that_fits_no_character_is_found(encoding: str, size: int) -> None:
    sound = "a\nšā\nb".encode(encoding)
    text, stream = read_all(sound + b"\x81\nc\n", size)
    assert stream.bad_byte == len(sound)
    assert text.startswith("a\nšā\n".encode())
    assert b"c" not in text


def test_a_sequence_cut_off_by_the_end_of_the_file_is_found() -> None:
    content = "šā".encode()[:-1]
    assert read_all(content, 100)[1].bad_byte == 2


def test_ascii_decides_nothing() -> None:
    assert read_all(b"a,b\n1,2\n", 3)[1].encoding is None
