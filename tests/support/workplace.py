"""Users of the workplace and small deliveries of the pack's feed ``population``, of people who do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import xlsxwriter
from django.contrib.auth.models import User

from saime.core.pack.reader import Pack
from saime.workplace import people
from support.warehouse import personal_code, write_csv, write_parquet

PASSWORD = "a long sentence for tests"  # noqa: S105  # of users who exist in tests only
FEED, PERIOD = "population", "2022"
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a sound one takes a third of a second
KEY_MADE_AT = datetime(2023, 1, 1, tzinfo=UTC)


def add_user(name: str, *roles: str, feeds: Sequence[str] = ()) -> User:
    return people.add_user(name, PASSWORD, roles, feeds, ["population", "benefits", "disability"])


def population_rows(pack: Pack, persons: int = 30) -> list[dict[str, str | int | bool | None]]:
    contract = pack.feed(FEED)
    codes = {column.name: pack.classification(column.code_list).leaves[0].id for column in contract.columns if column.code_list}
    return [{"person_code": personal_code(number), "age": number % 90, **codes} for number in range(persons)]


def write_population(path: Path, pack: Pack, persons: int = 30, **changes: str | int) -> Path:
    """A sound delivery; ``changes`` go into one more row that differs."""
    rows = population_rows(pack, persons)
    if changes:
        rows.append(population_rows(pack, persons + 1)[-1] | changes)
    names = [column.name for column in pack.feed(FEED).columns]
    if path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([dict(zip(names, names, strict=True)), *rows]):
                sheet.write_row(number, 0, [row[name] for name in names])
        return path
    if path.suffix == ".parquet":
        return write_parquet(path, rows, pa.schema([(name, pa.string()) for name in names]))
    return write_csv(path, rows, names)


def write_strangers(path: Path, persons: int = 400) -> Path:
    """A month of the feed ``benefits`` with persons whom the register does not have, but for luck."""
    names = ["person_code", "sex", "age", "local_government", "benefit"]
    same = {"age": 40, "local_government": "0001000", "benefit": "HOME_CARE"}
    rows = [{"person_code": personal_code(30_000_000 + number), "sex": "FM"[number % 2], **same} for number in range(persons)]
    return write_csv(path, rows, names)
