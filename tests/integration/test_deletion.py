"""A person is deleted from every load on lawful request; the record says when, why and how much, and not who."""

from __future__ import annotations

import io
import logging
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from saime.core.errors import BadInput
from saime.core.warehouse.deletion import PersonRows, delete_person, find_person, read_personal_code
from saime.core.warehouse.keys import open_person_cipher
from saime.core.warehouse.persons import binary_keys
from saime.core.warehouse.staging import partition_of
from support.change_process import CHANGED_AT, CORRECTED_AT
from support.warehouse import Home, all_rows, care_row, personal_code, write_csv, write_large_csv

TESTS = Path(__file__).resolve().parents[1]
BASIS = "Regula (ES) 2016/679, 17. pants"
PERSON, ABSENT = 7, 5000


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """May; June, which was corrected; person 7 has 20 rows in each of the first two and one row in the correction."""
    folder = tmp_path_factory.mktemp("loaded")
    home, path = Home(folder / "home"), write_large_csv(folder / "month.csv", 2000, 100)
    for month in ("2019-05", "2019-06"):
        home.load(path, period=month)
    home.load(write_csv(folder / "better.csv", [care_row(PERSON), care_row(8)]), received_at=CORRECTED_AT, replace=True)
    return folder


@pytest.fixture
def home(loaded: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(loaded / "home", tmp_path / "home")))


def number(person: int) -> np.ndarray:
    return np.array([int(personal_code(person))], np.int64)


def cipher(home: Home) -> object:
    return open_person_cipher(home.root / "keys", home.warehouse.key_fingerprint)


def key(home: Home, person: int) -> bytes:
    return cipher(home).person_keys(number(person)).tobytes()


def delete(home: Home, person: int = PERSON, legal_basis: str = BASIS) -> PersonRows:
    return delete_person(home.warehouse, number(person), cipher=cipher(home), legal_basis=legal_basis, at=CHANGED_AT)


def person_number(home: Home, person: int) -> int:
    routing_key = cipher(home).routing_keys(number(person))
    table = home.warehouse.persons(int(partition_of(routing_key, home.warehouse.manifest.partitions)[0]))
    return int(table.find(binary_keys(cipher(home).person_keys(number(person))))[0])


def without(table: pa.Table, person: int) -> pa.Table:
    return table.filter(pc.not_equal(table.column("person_number"), pa.scalar(person, pa.uint32())))


def holds(content: bytes | str, forms: list[bytes]) -> bool:
    raw = content if isinstance(content, bytes) else content.encode()
    return any(form in raw for form in forms)


def forms_of(home: Home, person: int = PERSON) -> list[bytes]:
    """The code and the key in all the ways they could be written."""
    code, dashed, person_key = personal_code(person), personal_code(person, dash=True), key(home, person)
    texts = [code, dashed, person_key.hex(), str(uuid.UUID(bytes=person_key))]
    return [*(text.encode() for text in texts), person_key, int(code).to_bytes(8, "big"), int(code).to_bytes(8, "little")]


def check_gone(home: Home, forms: list[bytes]) -> None:
    """Neither in any file as it lies nor in any row of any person table, listed or not."""
    for path in (path for path in home.warehouse.root.rglob("*") if path.is_file()):
        assert not holds(path.read_bytes(), forms), path.name
        if path.parent.name == "persons":
            keys = pq.read_table(path, columns=["person_key"]).column(0).cast(pa.binary(16))
            assert not any(holds(one, forms) for one in keys.to_pylist()), path.name


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_the_search_finds_a_person_who_is_there(home: Home) -> None:
    with pytest.raises(AssertionError):
        check_gone(home, forms_of(home))


def test_a_person_is_deleted_from_every_load_and_all_others_stay(home: Home) -> None:
    moments = {"2019-05": None, "2019-06": None, "then": datetime(2019, 7, 10, tzinfo=UTC)}
    before = {name: all_rows(home.facts("2019-06" if at else name, as_of=at)) for name, at in moments.items()}
    assert find_person(home.warehouse, number(PERSON), cipher=cipher(home)) == PersonRows(loads=3, rows=41)
    gone = person_number(home, PERSON)
    assert delete(home) == PersonRows(loads=3, rows=41)
    check_gone(home, forms_of(home))
    for name, at in moments.items():
        after = all_rows(home.facts("2019-06" if at else name, as_of=at))
        assert after.equals(without(before[name], gone))
        assert after.num_rows == before[name].num_rows - (1 if name == "2019-06" else 20)


def test_rewritten_files_are_like_loaded_ones(home: Home) -> None:
    old = {path.name: pq.read_schema(path) for files in home.facts("2019-05").partitions for path in files}
    delete(home)
    new = {path.name: pq.read_schema(path) for files in home.facts("2019-05").partitions for path in files}
    (changed,) = set(new) - set(old)
    (gone,) = set(old) - set(new)
    assert changed == gone.replace(".parquet", "-1.parquet")
    assert new[changed].equals(old[gone], check_metadata=True)
    assert not home.warehouse.unlisted()


