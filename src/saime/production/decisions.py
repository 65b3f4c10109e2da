"""On whose word a release is published: two persons', or nobody's where everything is made up or was published before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from saime.core.errors import Refused
from saime.core.model.release_check import ReleaseCheck
from saime.core.releases.store import ReleaseStore


@dataclass(frozen=True)
class Approval:
    """One person prepared the bundle with this digest, another approved it."""

    bundle_digest: str
    prepared_by: str
    prepared_at: datetime
    approved_by: str
    approved_at: datetime


@dataclass(frozen=True)
class DemoRule:
    """Nobody checks: allowed for synthetic data and for tables that their source has published, and never after a checked release."""


Decision = Approval | DemoRule


def bundle_digest(bundle: Mapping[str, str]) -> str:
    """SHA-256 over the digests by dataset id: any change of any dataset changes it."""
    return hashlib.sha256(json.dumps(dict(bundle), sort_keys=True).encode()).hexdigest()


def check_decision(store: ReleaseStore, bundle: Mapping[str, str], decision: Decision) -> ReleaseCheck:
    """What the release will say about its check. Raises: Refused if the decision does not carry it."""
    if isinstance(decision, DemoRule):
        _check_demo(store, bundle)
        return ReleaseCheck(kind="demo")
    if decision.prepared_by == decision.approved_by:
        raise Refused("who prepared a release cannot approve it", where=decision.prepared_by, fix="let another output checker look at it")
    if decision.bundle_digest != bundle_digest(bundle):
        raise Refused(
            "the datasets are not those that were approved",
            where=f"approved on {decision.approved_at:%Y-%m-%d %H:%M}",
            fix="have the release checked again",
        )
    return ReleaseCheck(kind="two-person", prepared_at=decision.prepared_at, approved_at=decision.approved_at)


def _check_demo(store: ReleaseStore, bundle: Mapping[str, str]) -> None:
    two_persons = "have two persons check it: saime release prepare, then saime release approve"
    current = store.current()
    if current is not None and current.check is not None and current.check.kind == "two-person":
        raise Refused("the current release was checked by two persons, and this one is not", where=f"release {current.id}", fix=two_persons)
    for dataset_id, digest in sorted(bundle.items()):
        metadata = store.kept(digest).dataset.metadata
        if not (metadata.synthetic or metadata.published_by_source):
            raise Refused("real data are not released without a check by two persons", where=f"dataset {dataset_id}", fix=two_persons)
