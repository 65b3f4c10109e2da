"""The steps from the legal act to the tabulated number, in words that the page shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic import BaseModel

from saime.core.model.dataset import LineageStep
from saime.core.model.text import Text
from saime.core.pack.reader import Pack
from saime.core.tabulation.plan import TabulationPlan
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import LoadRecord


def digest(*models: BaseModel) -> str:
    """SHA-256 over the models' canonical JSON."""
    text = "\n".join(model.model_dump_json() for model in models)
    return hashlib.sha256(text.encode()).hexdigest()


def legal_act_steps(pack: Pack, acts: Iterable[str]) -> tuple[LineageStep, ...]:
    return tuple(_legal_act_step(pack, act) for act in acts)


def plan_lineage(pack: Pack, plan: TabulationPlan, feed: FeedContract, loads: Iterable[LoadRecord], engine: str) -> tuple[LineageStep, ...]:
    """Oldest first: legal acts, feed contract, deliveries, tabulation run."""
    acts = dict.fromkeys((*feed.legal_basis, *plan.legal_basis))
    return (
        *legal_act_steps(pack, acts),
        LineageStep(kind="feed", id=f"{feed.feed} {feed.version}", label=feed.title, digest=digest(feed)),
        *(_delivery_step(load) for load in loads),
        LineageStep(
            kind="tabulation", id=plan.dataset, label=plan.title, digest=digest(plan), details={"engine": engine, "unit": plan.unit}
        ),
    )


def _legal_act_step(pack: Pack, act: str) -> LineageStep:
    found = pack.legal_acts[act]
    details = {"number": found.number, "adopted": found.adopted, "article": found.article}
    return LineageStep(kind="legal_act", id=act, label=found.title, details={name: value for name, value in details.items() if value})


def _delivery_step(load: LoadRecord) -> LineageStep:
    """What identifies the delivery, and nothing that follows from its rows.

    How many rows or persons it has is a count that no attack has looked at. A digest of the file, or of what was made of it,
    would let a reader who knows all rows but one guess the last. The warehouse has both beside the name and the time.
    """
    label = Text(lv=f"Piegāde par {load.period}", en=f"Delivery for {load.period}")
    if load.replaces:
        label = Text(lv=f"Labota piegāde par {load.period}", en=f"Corrected delivery for {load.period}")
    return LineageStep(kind="delivery", id=load.delivery_name, label=label, at=load.received_at, details={"synthetic": load.synthetic})
