"""``saime demo``: the whole chain on the pack's real and synthetic input, told in numbers."""

from __future__ import annotations

import importlib.util
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from saime.cli.console import number, progress_bar
from saime.cli.keys import telling_of_new_shares
from saime.cli.web import serve_until_interrupted
from saime.cli.workplace import environment, open_pack, open_production, set_up_web
from saime.core.errors import Refused
from saime.core.model.certificate import Certificate
from saime.core.warehouse.store import Warehouse
from saime.intake import services as intake
from saime.production import services as production_services
from saime.production.decisions import DemoRule


@dataclass
class Tally:
    """What the chain did, for the report at the end."""

    started: float = field(default_factory=time.perf_counter)
    rows: int = 0
    persons: int = 0
    deliveries: int = 0
    loaded_now: int = 0
    certificates: dict[str, Certificate] = field(default_factory=dict)


@click.command()
@click.option("--no-serve", is_flag=True, help="End after the chain.")
@click.option(
    "--scale", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True, help="Share of the synthetic population."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8000, show_default=True)
def demo(no_serve: bool, scale: float, host: str, port: int) -> None:
    """Run the whole chain and serve its result; a second run is quick and changes nothing.

    Example: saime demo --scale 0.1 --no-serve
    """
    if environment().release_check == "two-person":
        raise Refused("SAIME_RELEASE_CHECK asks for two persons, and a demonstration has none", where="environment", fix="leave it unset")
    tally = Tally()
    set_up_web()
    _load_registers()
    with telling_of_new_shares():
        _load_deliveries(scale, tally)
    release = _release(tally)
    _report(tally, release)
    if not no_serve:
        serve_until_interrupted(host, port)


def _load_registers() -> None:
    from saime.monitoring.services import load_documents
    from saime.registers.services import load_register

    register, documents = load_register(environment().pack), load_documents(environment().pack)
    changed = sum(changes.any for changes in (*register.values(), *documents.values()))
    click.echo(
        f"Register: {register['Provider'].rows} providers in {register['Municipality'].rows} municipalities; "
        f"documents: {documents['Target'].rows} targets, {documents['Indicator'].rows} indicators, "
        f"{documents['BudgetProgramme'].rows} budget programmes; {changed or 'no'} tables changed"
    )


def _load_deliveries(scale: float, tally: Tally) -> None:
    """Write each synthetic delivery outside SAIME_HOME, load it, and remove it: it holds personal codes."""
    loaded = {(load.feed, load.period): load for load in Warehouse(environment().warehouse).loads()}
    for delivery in load_generator(environment().pack).deliveries(environment().pack, scale=scale):
        record = loaded.get((delivery.feed, delivery.period))
        if record is not None and record.delivery_name != delivery.name:
            raise Refused(
                "the working folder already holds another run of the demonstration",
                where=f"feed {delivery.feed}, period {delivery.period}: {record.delivery_name}, now {delivery.name}",
                fix="use the same --scale, or another SAIME_HOME, or remove the folder",
            )
        record = record or _load(delivery, tally)
        tally.deliveries += 1
        tally.rows += record.rows
        tally.persons = max(tally.persons, record.persons)


def _load(delivery: Any, tally: Tally) -> Any:
    with tempfile.TemporaryDirectory(prefix="saime-delivery-") as folder, progress_bar(f"Loading {delivery.name}") as progress:
        path = Path(folder) / delivery.name
        delivery.write(path)
        receipt = intake.receive_delivery(
            environment().home,
            open_pack(),
            delivery.feed,
            path,
            delivery.period,
            synthetic=True,
            received_at=datetime.now(UTC),
            progress=progress,
        )
    tally.loaded_now += 1
    click.echo(f"Loaded {delivery.name}: {number(receipt.record.rows)} rows, {number(receipt.record.persons)} persons")
    return receipt.record


def _release(tally: Tally) -> Any:
    production = open_production()
    started = time.perf_counter()
    with progress_bar("Counting and protecting") as progress:
        produced = production_services.produce_everything(production, progress=progress)
    for plan, item in zip(open_pack().released_plans, produced[-len(open_pack().released_plans) :], strict=True):
        click.echo(f"Dataset {plan.dataset}: {'counted and protected' if item.protected else 'unchanged'}")
    click.echo(f"Counted, and protected as one system, in {time.perf_counter() - started:.1f} s")
    bundle = {item.dataset: item.digest for item in produced}
    release = production_services.release(production, bundle, at=datetime.now(UTC), decision=DemoRule())
    tally.certificates = {name: release.certificate(name) for name in release.ids}
    return release


def _report(tally: Tally, release: Any) -> None:
    certificates = tally.certificates.values()
    cells, withheld, primary = (sum(getattr(c, name) for c in certificates) for name in ("cells", "withheld", "primary"))
    lines = (
        f"Release {release.id} of {release.released_at}: {len(tally.certificates)} datasets",
        f"{number(tally.persons)} persons in the largest delivery, {number(tally.rows)} rows in {tally.deliveries} deliveries, "
        f"{tally.loaded_now} loaded now",
        f"{number(cells)} cells, {number(withheld)} withheld, of which {number(primary)} are known as small counts",
        f"{time.perf_counter() - tally.started:.1f} seconds, peak memory {_peak_memory():.2f} GiB",
    )
    for line in lines:
        click.echo(line)


def _peak_memory() -> float:
    """In GiB, of this process and its children."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 2**20


def load_generator(pack: Path) -> ModuleType:
    """The pack's generator, loaded from its file: a pack is content and not part of the package."""
    path = pack / "synthetic" / "deliveries.py"
    specification = importlib.util.spec_from_file_location("saime_synthetic", path)
    if specification is None or specification.loader is None or not path.is_file():
        raise Refused("the pack has no synthetic deliveries to demonstrate with", where=str(path), fix="use packs/latvia")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module
