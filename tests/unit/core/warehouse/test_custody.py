"""The master opens with two shares, two names and a reason; each try is on a record that shows when it was changed."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from saime.core.errors import BadInput, Refused
from saime.core.warehouse.custody import Custodians, unlock
from saime.core.warehouse.key_domains import MasterKey
from saime.core.warehouse.key_shares import combine, read_share, split, write_shares
from saime.core.warehouse.key_uses import UseRecord
from support.warehouse import personal_code

MASTER = MasterKey(bytes(range(32)))
AT = "2026-11-22T08:00:00+00:00"


@pytest.fixture
def record(tmp_path: Path) -> UseRecord:
    return UseRecord(tmp_path / "keys" / "uses.jsonl")


@pytest.fixture
def custodians(tmp_path: Path) -> Custodians:
    places = (tmp_path / "one.share", tmp_path / "two.share")
    write_shares(MASTER, places)
    return Custodians(places, ("First custodian", "Second custodian"), "operator")


def use(record: UseRecord, custodians: Custodians, reason: str = "decision 7", subject: str = "a study") -> MasterKey:
    return unlock(record, custodians, "extract", reason, at=AT, subject=lambda master: subject).master


def test_both_shares_give_the_master_and_the_use_is_recorded(record: UseRecord, custodians: Custodians) -> None:
    assert use(record, custodians) == MASTER
    (entry,) = record.read()
    assert (entry.at, entry.account, entry.custodians) == (AT, "operator", ("First custodian", "Second custodian"))
    assert (entry.purpose, entry.subject, entry.reason, entry.refused) == ("extract", "a study", "decision 7", None)


def test_each_share_alone_is_evenly_spread_whatever_the_master() -> None:
    """Over many splits of two opposite masters each bit of each share is a coin."""
    for master in (MasterKey(bytes(32)), MasterKey(b"\xff" * 32)):
        shares = [split(master) for _ in range(4000)]
        for part in (0, 1):
            ones = np.unpackbits(np.frombuffer(b"".join(pair[part].secret for pair in shares), np.uint8).reshape(4000, 32), axis=1)
            assert (np.abs(ones.mean(axis=0) - 0.5) < 6 * 0.5 / np.sqrt(4000)).all()


def test_shares_of_two_splits_do_not_go_together() -> None:
    (one, _), (_, other) = split(MASTER), split(MASTER)
    with pytest.raises(BadInput, match="do not go together"):
        combine(one, other)
    with pytest.raises(BadInput, match="both files hold part 1"):
        combine(one, one)


def test_a_share_is_not_shown_and_never_replaced(custodians: Custodians) -> None:
    share = read_share(custodians.shares[0])
    assert share.secret.hex() not in repr(share)
    with pytest.raises(BadInput, match="never replaced"):
        write_shares(MASTER, (custodians.shares[0], custodians.shares[0].with_name("new")))
    with pytest.raises(BadInput, match="to one file"):
        write_shares(MASTER, (Path("a"), Path("a")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shares": 1}, "two shares"),
        ({"shares": 0}, "two shares"),
        ({"names": ("First custodian", " first CUSTODIAN ")}, "two persons"),
        ({"names": ("First custodian",)}, "two persons"),
        ({"names": ("First custodian", " ")}, "two persons"),
    ],
)
def test_one_person_cannot(record: UseRecord, custodians: Custodians, change: dict[str, object], message: str) -> None:
    shares = custodians.shares[: change.pop("shares", 2)]  # type: ignore[misc]
    with pytest.raises(Refused, match=message):
        use(record, replace(custodians, shares=shares, **change))  # type: ignore[arg-type]
    (entry,) = record.read()
    assert message in (entry.refused or "")


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_it_is_refused_and_recorded(record: UseRecord, custodians: Custodians, reason: str) -> None:
    with pytest.raises(Refused, match="reason is empty"):
        use(record, custodians, reason)
    assert len(record.read()) == 1


@pytest.mark.parametrize("form", ["{}", "{:.6}-{}", "{:.6} {}"])
def test_a_personal_code_in_the_reason_is_refused_and_not_recorded(record: UseRecord, custodians: Custodians, form: str) -> None:
    code = personal_code(3)
    shown = form.format(code) if form == "{}" else form.format(code, code[6:])
    with pytest.raises(BadInput, match="holds a personal code"):
        use(record, custodians, f"for {shown}")
    assert record.path.read_text().count("***********") == 1
    assert shown not in record.path.read_text()


@pytest.mark.parametrize(
    "damage",
    [lambda text: text[:-3], lambda text: text.replace("share ", "share 0", 1), lambda text: text[:60] + "10"[text[60] == "1"] + text[61:]],
)
def test_a_damaged_share_is_refused_recorded_and_not_shown(record: UseRecord, custodians: Custodians, damage: object) -> None:
    path = custodians.shares[0]
    secret = read_share(path).secret.hex()
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    with pytest.raises(BadInput) as refusal:
        use(record, custodians)
    assert secret[:16] not in str(refusal.value)
    assert record.read()[0].refused


def test_a_share_that_others_may_read_is_refused(record: UseRecord, custodians: Custodians) -> None:
    custodians.shares[1].chmod(0o644)
    with pytest.raises(BadInput, match="others may read"):
        use(record, custodians)


def test_what_the_subject_objects_to_is_recorded_and_opens_nothing(record: UseRecord, custodians: Custodians) -> None:
    def object_to(master: MasterKey) -> str:
        raise BadInput("not of this domain")

    with pytest.raises(BadInput, match="not of this domain"):
        unlock(record, custodians, "reidentify", "order 1", at=AT, subject=object_to)
    assert record.read()[0].refused == "not of this domain"


def test_entries_form_a_chain(record: UseRecord, custodians: Custodians) -> None:
    for number in range(4):
        use(record, custodians, subject=f"study {number}")
    entries = record.read()
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert all(later.previous == earlier.digest for earlier, later in pairwise(entries))
    assert record.path.stat().st_mode & 0o777 == 0o600


def _change(lines: list[str], field: str, value: object) -> list[str]:
    return [lines[0], json.dumps({**json.loads(lines[1]), field: value}), *lines[2:]]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: _change(lines, "reason", "another"),
        lambda lines: _change(lines, "refused", "it was"),
        lambda lines: _change(lines, "number", 7),
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[2], lines[1]],
        lambda lines: [*lines[:2], lines[1], lines[2]],
        lambda lines: [*lines[:2], "{"],
        lambda lines: [*lines[:2], lines[2][:40]],
    ],
)
def test_a_changed_record_is_seen_and_the_shares_open_nothing(record: UseRecord, custodians: Custodians, tamper: object) -> None:
    for _ in range(3):
        use(record, custodians)
    changed = tamper(record.path.read_text().splitlines())  # type: ignore[operator]
    record.path.write_text("\n".join(changed) + "\n")
    with pytest.raises(BadInput, match="changed or cut at entry"):
        record.read()
    with pytest.raises(BadInput, match="changed or cut at entry"):
        use(record, custodians)


def test_a_cut_last_line_is_seen(record: UseRecord, custodians: Custodians) -> None:
    use(record, custodians)
    record.path.write_bytes(record.path.read_bytes()[:-1])
    with pytest.raises(BadInput, match="cut at entry 1"):
        record.read()
