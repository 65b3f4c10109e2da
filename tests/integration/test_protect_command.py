"""``saime protect PLAN`` says what was withheld and at what price; ``saime protect --verify RELEASE`` proves a release again."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from saime.cli import workplace as cli_workplace
from saime.cli.main import saime
from saime.core.errors import NotFound, SaimeError
from saime.core.releases.reader import CERTIFICATE, OBSERVATIONS, Manifest
from saime.core.releases.store import ReleaseStore
from saime.production.services import Production
from support.commands import run_saime
from support.released import printed
from support.three_months import CORRECTED_AT, FIRST_AT, MONTHS, PLAN, deliver, people, prepare, release, write_plan
from support.withheld_twins import protected

Run = Callable[..., Result]
DAMAGED = "a file of the release store is missing or is not what was released"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a release: one table with reasons told, one without, and one that its source published."""
    home = tmp_path_factory.mktemp("released") / "home"
    store = ReleaseStore(home / "releases")
    datasets = [*protected(0), printed()]
    store.publish({one.dataset.id: store.add(one) for one in datasets}, released_at=FIRST_AT)
    return home


@pytest.fixture
def home(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / "home"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command in this process, over the working folder of a path or of a production with its pack."""
    caches = (cli_workplace.environment, cli_workplace.open_pack)

    def protect(place: Path | Production, *words: str) -> Result:
        monkeypatch.setenv("SAIME_HOME", str(place.warehouse.parent if isinstance(place, Production) else place))
        if isinstance(place, Production):
            monkeypatch.setenv("SAIME_PACK", str(place.pack.root))
        for cache in caches:
            cache.cache_clear()
        return CliRunner().invoke(saime, ["protect", *words])

    yield protect
    for cache in caches:
        cache.cache_clear()


def test_a_sound_release_is_proven_as_the_current_one_and_by_its_path(released: Path, run: Run) -> None:
    (manifest,) = (released / "releases" / "releases").glob("*.json")
    done = run_saime("protect", "--verify", "current", home=released)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    told = {dataset: words for dataset, *words in (line.split("\t") for line in lines)}
    certificate = ReleaseStore(released / "releases").find("current").certificate("by-area")
    assert told["by-area"] == [f"{certificate.withheld} withheld", f"narrowest interval {certificate.narrowest_interval:g}"]
    assert told["printed-2022"] == ["0 withheld", "published by its source"]
    assert last == f"Release {manifest.stem} is proven: 3 datasets"
    assert run(released, "--verify", str(manifest)).output == done.stdout


def edit_cell(store: Path) -> None:
    """A withheld count is filled in, and every digest that can be made to fit is."""
    path = entry(store, "by-area") / OBSERVATIONS
    table = pq.ParquetFile(path).read()
    filled = pc.if_else(pc.is_null(table["OBS_VALUE"]), 6173, table["OBS_VALUE"])
    target = io.BytesIO()
    pq.write_table(table.set_column(table.schema.get_field_index("OBS_VALUE"), "OBS_VALUE", filled.cast(pa.int64())), target)
    replace(store, "by-area", OBSERVATIONS, target.getvalue())


def edit_certificate(store: Path) -> None:
    """The certificate claims a wider interval than the attack finds."""
    content = json.loads((entry(store, "by-area") / CERTIFICATE).read_bytes()) | {"narrowest_interval": 999.0}
    replace(store, "by-area", CERTIFICATE, json.dumps(content).encode())


def lose_file(store: Path) -> None:
    (entry(store, "by-area") / CERTIFICATE).unlink()


def entry(store: Path, dataset: str) -> Path:
    current = ReleaseStore(store).current()
    assert current is not None
    return store / "datasets" / current.digest(dataset)


def replace(store: Path, dataset: str, name: str, content: bytes) -> None:
    """Write a file of a dataset anew, and the manifest with its digest, so that the release's id fits."""
    folder = entry(store, dataset)
    (manifest,) = (store / "releases").glob("*.json")
    (folder / name).write_bytes(content)
    told = json.loads(manifest.read_bytes())
    told["datasets"][dataset]["files"][name] = hashlib.sha256(content).hexdigest()
    changed = Manifest.model_validate(told)
    manifest.unlink()
    (store / "releases" / f"{changed.id}.json").write_text(changed.model_dump_json())
    (store / "current").write_text(changed.id)


@pytest.mark.parametrize(
    ("tamper", "exit_code", "told"),
    [
        (edit_cell, 1, DAMAGED),
        (edit_certificate, 4, "the certificate's narrowest_interval do not agree with the attack on the dataset"),
        (lose_file, 1, DAMAGED),
    ],
)
def test_a_release_that_was_tampered_with_is_found_out(
    home: Path, run: Run, tamper: Callable[[Path], None], exit_code: int, told: str
) -> None:
    folder = entry(home / "releases", "by-area").name
    tamper(home / "releases")
    done = run(home, "--verify", "current")
    assert isinstance(done.exception, SaimeError)
    assert (done.exception.exit_code, done.exception.what) == (exit_code, told)
    assert folder in done.exception.where or done.exception.where == "dataset by-area"
    assert "is proven" not in done.output


def test_an_unknown_release_and_words_that_do_not_go_together_are_refused(released: Path, run: Run) -> None:
    unknown = run(released, "--verify", "2020-01-01-0").exception
    assert isinstance(unknown, NotFound)
    assert "2022" in unknown.fix  # names the releases there are
    both = run(released, PLAN, "--verify", "current")
    assert (both.exit_code, "--verify alone" in both.output) == (2, True)


@pytest.fixture
def production(tmp_path: Path, pack_root: Path) -> Production:
    return prepare(tmp_path, pack_root)


def fill(production: Production, *men: int) -> None:
    """40, 50 and 60 women and so many men in three months, nobody in two of them."""
    for number, (month, women, own) in enumerate(zip(MONTHS, (40, 50, 60), men, strict=True)):
        deliver(production, "benefits", month, people(100 * number, women, own), at=FIRST_AT)


def test_what_is_withheld_is_told_with_reason_and_price_and_nothing_is_stored(production: Production, run: Run) -> None:
    """Withheld are 2, 9, 40 and 50 persons of the twelve cells."""
    fill(production, 2, 9, 25)
    done = run(production, PLAN)
    assert done.exit_code == 0, done.exception
    *cells, price = done.output.splitlines()
    reasons = {"M 2022-01": "small count"} | dict.fromkeys(("F 2022-01", "F 2022-02", "M 2022-02"), "protects a small count")
    assert cells == [f"{PLAN}\t{cell}\t{reason}" for cell, reason in sorted(reasons.items())]
    assert price == (
        f"{PLAN}: 12 cells, 4 withheld: 1 small counts, 3 to protect them with 99 persons in them; "
        "information lost 24.8 %; 0 exposed to the attack"
    )
    assert not production.releases.exists()


def test_what_earlier_releases_make_of_it_is_told(production: Production, run: Run) -> None:
    """Three men of January were shown when the minimum was 3, and March has two women less than then."""
    fill(production, 3, 9, 25)
    release(production, FIRST_AT)
    write_plan(production, 4)
    deliver(production, "benefits", "2022-03", people(200, 58, 25), at=CORRECTED_AT)
    done = run(production, PLAN)
    assert done.exit_code == 0, done.exception
    lines = done.output.splitlines()
    assert f"{PLAN}\tM 2022-01\twas published before and cannot be hidden" in lines
    near = "differs by a few persons from what was published from other deliveries"
    changed = {line.split("\t")[1] for line in lines if line.endswith(near)}
    assert changed == {"_T 2022-Q1", "_T 2022-03", "F 2022-Q1", "F 2022-03"}
