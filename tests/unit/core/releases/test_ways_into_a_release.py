"""Nothing is released without a certificate that holds for it; every other way in is refused and changes nothing for readers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from saime.core.errors import NotFound, Refused, SaimeError
from saime.core.model.certificate import dataset_digest
from saime.core.model.dataset import Dataset
from saime.core.protection import ProtectedDataset, certify_published_by_source
from saime.core.releases.store import ReleaseStore
from support.example_datasets import LINEAGE
from support.protection import matrix, protected, withhold

NOON = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
COUNTED = matrix("ABCD", ["male", "female"], [[18, 2], [14, 19], [12, 10], [11, 14]])
GOOD = protected(COUNTED)
OTHER = protected(matrix("ABCD", ["male", "female"], [[18, 3], [14, 22], [12, 10], [11, 14]]).model_copy(update={"dataset": "other"}))
DIGEST = GOOD.certificate.dataset_digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "releases"


@pytest.fixture
def store(root: Path) -> ReleaseStore:
    """A store whose readers see dataset ``other``; ``test`` is kept and not yet released."""
    store = ReleaseStore(root)
    store.publish({"other": store.add(OTHER)}, released_at=NOON)
    store.add(GOOD)
    return store


def check_refused(store: ReleaseStore, bundle: dict[str, str], error: type[SaimeError] = SaimeError) -> None:
    """With a message that says where and what to do, and with nothing changed for readers."""
    before = store.current()
    with pytest.raises(error) as refusal:
        store.publish(bundle, released_at=LATER)
    assert refusal.value.what
    assert refusal.value.where
    assert refusal.value.fix
    after = store.current()
    assert before is not None
    assert after is not None
    assert after.id == before.id


def test_a_digest_that_was_never_added(store: ReleaseStore) -> None:
    check_refused(store, {"test": "0" * 64}, NotFound)


def test_a_mixture_of_what_may_be_released_and_what_may_not(store: ReleaseStore) -> None:
    digest = OTHER.certificate.dataset_digest
    check_refused(store, {"other": digest, "test": "0" * 64}, NotFound)
    check_refused(store, {"other": digest, "test": digest})
    assert store.publish({"other": digest, "test": DIGEST}, released_at=LATER).ids == ("other", "test")


def edited(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def fill_in(folder: Path) -> None:
    """The first withheld value, by hand."""
    table = pq.read_table(folder / "observations.parquet")
    values, statuses = table.column("OBS_VALUE").to_pylist(), table.column("OBS_STATUS").to_pylist()
    place = statuses.index("Q")
    values[place], statuses[place] = 2, "A"
    for name, column in (("OBS_VALUE", pa.array(values)), ("OBS_STATUS", pa.array(statuses))):
        table = table.set_column(table.schema.get_field_index(name), name, column)
    pq.write_table(table, folder / "observations.parquet")


def add_a_column(folder: Path) -> None:
    table = pq.read_table(folder / "observations.parquet")
    pq.write_table(table.append_column("EXACT", pa.array(COUNTED.values)), folder / "observations.parquet")


def add_a_note(folder: Path) -> None:
    table = pq.read_table(folder / "observations.parquet")
    pq.write_table(table.replace_schema_metadata({"exact": str(COUNTED.values)}), folder / "observations.parquet")


def copy_certificate(folder: Path) -> None:
    shutil.copy(folder.parent / OTHER.certificate.dataset_digest / "certificate.json", folder / "certificate.json")


EDITS: dict[str, Callable[[Path], object]] = {
    "a withheld value filled in": fill_in,
    "the exact values in a column of their own": add_a_column,
    "the exact values in the notes of the file": add_a_note,
    "a file beside the three": lambda folder: (folder / "exact.json").write_text(str(COUNTED.values)),
    "the certificate of another dataset": copy_certificate,
    "no certificate": lambda folder: (folder / "certificate.json").unlink(),
    "another rule in the lineage": lambda folder: edited(folder / "dataset.json", lambda told: told.update(lineage=[])),
    "something more in the description": lambda folder: edited(folder / "dataset.json", lambda told: told.update(exact=[2])),
    "something more in the certificate": lambda folder: edited(folder / "certificate.json", lambda told: told.update(exact=[2])),
    "a certificate that says it is not valid": lambda folder: edited(folder / "certificate.json", lambda told: told.update(valid=False)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_files_that_were_edited_in_the_store(store: ReleaseStore, root: Path, edit: str) -> None:
    EDITS[edit](root / "datasets" / DIGEST)
    check_refused(store, {"other": OTHER.certificate.dataset_digest, "test": DIGEST})


def test_a_folder_under_the_digest_of_what_it_does_not_hold(store: ReleaseStore, root: Path) -> None:
    shutil.copytree(root / "datasets" / DIGEST, root / "datasets" / ("f" * 64))
    check_refused(store, {"test": "f" * 64})


def exposed() -> Dataset:
    """One withheld value filled in: with it the others follow."""
    place = GOOD.dataset.obs_status.index("Q")
    columns = {"values": COUNTED.values[place], "obs_status": "A", "conf_status": "F"}
    changes = {name: _replaced(getattr(GOOD.dataset, name), place, new) for name, new in columns.items()}
    return Dataset.model_validate(GOOD.dataset.model_dump() | changes)


def _replaced(column: tuple[object, ...], place: int, new: object) -> tuple[object, ...]:
    return (*column[:place], new, *column[place + 1 :])


@pytest.mark.parametrize("kept", ["as it was", "with the digest corrected", "with the counts corrected"])
def test_a_dataset_with_one_withheld_value_filled_in(store: ReleaseStore, kept: str) -> None:
    filled, certificate = exposed(), GOOD.certificate
    if kept != "as it was":
        certificate = certificate.model_copy(update={"dataset_digest": dataset_digest(filled)})
    if kept == "with the counts corrected":
        told = {"withheld": certificate.withheld - 1, "primary": filled.conf_status.count("A"), "secondary": filled.conf_status.count("D")}
        certificate = certificate.model_copy(update=told)
    with pytest.raises(Refused) as refusal:
        store.add(ProtectedDataset(filled, certificate))
    assert refusal.value.fix
    check_refused(store, {"test": dataset_digest(filled)}, NotFound)


def test_a_table_that_was_counted_here_does_not_pass_as_published_by_its_source(store: ReleaseStore) -> None:
    careless = withhold(COUNTED, {})
    for lineage in (careless.lineage, LINEAGE[:3], LINEAGE[3:4]):
        told = {"metadata": careless.metadata.model_copy(update={"published_by_source": True}), "lineage": lineage}
        dataset = careless.model_copy(update=told)
        with pytest.raises(Refused, match="source"):
            certify_published_by_source(dataset)
        certificate = GOOD.certificate.model_copy(
            update={"kind": "published_by_source", "dataset_digest": dataset_digest(dataset), "basis": dataset.metadata.source}
        )
        with pytest.raises(Refused, match="source"):
            store.add(ProtectedDataset(dataset, certificate))


@pytest.mark.parametrize(
    ("column", "new"),
    [("values", 2), ("obs_status", "A"), ("conf_status", "F"), ("conf_status", "?"), ("obs_status", "X"), ("values", float("nan"))],
)
def test_a_withheld_cell_cannot_carry_a_value_nor_say_that_it_is_free(column: str, new: object) -> None:
    place = GOOD.dataset.obs_status.index("Q")
    changes = {column: _replaced(getattr(GOOD.dataset, column), place, new)}
    with pytest.raises(ValueError, match=r"observation|finite") as refusal:
        Dataset.model_validate(GOOD.dataset.model_dump() | changes)
    assert "input_value" not in str(refusal.value)


def test_the_error_of_an_inside_table_does_not_repeat_its_counts() -> None:
    with pytest.raises(ValueError, match="cells") as refusal:
        type(COUNTED).model_validate(COUNTED.model_dump() | {"values": (123457, *COUNTED.values)})
    assert "123457" not in str(refusal.value)
