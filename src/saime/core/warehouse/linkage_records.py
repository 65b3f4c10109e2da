"""Linkage reports on disk, who accepted which, and whether a load may be published.

``linkage/LOAD.json`` is the report of a load, ``linkage/LOAD.acceptance.json`` its acceptance. A report is made when its
load is received, and again when it is asked for and another register load or an earlier period has come since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from saime.core.durable import make_folders, replace_file
from saime.core.errors import BadInput, NotFound, Refused
from saime.core.model.classification import Classification
from saime.core.model.period import Period
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import LoadRecord
from saime.core.warehouse.faults import holds_personal_code
from saime.core.warehouse.linkage import LinkageReport, linkage_report
from saime.core.warehouse.linkage_matching import Source
from saime.core.warehouse.linkage_words import breach_sentences
from saime.core.warehouse.manifest import Manifest, StoredLoad
from saime.core.warehouse.store import Warehouse

Model = TypeVar("Model", bound=BaseModel)


class LinkageAcceptance(BaseModel):
    """Who accepted that a load beyond its limits is published, when and why; it holds for the report of that digest only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    load: str
    report_digest: str
    by: str
    at: str
    reason: str


@dataclass(frozen=True)
class LinkageState:
    """A report and its acceptance, if there is one of this very report."""

    report: LinkageReport
    acceptance: LinkageAcceptance | None

    @property
    def blocks(self) -> bool:
        return bool(self.report.breaches) and self.acceptance is None


@dataclass(frozen=True)
class LinkageRecords:
    """The reports of a warehouse. ``classification`` finds a classification by name (``Pack.classification``)."""

    warehouse: Warehouse
    classification: Callable[[str], Classification]

    @property
    def root(self) -> Path:
        return self.warehouse.root / "linkage"

    def states(self, contract: FeedContract) -> tuple[LinkageState, ...]:
        """Of all loads of a feed that are in force and have facts, by period; none for a feed without linkage."""
        if contract.linkage is None:
            return ()
        manifest = self.warehouse.manifest
        loads, registers = (_in_force(manifest, feed) for feed in (contract.feed, contract.linkage.register_feed))
        source = Source(self.warehouse.root, manifest.code_lists)
        reports: list[LinkageReport] = []
        for load in loads:
            corrected = _read(self.root / f"{load.record.replaces}.json", LinkageReport) if load.record.replaces else None
            previous = corrected or (reports[-1] if reports else None)
            reports.append(self._report(source, contract, load, _register_load(registers, load), previous))
        return tuple(LinkageState(report, self._acceptance(report)) for report in reports)

    def state(self, contract: FeedContract, load_id: str) -> LinkageState:
        """Raises: NotFound if no such load of the feed is in force."""
        for state in self.states(contract):
            if state.report.load == load_id:
                return state
        raise NotFound("no such load of a feed with linkage is in force", where=load_id, fix="take the id from: saime linkage list")

    def accept(
        self, contract: FeedContract, load_id: str, *, by: str, reason: str, at: datetime, seen: str | None = None
    ) -> LinkageAcceptance:
        """Record that somebody with the right accepts a load as it links. The caller has checked the right.

        ``seen``: the digest of the report that they looked at, where that may be another one by now.
        Raises: NotFound; BadInput if name or reason is empty or holds a personal code; Refused if no limit is broken or the
        report is not the one seen.
        """
        for name, text in (("by", by), ("reason", reason)):
            _check_words(name, text)
        state = self.state(contract, load_id)
        if not state.report.breaches:
            raise Refused("the load is within its limits, so there is nothing to accept", where=f"load {load_id}", fix="release as usual")
        if seen is not None and seen != state.report.digest:
            raise Refused("the report has changed since it was looked at", where=f"load {load_id}", fix="look at it again")
        acceptance = LinkageAcceptance(
            load=load_id,
            report_digest=state.report.digest,
            by=by.strip(),
            at=at.isoformat(timespec="seconds"),
            reason=reason.strip(),
        )
        replace_file(self.root / f"{load_id}.acceptance.json", acceptance.model_dump_json(indent=1).encode())
        return acceptance

    def check_may_publish(self, contract: FeedContract, loads: Sequence[LoadRecord]) -> None:
        """Raises: Refused for the first load that breaks a limit and was not accepted."""
        wanted = {load.id for load in loads}
        for state in self.states(contract):
            if state.report.load in wanted and state.blocks:
                raise _refusal(state.report)

    def _report(
        self, source: Source, contract: FeedContract, load: StoredLoad, register: StoredLoad | None, previous: LinkageReport | None
    ) -> LinkageReport:
        """The saved report, or a new one if there is none or it was made with another register load, load before or contract."""
        path = self.root / f"{load.record.id}.json"
        saved = _read(path, LinkageReport)
        sources = (register.record.id if register else None, previous.load if previous else None, previous.rate if previous else None)
        if saved and (saved.register_load, saved.previous_load, saved.previous_rate) == sources and saved.limits == contract.linkage:
            return saved
        report = linkage_report(source, contract, load, register, previous, self.classification)
        make_folders(self.root)
        replace_file(path, report.model_dump_json(indent=1).encode())
        return report

    def _acceptance(self, report: LinkageReport) -> LinkageAcceptance | None:
        found = _read(self.root / f"{report.load}.acceptance.json", LinkageAcceptance)
        return found if found and found.report_digest == report.digest else None


def _refusal(report: LinkageReport) -> Refused:
    before = f", {report.previous_rate:.2%} in {report.previous_load}" if report.previous_rate is not None else ""
    rate = "not known" if report.rate is None else f"{report.rate:.2%}{before}"
    return Refused(
        f"load {report.load} does not link to register {report.register_feed} as its contract asks: match rate {rate}; "
        + "; ".join(breach_sentences(report)),
        where=f"feed {report.feed}, period {report.period}, {report.delivery_name}",
        fix=f"look at it: saime linkage show {report.load}; load a corrected delivery, or have somebody with the right accept it: "
        f"saime linkage accept {report.load} --by NAME --reason WHY",
    )


def _in_force(manifest: Manifest, feed: str) -> list[StoredLoad]:
    """The loads of a feed that are in force and have facts, by period."""
    loads = [load for load in manifest.loads if load.record.feed == feed and load.replaced is None and load.removed is None]
    return sorted(loads, key=_period)


def _register_load(registers: Sequence[StoredLoad], load: StoredLoad) -> StoredLoad | None:
    """The latest register load that begins before the load's period ends; the first one if all begin later."""
    end = _period(load).end
    return next((one for one in reversed(registers) if _period(one).start <= end), registers[0] if registers else None)


def _period(load: StoredLoad) -> Period:
    return Period.parse(load.record.period)


def _check_words(name: str, text: str) -> None:
    if not text.strip():
        raise BadInput("an acceptance is kept on record with who and why", where=name, fix="say who accepts it and for which reason")
    if holds_personal_code(text):
        raise BadInput("the text holds a personal code, and it is kept on record", where=name, fix="leave the code out")


def _read(path: Path, model: type[Model]) -> Model | None:
    try:
        return model.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):  # a damaged report is made again, a damaged acceptance is none
        return None
