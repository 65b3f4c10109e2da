"""Lines about pseudonyms and loading. Personal codes are made up: their day is 60 to 99, so they belong to nobody."""

# ruff: noqa: S608 - paths come from this folder

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from benchmarks.data import FAMILIES, FEED, hierarchy
from benchmarks.measure import Line, paired
from saime.core.model.period import Period
from saime.core.warehouse.code_lists import code_lists_of
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.keys import open_person_cipher
from saime.core.warehouse.loading import load_delivery
from saime.core.warehouse.pseudonyms import OLD_FORM_CHECK_DIGIT, PersonCipher, parse_personal_codes
from saime.core.warehouse.quarantine import Quarantine
from saime.core.warehouse.store import Warehouse

KEY = bytes(range(32))  # of the benchmark; it keys nothing else
IN_THE_LOOP = 200_000  # codes; the loop's time is taken per code
RUNS = 3


def lines(folder: Path, rows: int) -> Iterator[Line]:
    yield from _pseudonyms(rows)
    yield _loading(folder, rows)


def personal_codes(numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Different codes for different numbers below 40,000,000, as eleven digits with a valid check digit."""
    digits = np.empty((len(numbers), 11), np.int64)
    day_month_year_serial = (60 + numbers // 1_000_000) * 10**8 + numbers % 1_000_000 * 100
    for place in range(10):
        digits[:, place] = day_month_year_serial // 10 ** (9 - place) % 10
    digits[:, 10] = (OLD_FORM_CHECK_DIGIT.offset - digits[:, :10] @ np.array(OLD_FORM_CHECK_DIGIT.weights)) % 11 % 10
    characters = (digits + ord("0")).astype(np.uint8)
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 11
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(characters))


def _pseudonyms(count: int) -> Iterator[Line]:
    codes = personal_codes(np.arange(count))
    cipher, numbers = PersonCipher(KEY), parse_personal_codes(codes).numbers
    some = [code.encode() for code in codes.slice(0, IN_THE_LOOP).to_pylist()]
    started = hmac.new(KEY, digestmod=hashlib.sha256)

    def loop() -> list[bytes]:
        keys = []
        for code in some:
            state = started.copy()
            state.update(code)
            keys.append(state.digest())
        return keys

    share = len(some) / count
    at, compared = f"{count:,} codes", "a loop of HMAC-SHA256"
    ours, theirs = paired(lambda: cipher.person_keys(parse_personal_codes(codes).numbers), loop, RUNS)
    yield Line("pseudonyms, parsing and check digit included", compared, at, 50, theirs / share / ours, at_most=False)
    ours, theirs = paired(lambda: cipher.person_keys(numbers), loop, RUNS)
    yield Line("pseudonyms, the cipher alone", compared, at, 150, theirs / share / ours, at_most=False)


def _loading(folder: Path, rows: int) -> Line:
    delivery = _write_delivery(folder / "delivery.csv", rows)
    place = folder / "loading"

    def load() -> None:
        shutil.rmtree(place, ignore_errors=True)
        cipher = open_person_cipher(place, None)
        receipt = load_delivery(Warehouse(place / "warehouse"), delivery, cipher=cipher, quarantine=Quarantine(place / "quarantine", place))
        if receipt.record.rows != rows:
            raise AssertionError("not all rows were loaded")

    def copy() -> None:
        with duckdb.connect(config={"threads": "2"}) as connection:
            source = f"read_csv('{delivery.path}', all_varchar = false)"
            order = f"select * from {source} order by person_code, month_from"
            connection.execute(f"copy ({order}) to '{folder / 'copy.parquet'}' (format parquet, compression zstd)")

    ours, theirs = paired(load, copy, RUNS)
    return Line(
        "loading a CSV delivery, contract checked", "DuckDB, the file to sorted Parquet", f"{rows:,} rows", 3, ours / theirs, at_most=True
    )


def _write_delivery(path: Path, rows: int) -> Delivery:
    random = np.random.default_rng(7)
    month = np.arange(rows) % 12
    starts = np.arange("2022-01", "2023-01", dtype="datetime64[M]")
    lists = code_lists_of(FEED, hierarchy)
    table = pa.table(
        {
            "person_code": personal_codes(random.permutation(rows) // 12),
            **{name: pa.array(lists[name].codes).take(pa.array(random.integers(0, len(lists[name].codes), rows))) for name in FAMILIES},
            "month_from": pa.array(starts.astype("datetime64[D]")[month]).cast(pa.string()),
            "month_to": pa.array((starts + 1).astype("datetime64[D]")[month] - 1).cast(pa.string()),
        }
    )
    arrow_csv.write_csv(table, path, arrow_csv.WriteOptions(quoting_style="none"))
    return Delivery(path, FEED, lists, Period.parse("2022"), "2023-01-05T08:00:00+00:00", synthetic=True)
