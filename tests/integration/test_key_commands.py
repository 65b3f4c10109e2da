"""Two custodians, an extract for each of two studies, and a lawful re-identification, with the commands."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest

from saime.cli.main import saime
from saime.cli.workplace import environment
from saime.core.errors import SaimeError
from saime.core.pack.reader import Pack
from saime.intake.services import receive_delivery
from support.warehouse import personal_code, write_csv

PERSONS = 300
COLUMNS = ["person_code", "sex", "age", "group", "impairment", "working", "start_date", "end_date"]
NAMES = ("--custodian", "First custodian", "--custodian", "Second custodian")
AT = datetime(2019, 7, 5, 8, tzinfo=UTC)
BOTH = ("custodian-1.share", "custodian-2.share")


def delivery(folder: Path, pack: Pack) -> Path:
    impairments = [code.id for code in pack.classification("impairment").leaves]
    rows = [
        {
            "person_code": personal_code(number),
            "sex": "FM"[number % 2],
            "age": number % 90,
            "impairment": impairments[row],
            "working": "true",
            "start_date": f"2019-0{1 + number % 5}-01",
        }
        for number in range(PERSONS)
        for row in range(1 + number % 2)
    ]
    return write_csv(folder / "delivery.csv", rows, COLUMNS)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, pack_root: Path) -> Path:
    home, pack = tmp_path_factory.mktemp("keys") / "home", Pack(pack_root)
    receive_delivery(home, pack, "disability", delivery(home.parent, pack), "2019-06", synthetic=True, received_at=AT)
    return home


@pytest.fixture
def home(tmp_path: Path, loaded: Path) -> Path:
    """A loaded folder whose shares were given to two persons."""
    home = Path(shutil.copytree(loaded, tmp_path / "home"))
    for name in BOTH:
        (home / "keys" / name).rename(tmp_path / name)
    return home


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The command in this process, which saves its start."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    environment.cache_clear()
    with redirect_stdout(out), redirect_stderr(err), patch.dict(os.environ, {"SAIME_HOME": str(home)}):
        try:
            saime.main(arguments, standalone_mode=False)
        except SaimeError as error:
            code = error.exit_code
            err.write(str(error))
        finally:
            environment.cache_clear()
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def with_shares(home: Path, *arguments: str, reason: str = "decision 7") -> tuple[str, ...]:
    shares = [option for name in BOTH for option in ("--share", str(home.parent / name))]
    return (*arguments, *shares, *NAMES, "--reason", reason)


def study(
    home: Path, name: str, *options: str, columns: tuple[str, ...] = ("sex", "age", "impairment")
) -> subprocess.CompletedProcess[str]:
    chosen = [option for column in columns for option in ("--column", column)]
    target = str(home.parent / f"{name}{len(options)}.parquet")
    asked = with_shares(home, "extract", "disability", target, "--name", name, "--period", "2019-06", *chosen, *options)
    return run(*asked, home=home)


def log_of(home: Path) -> list[list[str]]:
    done = run("key", "log", home=home)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def on_a_terminal(home: Path, *arguments: str) -> tuple[int, str]:
    """Run a command whose output is a terminal; the code it ends with and what it shows."""
    leader, follower = pty.openpty()
    command = [str(Path(sys.executable).with_name("saime")), *arguments]
    with subprocess.Popen(command, env=os.environ | {"SAIME_HOME": str(home)}, stdout=follower, stderr=follower) as process:
        code = process.wait()
        os.close(follower)
        shown = os.read(leader, 1 << 16).decode()
        os.close(leader)
    return code, shown


def test_two_extracts_have_the_same_facts_and_nothing_to_join_them_by(home: Path) -> None:
    assert study(home, "ageing").returncode == 0
    assert study(home, "work").returncode == 0
    tables = [pq.read_table(home.parent / f"{name}0.parquet") for name in ("ageing", "work")]
    pseudonyms = [table.column("pseudonym").to_pylist() for table in tables]
    in_warehouse = {key.bytes for path in (home / "warehouse" / "persons").glob("*.parquet") for key in keys_of(path)}
    assert len(set(pseudonyms[0])) == len(set(pseudonyms[1])) == PERSONS
    assert not set(pseudonyms[0]) & set(pseudonyms[1])
    assert not (set(pseudonyms[0]) | set(pseudonyms[1])) & in_warehouse
    facts = [table.drop_columns(["pseudonym"]).to_pylist() for table in tables]
    assert Counter(map(str, facts[0])) == Counter(map(str, facts[1]))
    assert facts[0] != facts[1]
    assert all(values == sorted(values) for values in pseudonyms)
    rows = Counter(pseudonyms[0])
    assert sorted(Counter(rows.values()).items()) == [(1, PERSONS // 2), (2, PERSONS // 2)]


def keys_of(path: Path) -> list[object]:
    return pq.read_table(path).column("person_key").to_pylist()


def test_an_extract_has_its_record_and_the_use_is_in_the_log(home: Path) -> None:
    done = study(home, "ageing")
    assert f"450 rows, {PERSONS} persons; use 1 of the master key" in done.stdout.replace("\xa0", " ")
    path = home.parent / "ageing0.parquet"
    record = json.loads(path.with_name(f"{path.name}.json").read_text())
    assert (record["rows"], record["persons"], record["synthetic"], record["use"]) == (450, PERSONS, True, 1)
    assert record["few"] > 0
    assert {file.stat().st_mode & 0o777 for file in (path,)} == {0o600}
    entry = log_of(home)[0]
    assert entry[3:7] == [
        "First custodian and Second custodian",
        "extract",
        "extract ageing: feed disability, periods 2019-06, columns sex, age, impairment",
        "decision 7",
    ]


def test_a_name_is_used_once_unless_it_goes_to_the_same_recipient(home: Path) -> None:
    assert study(home, "ageing").returncode == 0
    shutil.move(home.parent / "ageing0.parquet", home.parent / "first.parquet")
    shutil.move(home.parent / "ageing0.parquet.json", home.parent / "first.parquet.json")
    refused = study(home, "ageing")
    assert (refused.returncode, "was made before" in refused.stderr) == (4, True)
    assert study(home, "ageing", "--again").returncode == 0
    first, again = (pq.read_table(home.parent / name) for name in ("first.parquet", "ageing1.parquet"))
    assert first.equals(again)
    assert [entry[5][:7] for entry in log_of(home)[:3]] == ["extract", "refused", "extract"]


@pytest.mark.parametrize(
    ("columns", "exit_code", "message"),
    [
        (("sex", "working"), 4, "does not allow column working"),
        (("person_code",), 4, "does not allow column person_code"),
        (("start_date",), 4, "does not allow column start_date"),
        (("shoe_size",), 3, "no column shoe_size"),
        (("sex", "sex"), 3, "each once"),
    ],
)
def test_columns_that_the_contract_does_not_allow_are_refused_and_recorded(
    home: Path, columns: tuple[str, ...], exit_code: int, message: str
) -> None:
    done = study(home, "ageing", columns=columns)
    assert (done.returncode, message in done.stderr) == (exit_code, True), done.stderr
    assert not list(home.parent.glob("*.parquet*"))
    assert log_of(home)[0][5].startswith("refused: ")


def test_a_person_of_the_warehouse_and_of_an_extract_is_reidentified_on_a_terminal_and_recorded_without_the_code(home: Path) -> None:
    assert study(home, "ageing").returncode == 0
    from_extract = pq.read_table(home.parent / "ageing0.parquet").column("pseudonym")[0].as_py().hex()
    from_warehouse = str(keys_of(next((home / "warehouse" / "persons").glob("*.parquet")))[0])
    known = {personal_code(number) for number in range(PERSONS)}
    file = home.parent / "pseudonym.txt"
    for pseudonym, options in ((from_extract, ("--extract", "ageing")), (from_warehouse, ())):
        file.write_text(f"{pseudonym}\n")
        code, shown = on_a_terminal(home, *with_shares(home, "key", "reidentify", str(file), *options, reason="order 1-23"))
        assert (code, shown.split()[0] in known) == (0, True)
        assert shown.split()[0] not in (home / "keys" / "uses.jsonl").read_text()
    assert [entry[4] for entry in log_of(home)[:3]] == ["extract", "reidentify", "reidentify"]
    wrong, shown = on_a_terminal(home, *with_shares(home, "key", "reidentify", str(file), "--extract", "ageing"))
    assert (wrong, "not made in this key domain" in shown) == (3, True)
    assert log_of(home)[3][5].startswith("refused: ")


def test_a_personal_code_is_not_written_to_a_file_or_pipe(home: Path) -> None:
    file = home.parent / "pseudonym.txt"
    file.write_text("0" * 32)
    done = run(*with_shares(home, "key", "reidentify", str(file)), home=home)
    assert (done.returncode, "on a terminal only" in done.stderr) == (4, True)


def test_lost_working_keys_come_back_from_the_shares(home: Path) -> None:
    keys = home / "keys"
    before = {name: (keys / name).read_bytes() for name in ("person.key", "routing.key", "household.key", "record.key")}
    for name in before:
        (keys / name).unlink()
    done = run(*with_shares(home, "key", "restore"), home=home)
    assert done.returncode == 0, done.stderr
    assert {name: (keys / name).read_bytes() for name in before} == before


def test_a_rotation_makes_new_person_keys_and_leaves_extracts_as_they_were(home: Path) -> None:
    def person_keys() -> set[object]:
        return {key for path in (home / "warehouse" / "persons").glob("*.parquet") for key in keys_of(path)}

    assert study(home, "ageing").returncode == 0
    before, old_key = person_keys(), (home / "keys" / "person.key").read_bytes()
    done = run(*with_shares(home, "key", "rotate", reason="yearly"), home=home)
    assert (done.returncode, f"{PERSONS} persons have new keys" in done.stdout) == (0, True)
    assert len(person_keys()) == PERSONS
    assert not before & person_keys()
    assert (home / "keys" / "person.key").read_bytes() != old_key
    assert study(home, "ageing", "--again").returncode == 0
    assert pq.read_table(home.parent / "ageing0.parquet").equals(pq.read_table(home.parent / "ageing1.parquet"))
    assert [entry[4] for entry in log_of(home)[:3]] == ["extract", "rotate", "extract"]


def test_new_shares_take_the_place_of_the_old(home: Path) -> None:
    new = (home.parent / "new-1.share", home.parent / "new-2.share")
    done = run(*with_shares(home, "key", "split", "--to", str(new[0]), "--to", str(new[1])), home=home)
    assert done.returncode == 0, done.stderr
    new[0].replace(home.parent / BOTH[0])
    mixed = study(home, "ageing")
    assert (mixed.returncode, "do not go together" in mixed.stderr) == (3, True)
    new[1].replace(home.parent / BOTH[1])
    assert study(home, "ageing").returncode == 0


def test_keys_are_created_in_two_places_before_the_first_load_and_not_after(home: Path, tmp_path: Path) -> None:
    fresh, shares = tmp_path / "fresh", [tmp_path / "a" / "one.share", tmp_path / "b" / "two.share"]
    command = ("key", "create", "--share", str(shares[0]), "--share", str(shares[1]))
    done = run(*command, home=fresh)
    assert (done.returncode, "demonstration" in done.stderr) == (0, False)
    assert sorted(path.name for path in (fresh / "keys").iterdir()) == ["household.key", "person.key", "record.key", "routing.key"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in shares)
    assert run(*command, home=fresh).returncode == 4
    assert run("key", "create", home=home).returncode == 4
    (home / "keys" / "person.key").unlink()
    assert run("key", "create", home=home).returncode == 4
    assert not (home / "keys" / "person.key").exists()


def test_both_shares_in_the_working_folder_are_told_once(tmp_path: Path, pack_root: Path) -> None:
    path = delivery(tmp_path, Pack(pack_root))
    load = ("load", "disability", str(path), "--period", "2019-06", "--synthetic")
    first, second = (run(*load, home=tmp_path / "home") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert ("In earnest" in first.stderr, "In earnest" in second.stderr) == (True, False)
