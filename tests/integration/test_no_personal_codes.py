"""No delivered personal code is anywhere under the working folder, nor in what the programs say, in any form.

Every file is searched as it lies, and decompressed: all columns of Parquet and Arrow files are read back. A code is
looked for as digits, with its dash, and as the eight bytes of its number.
"""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from saime.core.errors import SaimeError
from saime.core.pack.reader import Pack
from saime.core.warehouse.faults import DeliveryRefused
from saime.intake.services import list_quarantined, open_quarantined, receive_delivery
from support.warehouse import Home, care_row, personal_code, write_csv, write_large_csv, write_parquet

PERSONS = 400
CODES = [personal_code(number) for number in range(PERSONS)]
TESTS = Path(__file__).resolve().parents[1]


def codes_in(content: bytes, codes: list[str]) -> bool:
    """Does a code stand in the content, as text or as an integer of eight bytes, at any place?"""
    texts = {digits.replace(b"-", b"") for digits in re.findall(rb"(?=(\d{6}-?\d{5}))", content)}
    if texts & {code.encode() for code in codes}:
        return True
    numbers = np.array([int(code) for code in codes])
    for start in range(8):
        whole = content[start : start + (len(content) - start) // 8 * 8]
        if any(np.isin(np.frombuffer(whole, order), numbers).any() for order in ("<i8", ">i8")):
            return True
    return False


def inside(path: Path) -> Iterator[bytes]:
    """The file's bytes and, of a file of columns, every column as it is in memory."""
    yield path.read_bytes()
    if path.suffix in {".parquet", ".arrow"}:
        with suppress(pa.ArrowInvalid):  # cut by a kill before its end; its bytes were searched
            yield from columns(pq.read_table(path) if path.suffix == ".parquet" else arrow_table(path))


def arrow_table(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file:
        return pa.Table.from_batches(list(pa.ipc.open_stream(file)))


def columns(table: pa.Table) -> Iterator[bytes]:
    for column in table.columns:
        for chunk in column.chunks:
            plain = chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk
            yield b" ".join(bytes(buffer) for buffer in plain.buffers() if buffer)


def check_no_codes(root: Path, *said: str | bytes, codes: list[str] = CODES) -> None:
    """Fails with the file's name only: a failure must not show a code either."""
    files = [path for path in root.rglob("*") if path.is_file()]
    holding = sorted({path.name for path in files for content in inside(path) if codes_in(content, codes)})
    telling = [number for number, text in enumerate(said) if codes_in(text if isinstance(text, bytes) else text.encode(), codes)]
    assert (holding, telling) == ([], [])


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(level)


def test_the_search_finds_codes_where_they_are(tmp_path: Path) -> None:
    numbers = pa.table({"n": pa.array([int(code) for code in CODES])})
    for number, write in enumerate(
        (
            lambda path: path.with_suffix(".json").write_text(CODES[7]),
            lambda path: path.with_suffix(".csv").write_text(personal_code(7, dash=True)),
            lambda path: pq.write_table(pa.table({"c": CODES}), path.with_suffix(".parquet"), compression="zstd"),
            lambda path: pq.write_table(numbers, path.with_suffix(".parquet"), compression="zstd"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder / "leak")
        with pytest.raises(AssertionError, match="leak"):
            check_no_codes(folder)
    with pytest.raises(AssertionError):
        check_no_codes(tmp_path / "none", f"row of {CODES[3]}")


@pytest.mark.parametrize("dash", [False, True])
@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_after_a_load(tmp_path: Path, log: io.StringIO, capfd: pytest.CaptureFixture[str], write: object, dash: bool) -> None:
    home = Home(tmp_path / "home")
    rows = [care_row(number, person=personal_code(number, dash=dash)) for number in range(PERSONS)]
    receipt = home.load(write(tmp_path / f"{CODES[0]}.data", rows))  # type: ignore[operator]
    assert receipt.record.persons == PERSONS
    check_no_codes(home.root, *capfd.readouterr(), log.getvalue(), str(receipt))


FAULTY = [
    {"sex": "X"},
    {"age": CODES[1]},
    {"care": CODES[2]},
    {"since": personal_code(3, dash=True)},
    {"paid": f"of {CODES[4]}"},
    {"person": f"{CODES[5]}0"},
    {"person": f"LV{CODES[6]}"},
    {},
]


@pytest.mark.parametrize("changes", FAULTY)
@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_after_a_refusal(
    tmp_path: Path, log: io.StringIO, capfd: pytest.CaptureFixture[str], write: object, changes: dict[str, str]
) -> None:
    home = Home(tmp_path / "home")
    rows = [care_row(number) for number in range(PERSONS)]
    path = write(tmp_path / "june.data", [*rows, care_row(9, **changes)])  # type: ignore[operator]
    with pytest.raises(DeliveryRefused) as refusal:
        home.load(path)
    assert len(home.quarantine.reports()) == 1
    check_no_codes(home.root, *capfd.readouterr(), log.getvalue(), str(refusal.value), repr(refusal.value), str(refusal.value.faults))


def test_after_refusals_of_files_that_are_out_of_shape(tmp_path: Path, log: io.StringIO) -> None:
    whole = write_csv(tmp_path / "june.csv", [care_row(number) for number in range(PERSONS)]).read_text()
    shapes = [
        whole.split("\n", 1)[1],
        whole[:-30],
        whole.replace("home", "home,home"),
        whole.replace(",", "|"),
        whole.replace("home", '"home', 1),
    ]
    for number, text in enumerate(shapes):
        home = Home(tmp_path / f"home{number}")
        (tmp_path / "june.csv").write_text(text)
        with pytest.raises(SaimeError) as refusal:
            home.load(tmp_path / "june.csv")
        check_no_codes(home.root, log.getvalue(), str(refusal.value))


def test_after_kills(tmp_path: Path) -> None:
    path = write_large_csv(tmp_path / "june.csv", 300_000, PERSONS)
    home = Home(tmp_path / "home")
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    for step in (("write", "2"), ("after-write", "3"), ("fsync", "9"), ("after-rename", "1"), ("after-replace", "1")):
        command = [sys.executable, str(TESTS / "support" / "load_process.py"), str(home.root), str(path), *step]
        done = subprocess.run(command, env=environment, capture_output=True)
        assert done.returncode == -signal.SIGKILL, step
        assert home.files()
        check_no_codes(home.root, done.stdout, done.stderr)


def test_the_intake_service_end_to_end_with_the_pack(tmp_path: Path, pack_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pack, home, at = Pack(pack_root), tmp_path / "home", datetime(2023, 2, 1, 9, tzinfo=UTC)
    contract = pack.feed("population")
    government = pack.classification("local-governments-2021").leaves[0].id
    sex = pack.classification("sex").leaves[0].id
    names = [column.name for column in contract.columns]
    rows = [{"person_code": code, "sex": sex, "age": 30, "local_government": government} for code in CODES]
    path = write_csv(tmp_path / "people.csv", rows, names)
    receipt = receive_delivery(home, pack, "population", path, "2022", synthetic=True, received_at=at)
    assert (receipt.record.persons, receipt.record.received_at) == (PERSONS, "2023-02-01T09:00:00+00:00")
    assert receive_delivery(home, pack, "population", path, "2022", synthetic=True, received_at=at).already_loaded

    faulty = write_csv(tmp_path / "faulty.csv", [*rows, {**rows[0], "age": 200}], names)
    with pytest.raises(DeliveryRefused) as refusal:
        receive_delivery(home, pack, "population", faulty, "2023", synthetic=True, received_at=at)
    check_no_codes(home, *capfd.readouterr(), str(refusal.value))
    (report,) = list_quarantined(home)
    with pytest.raises(SaimeError, match="may not lie inside the working folder"):
        open_quarantined(home, report.id, home / "opened.csv")
    open_quarantined(home, report.id, tmp_path / "opened.csv")
    assert (tmp_path / "opened.csv").read_bytes() == faulty.read_bytes()

    (home / "faulty.csv").write_bytes(b"person_code\n")
    with pytest.raises(SaimeError, match="lies inside the working folder"):
        receive_delivery(home, pack, "population", home / "faulty.csv", "2023", synthetic=True, received_at=at)
