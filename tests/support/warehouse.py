"""A small feed with a spell, deliveries of it on disk, and what the warehouse holds of them.

Personal codes are made up: their day is 60 to 99, which no month has, so they belong to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from saime.core.model.period import Period
from saime.core.model.text import Text
from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.contract import Column, FeedContract, Spell
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.keys import open_person_cipher
from saime.core.warehouse.loading import LoadReceipt, load_delivery
from saime.core.warehouse.pseudonyms import OLD_FORM_CHECK_DIGIT
from saime.core.warehouse.quarantine import Quarantine
from saime.core.warehouse.store import Warehouse

RECEIVED_AT = "2019-07-05T08:00:00+00:00"
CODE_LISTS = {"sex": CodeList("sex", "1.0", ("F", "M")), "care": CodeList("care", "2.1", ("home", "day", "night"))}
Value = str | int | bool | None
Row = Mapping[str, Value]


def _column(name: str, type_: str, **more: object) -> Column:
    return Column.model_validate({"name": name, "type": type_, "label": Text(lv=name, en=name), **more})


CARE = FeedContract(
    feed="care",
    version="1.0",
    title=Text(lv="Aprūpe", en="Care"),
    agency=Text(lv="Iestāde", en="Agency"),
    period="M",
    legal_basis=(),
    columns=(
        _column("person", "personal_code"),
        _column("sex", "code", code_list="sex"),
        _column("age", "integer", minimum=0, maximum=120),
        _column("care", "code", code_list="care", required=False),
        _column("paid", "boolean", required=False),
        _column("since", "date"),
        _column("until", "date", required=False),
    ),
    key=("person", "since", "care"),
    spell=Spell(start="since", end="until"),
)
HEAD_COUNT = FeedContract(
    feed="head-count",
    version="1.0",
    title=Text(lv="Skaits", en="Head count"),
    agency=Text(lv="Iestāde", en="Agency"),
    period="M",
    legal_basis=(),
    columns=(_column("person", "personal_code"), _column("sex", "code", code_list="sex")),
    key=("person",),
)


def personal_code(number: int, *, dash: bool = False) -> str:
    """The made-up code of a person; numbers from 0 to 39999999 give different codes."""
    day, rest = divmod(number, 1_000_000)
    digits = f"{60 + day:02d}{rest // 100 % 100:02d}{rest // 10_000:02d}{number % 3}{rest % 100:03d}"
    weighted = sum(weight * int(digit) for weight, digit in zip(OLD_FORM_CHECK_DIGIT.weights, digits, strict=True))
    code = f"{digits}{(OLD_FORM_CHECK_DIGIT.offset - weighted) % 11 % 10}"
    return f"{code[:6]}-{code[6:]}" if dash else code


def care_row(number: int, /, **changes: Value) -> dict[str, Value]:
    row: dict[str, Value] = {
        "person": personal_code(number),
        "sex": "FM"[number % 2],
        "age": number % 100,
        "care": "home",
        "paid": "true",
        "since": "2019-01-01",
        "until": None,
    }
    return {**row, **changes}


def write_csv(path: Path, rows: Sequence[Row], names: Iterable[str] | None = None) -> Path:
    """Rows as text; an empty value is an empty field."""
    header = list(names or [column.name for column in CARE.columns])
    lines = [",".join("" if row.get(name) is None else str(row[name]) for name in header) for row in rows]
    path.write_text("\n".join([",".join(header), *lines, ""]), encoding="utf-8")
    return path


def write_parquet(path: Path, rows: Sequence[Row], schema: pa.Schema | None = None) -> Path:
    """Rows as text, or typed by a schema."""
    schema = schema or pa.schema([(column.name, pa.string()) for column in CARE.columns])
    texts = {name: ["" if row.get(name) is None else str(row[name]) for row in rows] for name in schema.names}
    columns = [
        pa.array([value or None for value in texts[name]], pa.string()).cast(schema.field(name).type)
        if not pa.types.is_dictionary(schema.field(name).type)
        else pa.array([value or None for value in texts[name]], pa.string()).dictionary_encode()
        for name in schema.names
    ]
    pq.write_table(pa.table(columns, schema=schema), path, row_group_size=1000)
    return path


def write_large_csv(path: Path, rows: int, persons: int) -> Path:
    """Many sound rows, quickly: person n has every row n, n + persons, …, each starting a day later."""
    codes = pa.array([personal_code(number) for number in range(persons)])
    number = np.arange(rows)
    since = pa.array((16_000 + number // persons).astype(np.int32)).cast(pa.date32()).cast(pa.string())
    table = pa.table(
        {
            "person": codes.take(pa.array(number % persons)),
            "sex": pa.array(["F", "M"]).take(pa.array(number % persons % 2)),
            "age": pa.array(number % 100),
            "care": pa.array(["home", "day", "night"]).take(pa.array(number % 3)),
            "paid": pa.array(["true", "false"]).take(pa.array(number % 2)),
            "since": since,
            "until": pa.nulls(rows, pa.string()),
        }
    )
    arrow_csv.write_csv(table, path, arrow_csv.WriteOptions(quoting_style="none"))
    return path


@dataclass(frozen=True)
class Home:
    """A working folder with its warehouse, keys and quarantine."""

    root: Path

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.root / "warehouse", partitions=8)

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.root / "quarantine", self.root / "keys")

    def delivery(self, path: Path, *, contract: FeedContract = CARE, period: str = "2019-06", received_at: str = RECEIVED_AT) -> Delivery:
        names = [column.name for column in contract.columns]
        return Delivery(
            path=path,
            contract=contract,
            code_lists={column: code_list for column, code_list in CODE_LISTS.items() if column in names},
            period=Period.parse(period),
            received_at=received_at,
            synthetic=True,
            other_contracts=tuple(other for other in (CARE, HEAD_COUNT) if other != contract),
        )

    def load(
        self,
        path: Path,
        *,
        contract: FeedContract = CARE,
        period: str = "2019-06",
        received_at: str = RECEIVED_AT,
        replace: bool = False,
    ) -> LoadReceipt:
        cipher = open_person_cipher(self.root / "keys", self.warehouse.key_fingerprint)
        delivery = self.delivery(path, contract=contract, period=period, received_at=received_at)
        return load_delivery(self.warehouse, delivery, cipher=cipher, quarantine=self.quarantine, replace=replace)

    def facts(self, *periods: str, contract: FeedContract = CARE, as_of: datetime | None = None) -> FactTable:
        names = [column.name for column in contract.columns]
        lists = {column: code_list for column, code_list in CODE_LISTS.items() if column in names}
        return self.warehouse.facts(contract, periods or ("2019-06",), lists, as_of=as_of)

    def files(self) -> dict[str, bytes]:
        """Every file of the working folder with its content, by path."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file()}

    def state(self) -> dict[str, bytes]:
        """What the warehouse holds: every file but the lock."""
        return {name: content for name, content in self.files().items() if name.startswith("warehouse/") and not name.endswith(".lock")}


def all_rows(facts: FactTable) -> pa.Table:
    """Every row of a fact table, in one order."""
    table = pa.concat_tables([pq.read_table(path) for partition in facts.partitions for path in partition], promote_options="permissive")
    return table.sort_by([(name, "ascending") for name in table.column_names if name != "paid"])


def shown_rows(facts: FactTable) -> list[tuple[Value, ...]]:
    """The rows with codes in place of positions and dates as text, without person numbers, sorted."""
    rows = all_rows(facts).drop_columns(["person_number"]).to_pylist()
    lists = facts.code_lists
    shown = [
        tuple(
            lists[name][value] if name in lists and value is not None else None if value is None else str(value)
            for name, value in row.items()
        )
        for row in rows
    ]
    return sorted(shown, key=str)
