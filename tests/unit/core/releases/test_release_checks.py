"""A release says how it was checked; one from before this was recorded keeps its id."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from saime.core.exchange.explanation import details_in_words, steps_from_release_back
from saime.core.model.release_check import ReleaseCheck
from saime.core.releases.reader import Manifest, ReleasedDataset
from saime.core.releases.store import ReleaseStore
from support.example_datasets import disability, publication
from support.protection import matrix, protected

NOON = datetime(2026, 1, 15, 11, tzinfo=UTC)
CHECKED = ReleaseCheck(kind="two-person", prepared_at=NOON, approved_at=NOON + timedelta(hours=1))
DEMO = ReleaseCheck(kind="demo")


def test_a_manifest_without_a_check_has_the_id_it_always_had() -> None:
    manifest = Manifest(released_at=NOON, datasets={"one": ReleasedDataset(digest="d", files={"f": "e"})})
    content = {"released_at": "2026-01-15T11:00:00Z", "datasets": {"one": {"digest": "d", "files": {"f": "e"}}}}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert manifest.id == f"2026-01-15-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    assert manifest.model_copy(update={"check": DEMO}).id != manifest.id


def test_the_same_datasets_are_a_new_release_when_they_were_checked_since(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)
    bundle = {"test": store.add(protected(matrix("AB", "xy", [[18, 2], [14, 30]])))}
    unchecked, checked = (store.publish(bundle, released_at=NOON, check=check) for check in (DEMO, CHECKED))
    assert store.publish(bundle, released_at=NOON + timedelta(days=1), check=CHECKED).id == checked.id != unchecked.id
    current = store.current()
    assert current is not None
    assert current.check == CHECKED


@pytest.mark.parametrize("wrong", [{"kind": "two-person"}, {"kind": "demo", "prepared_at": NOON, "approved_at": NOON}])
def test_only_a_check_by_two_persons_has_times(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ReleaseCheck.model_validate(wrong)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (CHECKED, ["one person prepared, another approved", "2026-01-15T12:00:00+00:00"]),
        (DEMO, ["demonstration: not checked by two persons"]),
        (None, []),
    ],
)
def test_the_way_back_begins_with_the_check(check: ReleaseCheck | None, told: list[str]) -> None:
    step = steps_from_release_back(disability(), replace(publication(disability()), check=check))[0]
    assert step.kind == "release"
    assert [words for _name, words in details_in_words(step, "en")] == told
