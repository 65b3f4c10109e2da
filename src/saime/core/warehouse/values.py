"""The distinct values of a column, as delivered, turned into what the warehouse stores.

Columns are dictionary-encoded first, so a value is read and checked once for each batch, however often it occurs.
"""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from saime.core.warehouse.code_lists import CodeList
from saime.core.warehouse.contract import Column, ColumnType
from saime.core.warehouse.faults import FaultCode

Mask = npt.NDArray[np.bool_]
Converted = tuple[pa.Array, dict[FaultCode, Mask]]  # stored values, null where a fault is; and the faults

STORED: dict[ColumnType, pa.DataType] = {
    "code": pa.uint16(),
    "date": pa.date32(),
    "integer": pa.int32(),
    "amount": pa.int32(),
    "boolean": pa.bool_(),
    "household": pa.int64(),  # as delivered until it is staged, a pseudonym from then on
}
INT32 = (-(2**31), 2**31 - 1)
CENTS = 100


def convert(column: Column, values: pa.Array, code_list: CodeList | None) -> Converted:
    """Stored values of one column's distinct values, in their order. Empty text is an empty value, not a fault."""
    if column.type == "integer":
        return _integers(column, values)
    if column.type == "household":
        return _households(values)
    if column.type == "amount":
        return _amounts(column, values)
    if column.type == "code" and code_list is not None:
        stored = pc.index_in(values.cast(pa.string()), value_set=pa.array(code_list.codes, pa.string())).cast(pa.uint16())
        return stored, {"unknown_code": _lost(values, stored)}
    if column.type == "date":
        stored = values if pa.types.is_date32(values.type) else _dates(values)
        return stored, {"bad_date": _lost(values, stored)}
    stored = values if pa.types.is_boolean(values.type) else _booleans(values)
    return stored, {"bad_boolean": _lost(values, stored)}


def _dates(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.date32())  # reads exactly YYYY-MM-DD
    except pa.ArrowInvalid:
        return pa.array([_date(text) for text in values.to_pylist()], pa.date32())


def _date(text: str | None) -> date | None:
    if not text or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _booleans(values: pa.Array) -> pa.Array:
    """True, false, 1 and 0, in any case."""
    found = pc.index_in(pc.utf8_lower(values), value_set=pa.array(["false", "true", "0", "1"]))
    return pc.equal(pc.bit_wise_and(found, 1), 1)


def _integers(column: Column, values: pa.Array) -> Converted:
    numbers = values.cast(pa.int64(), safe=False) if pa.types.is_integer(values.type) else _read_integers(values)
    lowest = INT32[0] if column.minimum is None else max(column.minimum, INT32[0])
    highest = INT32[1] if column.maximum is None else min(column.maximum, INT32[1])
    fits = pc.and_(pc.greater_equal(numbers, lowest), pc.less_equal(numbers, highest))
    stored = pc.if_else(fits, numbers, None).cast(pa.int32())
    return stored, {"bad_integer": _lost(values, numbers), "out_of_range": _mask(pc.invert(fits))}


def _households(values: pa.Array) -> Converted:
    numbers = values.cast(pa.int64(), safe=False) if pa.types.is_integer(values.type) else _read_integers(values)
    stored = pc.if_else(pc.greater_equal(numbers, 0), numbers, None)
    return stored, {"bad_integer": _lost(values, stored)}


def _amounts(column: Column, values: pa.Array) -> Converted:
    """Amounts as hundredths (cents), of decimals, integers or text with up to two digits after a point or a comma."""
    is_text = not (pa.types.is_decimal(values.type) or pa.types.is_integer(values.type))
    numbers = _read_amounts(values) if is_text else values.cast(pa.float64())
    cents = pc.round(pc.multiply(numbers, 100.0)).cast(pa.int64(), safe=False)
    lowest = INT32[0] if column.minimum is None else column.minimum * CENTS
    highest = INT32[1] if column.maximum is None else column.maximum * CENTS
    fits = pc.and_(pc.greater_equal(cents, lowest), pc.less_equal(cents, highest))
    return pc.if_else(fits, cents, None).cast(pa.int32()), {"bad_amount": _lost(values, cents), "out_of_range": _mask(pc.invert(fits))}


def _read_amounts(values: pa.Array) -> pa.Array:
    is_amount = pc.match_substring_regex(values, r"^-?[0-9]{1,12}([.,][0-9]{1,2})?$")
    return pc.replace_substring(pc.if_else(is_amount, values, None), ",", ".").cast(pa.float64())


def _read_integers(values: pa.Array) -> pa.Array:
    is_integer = pc.match_substring_regex(values, r"^-?[0-9]{1,18}$")  # a cast alone would take 0x10
    return pc.if_else(is_integer, values, None).cast(pa.int64())


def _lost(values: pa.Array, stored: pa.Array) -> Mask:
    """Values that are there and that could not be read."""
    is_there = _mask(values.is_valid())
    if pa.types.is_string(values.type):
        is_there &= _mask(pc.not_equal(values, ""))
    return is_there & ~_mask(stored.is_valid())


def _mask(marks: pa.Array) -> Mask:
    return np.asarray(marks.fill_null(False).to_numpy(zero_copy_only=False), dtype=np.bool_)
