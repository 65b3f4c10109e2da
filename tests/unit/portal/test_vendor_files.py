"""The vendored style sheet and fonts are the ones that were built, and ask no other place for anything."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

import saime.portal

STATIC = Path(saime.portal.__file__).parent / "static"
VENDOR = STATIC / "vendor"
SUMS = dict(reversed(line.split(maxsplit=1)) for line in (VENDOR / "SHA256SUMS").read_text().splitlines())


def test_every_vendored_file_has_a_checksum() -> None:
    files = {f"./{path.relative_to(VENDOR)}" for path in VENDOR.rglob("*") if path.is_file()} - {"./SHA256SUMS"}
    assert files == set(SUMS)


@pytest.mark.parametrize("name", SUMS)
def test_a_vendored_file_is_unchanged(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == SUMS[name]


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.css")), ids=lambda path: path.name)
def test_a_style_sheet_names_only_files_that_are_here(path: Path) -> None:
    for address in re.findall(r'url\("?([^")]+)"?\)', path.read_text()):
        assert (path.parent / address).is_file(), address


def test_each_vendored_package_carries_its_licence() -> None:
    assert all((folder / "LICENSE").is_file() for folder in VENDOR.iterdir() if folder.is_dir())


def test_the_style_sheet_has_no_brand_of_another_government() -> None:
    text = "".join(path.read_text() for path in STATIC.rglob("*.css"))
    assert not re.search(r"crown|crest|GDS Transport", text)