def test_the_record_says_when_why_and_how_much(home: Home) -> None:
    before = home.warehouse.loads()
    delete(home)
    (deletion,) = home.warehouse.manifest.deletions
    assert deletion.model_dump() == {"at": "2020-03-01T08:00:00+00:00", "legal_basis": BASIS, "loads": 3, "rows": 41}
    after = home.warehouse.loads()
    assert [load.deletions for load in after] == [1, 1]
    assert [load.model_copy(update={"deletions": 0}) for load in after] == list(before)
    assert set(after).isdisjoint(before)  # so that production counts anew


def test_deleting_again_or_somebody_who_is_not_there_changes_nothing(home: Home) -> None:
    delete(home)
    before = home.state()
    assert delete(home) == delete(home, ABSENT) == PersonRows(loads=0, rows=0)
    assert home.state() == before


def test_all_persons_of_a_delivery_may_be_deleted_one_by_one(home: Home) -> None:
    for person in (PERSON, 8):
        delete(home, person)
    facts = home.facts("2019-06")
    assert (facts.partitions, len(facts.loads)) == ((), 1)
    assert all_rows(home.facts("2019-05")).num_rows == 1960
    assert len(home.warehouse.manifest.deletions) == 2


def test_the_same_delivery_again_does_not_bring_the_person_back(home: Home, loaded: Path) -> None:
    delete(home)
    before = home.state()
    assert home.load(loaded / "better.csv").already_loaded
    assert home.state() == before


def test_another_key_or_a_damaged_file_stops_the_deletion(home: Home, tmp_path: Path) -> None:
    before = home.state()
    other = open_person_cipher(tmp_path / "other-keys", None)
    with pytest.raises(BadInput, match="not the key the warehouse was loaded with"):
        delete_person(home.warehouse, number(PERSON), cipher=other, legal_basis=BASIS, at=CHANGED_AT)
    assert home.state() == before
    for path in home.warehouse.root.glob("facts/care/2019-06/*/*.parquet"):
        path.write_bytes(path.read_bytes()[:-1])
    before = home.state()
    with pytest.raises(BadInput, match="is damaged"):
        delete(home)
    assert home.state() == before


@pytest.mark.parametrize("basis", ["", " ", "request of {code}", "request of {dashed}", "request of {spaced}"])
def test_a_legal_basis_says_something_and_names_nobody(home: Home, basis: str) -> None:
    code = personal_code(PERSON)
    text = basis.format(code=code, dashed=personal_code(PERSON, dash=True), spaced=f"{code[:6]} {code[6:]}")
    before = home.state()
    with pytest.raises(BadInput, match="legal basis") as refusal:
        delete(home, legal_basis=text)
    assert not holds(f"{refusal.value} {refusal.value!r}", forms_of(home))
    assert home.state() == before


@pytest.mark.parametrize("form", ["{code}", "{dashed}\n", "\ufeff{code}\r\n"])
def test_a_file_with_one_code_is_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "person.txt"
    path.write_text(form.format(code=personal_code(PERSON), dashed=personal_code(PERSON, dash=True)), encoding="utf-8")
    assert read_personal_code(path).tolist() == number(PERSON).tolist()


@pytest.mark.parametrize("form", ["", "{code}\n{code}", "{code},name", "{wrong}", "{code}" + " " * 100, "\udcff{code}"])
def test_a_file_without_exactly_one_sound_code_is_told_and_not_shown(tmp_path: Path, form: str) -> None:
    code = personal_code(PERSON)
    wrong = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
    path = tmp_path / "person.txt"
    path.write_bytes(form.format(code=code, wrong=wrong).encode(errors="surrogateescape"))
    with pytest.raises(BadInput, match="does not hold one sound personal code") as refusal:
        read_personal_code(path)
    assert not holds(f"{refusal.value} {refusal.value!r}", [code.encode(), wrong.encode()])


def test_nothing_that_is_said_or_kept_names_the_person(home: Home, log: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    forms = forms_of(home)
    said = f"{delete(home)} {delete(home)}"
    check_gone(home, forms)
    assert not any(holds(text, forms) for text in (said, log.getvalue(), *capfd.readouterr()))


STEPS = [
    *[("fsync", count) for count in range(1, 9)],
    ("replace", 1),
    ("after-replace", 1),
    ("unlink", 1),
    ("after-unlink", 2),
]


@pytest.mark.parametrize(("step", "count"), STEPS)
def test_killed_at_a_step(home: Home, loaded: Path, tmp_path: Path, step: str, count: int) -> None:
    clean = Home(Path(shutil.copytree(loaded / "home", tmp_path / "clean")))
    delete(clean)
    command = [sys.executable, str(TESTS / "support" / "change_process.py"), str(home.root), "delete", str(PERSON)]
    done = subprocess.run([*command, step, str(count)], env={"PYTHONPATH": str(TESTS)}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert not holds(done.stdout + done.stderr, forms_of(home))
    assert (all_rows(home.facts("2019-05")).num_rows, all_rows(home.facts("2019-06")).num_rows) in {(2000, 2), (1980, 1)}
    delete(home)
    assert home.state() == clean.state()
    check_gone(home, forms_of(home))
