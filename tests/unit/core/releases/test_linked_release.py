"""The release store proves linked datasets together, and tells with each what it was attacked with."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from saime.core.errors import NotFound, Refused, SaimeError
from saime.core.protection import ProtectedDataset, protect_release
from saime.core.releases.reader import Manifest
from saime.core.releases.store import ReleaseStore
from support.linked_tables import grouped

NOON = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
COUNTS = {"a": 3, "b": 9, "c": 40, "d": 8, "e": 30, "f": 50}
BY_COUNTY = grouped("by-county", {"K1": "abc", "K2": "def"}, COUNTS)
BY_SIZE = grouped("by-size", {"S": "acd", "L": "bef"}, COUNTS)
PAIR = protect_release([BY_COUNTY, BY_SIZE]).datasets
APART = tuple(protect_release([one]).datasets[0] for one in (BY_COUNTY, BY_SIZE))


@pytest.fixture
def store(tmp_path: Path) -> ReleaseStore:
    return ReleaseStore(tmp_path)


def bundle(store: ReleaseStore, datasets: tuple[ProtectedDataset, ...]) -> dict[str, str]:
    return {one.dataset.id: store.add(one) for one in datasets}


def test_each_certificate_names_what_the_dataset_was_attacked_with(store: ReleaseStore) -> None:
    digests = bundle(store, PAIR)
    released = store.publish(digests, released_at=NOON)
    (linked,) = released.certificate("by-county").linked
    assert (linked.dataset, linked.digest, linked.earlier) == ("by-size", digests["by-size"], False)
    widths = {released.certificate(name).narrowest_interval for name in released.ids}
    assert len(widths) == 1
    assert store.verify(released) == {name: released.certificate(name) for name in released.ids}


def test_datasets_certified_apart_are_not_published_together(store: ReleaseStore) -> None:
    digests = bundle(store, APART)
    with pytest.raises(Refused, match="computed from the published"):
        store.publish(digests, released_at=NOON)
    assert store.current() is None


def test_nor_one_after_the_other(store: ReleaseStore) -> None:
    first = store.publish(bundle(store, APART[:1]), released_at=NOON)
    with pytest.raises(Refused, match="computed from the published"):
        store.publish(bundle(store, APART[1:]), released_at=NOON + timedelta(days=1))
    current = store.current()
    assert current is not None
    assert current.id == first.id


def test_what_was_published_before_is_named_as_earlier(store: ReleaseStore) -> None:
    store.publish(bundle(store, PAIR[:1]), released_at=NOON)
    second = store.publish(bundle(store, PAIR[1:]), released_at=NOON + timedelta(days=1))
    assert [(one.dataset, one.earlier) for one in second.certificate("by-size").linked] == [("by-county", True)]
    assert store.verify(second).keys() == {"by-size"}


def forge(store: ReleaseStore, root: Path, **changes: object) -> None:
    """Make a release current that says something else of a dataset, with an id that fits."""
    released = store.publish(bundle(store, PAIR), released_at=NOON)
    content = json.loads((root / "releases" / f"{released.id}.json").read_text())
    (root / "releases" / f"{released.id}.json").unlink()
    content["datasets"]["by-size"] |= changes
    manifest = Manifest.model_validate(content)
    (root / "releases" / f"{manifest.id}.json").write_text(manifest.model_dump_json())
    (root / "current").write_text(manifest.id)


@pytest.mark.parametrize("changes", [{"linked": None, "narrowest_interval": None}, {"narrowest_interval": 50.0}, {"linked": []}])
def test_a_certificate_that_claims_otherwise_is_found_out(store: ReleaseStore, tmp_path: Path, changes: dict[str, object]) -> None:
    forge(store, tmp_path, **changes)
    with pytest.raises(Refused, match="does not tell what the attack"):
        store.verify(store.find("current"))


def test_a_pair_put_together_on_the_disk_is_found_out(store: ReleaseStore, tmp_path: Path) -> None:
    """The manifest is made to name the dataset that was certified alone."""
    alone = store.add(APART[1])
    names = ("observations.parquet", "dataset.json", "certificate.json")
    files = {name: hashlib.sha256((tmp_path / "datasets" / alone / name).read_bytes()).hexdigest() for name in names}
    forge(store, tmp_path, digest=alone, files=files)
    with pytest.raises(Refused):
        store.verify(store.find("current"))


def test_an_unknown_or_damaged_release_is_told(store: ReleaseStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such release"):
        store.find("2026-01-01-0")
    released = store.publish(bundle(store, PAIR), released_at=NOON)
    assert store.find(str(tmp_path / "releases" / f"{released.id}.json")).id == released.id
    (tmp_path / "datasets" / released.digest("by-size") / "observations.parquet").write_bytes(b"")
    with pytest.raises(SaimeError, match="release store"):
        store.verify(store.find("current"))
