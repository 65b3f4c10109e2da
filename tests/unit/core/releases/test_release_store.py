"""Releases are immutable, switched in one step, and hold nothing without a certificate that still proves itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from saime.core.errors import BadInput, NotFound, Refused, SaimeError
from saime.core.model.certificate import Certificate, dataset_digest
from saime.core.model.dataset import Dataset, FrequencyTable
from saime.core.protection import ProtectedDataset, certify_published_by_source
from saime.core.releases.reader import ReleaseReader
from saime.core.releases.store import ReleaseStore
from support.protection import METADATA, flat, matrix, protected, table, withhold, words

NOON = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
COUNTED = matrix("ABCD", ["male", "female"], [[18, 2], [14, 19], [12, 10], [11, 14]])
GOOD = protected(COUNTED)


def renamed(name: str, counted: FrequencyTable = COUNTED) -> ProtectedDataset:
    return protected(counted.model_copy(update={"dataset": name}))


@pytest.fixture
def store(tmp_path: Path) -> ReleaseStore:
    return ReleaseStore(tmp_path / "releases")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "releases"


def test_a_reader_gets_what_was_released(store: ReleaseStore, root: Path) -> None:
    assert ReleaseReader(root).current() is None
    digest = store.add(GOOD)
    released = store.publish({"test": digest}, released_at=NOON)
    current = ReleaseReader(root).current()
    assert current is not None
    assert (current.id, current.released_at, current.ids, current.digest("test")) == (released.id, NOON, ("test",), digest)
    assert current.dataset("test") == GOOD.dataset
    assert current.certificate("test") == GOOD.certificate


def test_numbers_with_decimals_come_back_as_they_were(store: ReleaseStore, root: Path) -> None:
    structure = table([flat("CODE", "ab")], [0, 0, 0]).structure
    metadata = METADATA.model_copy(update={"published_by_source": True})
    status = {"obs_status": ("A", "A", "O"), "conf_status": ("F", "F", "F")}
    dataset = Dataset(id="printed", metadata=metadata, structure=structure, values=(12.0, 0.5, None), **status)
    store.publish({"printed": store.add(ProtectedDataset(dataset, certify_published_by_source(dataset)))}, released_at=NOON)
    current = ReleaseReader(root).current()
    assert current is not None
    assert current.dataset("printed") == dataset


def test_an_unknown_dataset_is_told_with_the_known_ones(store: ReleaseStore) -> None:
    released = store.publish({"test": store.add(GOOD)}, released_at=NOON)
    with pytest.raises(NotFound, match="test"):
        released.dataset("other")


def changed(dataset: Dataset, **updates: Any) -> Dataset:
    return Dataset.model_validate(dataset.model_dump() | updates)


def replaced(column: tuple[Any, ...], old: Any, new: Any) -> tuple[Any, ...]:
    place = column.index(old)
    return (*column[:place], new, *column[place + 1 :])


FORGED_DATASETS = {
    "value": {"values": replaced(GOOD.dataset.values, 19, 20)},
    "status": {"conf_status": replaced(GOOD.dataset.conf_status, "A", "D")},
    "structure": {"structure": matrix("ABCE", ["male", "female"], [[1, 1]] * 4).structure},
    "metadata": {"metadata": METADATA.model_copy(update={"title": words("Another table")})},
    "lineage": {"lineage": ()},
    "id": {"id": "other"},
}


@pytest.mark.parametrize("part", FORGED_DATASETS)
def test_a_certificate_is_good_for_its_dataset_only(store: ReleaseStore, part: str) -> None:
    with pytest.raises(Refused, match="made for other"):
        store.add(ProtectedDataset(changed(GOOD.dataset, **FORGED_DATASETS[part]), GOOD.certificate))


@pytest.mark.parametrize("part", [part for part in FORGED_DATASETS if part in ("value", "status", "lineage")])
def test_a_digest_made_to_fit_does_not_help_what_fails_the_attack(store: ReleaseStore, part: str) -> None:
    forged = changed(GOOD.dataset, **FORGED_DATASETS[part])
    certificate = GOOD.certificate.model_copy(update={"dataset_digest": dataset_digest(forged), "dataset": forged.id})
    with pytest.raises(Refused):
        store.add(ProtectedDataset(forged, certificate))


@pytest.mark.parametrize(
    "claim",
    [
        {"valid": False},
        {"exposed": 1},
        {"rules": {"rule": "threshold", "minimum": 3}},
        {"primary": 0},
        {"withheld": 1},
        {"narrowest_interval": 99.0},
        {"kind": "published_by_source", "basis": words("a yearbook")},
        {"dataset_digest": "0" * 64},
    ],
)
def test_a_changed_certificate_is_refused(store: ReleaseStore, claim: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        store.add(ProtectedDataset(GOOD.dataset, GOOD.certificate.model_copy(update=claim)))
    assert not store.holds(GOOD.certificate.dataset_digest)


def test_an_exposed_table_is_refused_by_its_cells(store: ReleaseStore) -> None:
    careless = withhold(COUNTED, {("A", "female"): "A", ("A", "male"): "D"})
    claims = GOOD.certificate.model_dump() | {"dataset_digest": dataset_digest(careless), "withheld": 2, "secondary": 1}
    with pytest.raises(Refused) as refusal:
        store.add(ProtectedDataset(careless, Certificate.model_validate(claims)))
    assert "A|female" in refusal.value.where


def test_the_same_again_changes_nothing(store: ReleaseStore, root: Path) -> None:
    first = store.publish({"test": store.add(GOOD)}, released_at=NOON)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    again = store.publish({"test": store.add(renamed("test"))}, released_at=NOON + timedelta(days=30))
    assert (again.id, again.released_at) == (first.id, NOON)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_new_release_leaves_the_one_before_readable(store: ReleaseStore) -> None:
    first = store.publish({"test": store.add(GOOD)}, released_at=NOON)
    other = matrix("ABCD", ["male", "female"], [[18, 9], [14, 19], [12, 10], [11, 14]])
    second = store.publish({"test": store.add(protected(other)), "more": store.add(renamed("more"))}, released_at=NOON + timedelta(hours=1))
    assert second.id != first.id
    assert second.ids == ("more", "test")
    assert first.dataset("test") == GOOD.dataset
    assert second.dataset("test").values[5] == 9


def test_a_bundle_must_be_consistent(store: ReleaseStore) -> None:
    digest = store.add(GOOD)
    with pytest.raises(BadInput, match="'test'"):
        store.publish({"other": digest}, released_at=NOON)
    with pytest.raises(NotFound):
        store.publish({"test": "0" * 64}, released_at=NOON)
    with pytest.raises(BadInput, match="time zone"):
        store.publish({"test": digest}, released_at=datetime(2026, 1, 15, 11, 0))
    assert store.current() is None


@pytest.mark.parametrize("name", ["observations.parquet", "dataset.json", "certificate.json"])
@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_a_damaged_file_is_named_and_not_shown(store: ReleaseStore, root: Path, name: str, harm: str) -> None:
    digest = store.add(GOOD)
    released = store.publish({"test": digest}, released_at=NOON)
    path = root / "datasets" / digest / name
    if harm == "missing":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content.replace(b"test", b"tent") if path.suffix == ".json" else content[:40] + bytes(40) + content[80:])
    read = released.certificate if name == "certificate.json" else released.dataset
    with pytest.raises(SaimeError) as fault:
        read("test")
    assert fault.value.where.endswith(name)
    with pytest.raises(SaimeError):
        store.publish({"test": digest}, released_at=NOON)


def test_a_changed_manifest_is_not_shown(store: ReleaseStore, root: Path, tmp_path: Path) -> None:
    released = store.publish({"test": store.add(GOOD)}, released_at=NOON)
    copy = tmp_path / "copy"
    root.rename(copy)
    path = copy / "releases" / f"{released.id}.json"
    path.write_text(path.read_text().replace("2026-01-15T11", "2026-01-15T10"))
    with pytest.raises(SaimeError, match="release store"):
        ReleaseReader(copy).current()


PUBLISH_FOR_EVER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from support.protection import matrix, protected
from saime.core.releases.store import ReleaseStore

store, start = ReleaseStore(Path(sys.argv[1])), int(sys.argv[2])
for step in range(start, start + 1000):
    counted = matrix("AB", "xy", [[18, 2], [14, 100 + step]])
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=step)
    print(store.publish({"test": store.add(protected(counted))}, released_at=at).id, flush=True)
"""


def test_a_killed_process_leaves_a_whole_release(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "publish.py"
    script.write_text(PUBLISH_FOR_EVER)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    for turn in range(3):
        command = [sys.executable, str(script), str(root), str(1000 * turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
            assert child.stdout is not None
            told = [child.stdout.readline().strip() for _ in range(3 + turn)]
            child.send_signal(signal.SIGKILL)
            told += child.stdout.read().split()
        current = ReleaseReader(root).current()
        assert current is not None
        if current.id not in told:  # it was switched to, and the process was killed before it could say so
            assert current.released_at > datetime.fromisoformat(f"{told[-1][:10]}T00:00:00+00:00")
        assert current.dataset("test").id == "test"
        assert dataset_digest(current.dataset("test")) == current.certificate("test").dataset_digest
        assert ReleaseStore(root).holds(current.digest("test"))


def test_what_was_harmed_on_the_disk_is_not_released(store: ReleaseStore, root: Path) -> None:
    digest = store.add(GOOD)
    path = root / "datasets" / digest / "certificate.json"
    path.write_text(path.read_text().replace('"withheld": 4', '"withheld": 3'))
    with pytest.raises(Refused, match="withheld"):
        store.publish({"test": digest}, released_at=NOON)
    assert store.current() is None
