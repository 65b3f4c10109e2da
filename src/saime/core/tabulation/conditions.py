"""A plan's conditions, written in codes, resolved into tests on the stored columns."""

from __future__ import annotations

from collections.abc import Sequence

from saime.core.errors import BadInput
from saime.core.model.classification import Condition, Range, Scalar
from saime.core.model.period import Period
from saime.core.tabulation.plan import TabulationPlan
from saime.core.tabulation.specification import Between, OneOf, Test
from saime.core.warehouse.contract import Column
from saime.core.warehouse.facts import FactTable


def resolve_conditions(conditions: dict[str, Condition], facts: FactTable, where: str) -> tuple[Test, ...]:
    """The tests that a row passes when it meets every condition; no condition is met by every row.

    Raises: BadInput, which says ``where``, for an unknown column or code or a value that does not suit the column.
    """
    return tuple(_resolve(fact_column(name, facts, where), condition, facts, where) for name, condition in conditions.items())


def resolve_code(name: str, code: str, facts: FactTable, where: str) -> Test:
    """The test that the column holds the code. Raises: BadInput as above, and when the column holds no codes."""
    column = fact_column(name, facts, where)
    if column.type != "code":
        raise BadInput(
            f"column '{name}' holds values of type {column.type}, so its rows cannot be found by the code's id",
            where=where,
            fix="give the code its own `when`, or name a column of type code",
        )
    return OneOf(name, (_position(column, code, facts, where),))


def fact_column(name: str, facts: FactTable, where: str) -> Column:
    """The stored column of that name. Raises: BadInput that lists the columns there are."""
    known = {column.name: column for column in facts.feed.stored_columns if column.type not in ("date", "amount", "household")}
    if name not in known:
        columns = ", ".join(sorted(known)) or "none"
        raise BadInput(f"feed '{facts.feed.feed}' has no column '{name}' to count by", where=where, fix=f"use one of: {columns}")
    return known[name]


def check_amount(name: str, plan: TabulationPlan, periods: Sequence[Period], facts: FactTable, where: str) -> None:
    """Can the measure add up the column, each amount once?

    Raises: BadInput for a column that is no amount; where amounts have no period of their own; for a shorter reference period
    than that of the deliveries; and for a dimension per person, because an amount belongs to its row.
    """
    here = f"{where}, measures"
    amounts = [column.name for column in facts.feed.stored_columns if column.type == "amount"]
    if name not in amounts:
        known = ", ".join(amounts) or "none; the feed has no column of type amount"
        raise BadInput(f"column '{name}' of feed '{facts.feed.feed}' is no amount", where=here, fix=f"use one of: {known}")
    if facts.feed.spell is not None:
        what = f"the facts of feed '{facts.feed.feed}' have spells, so an amount may stand in several deliveries"
        raise BadInput(what, where=here, fix="add up amounts of a feed without a spell, whose facts hold on the delivery's period")
    order = "DMQA"
    if short := [period.code for period in periods if order.index(period.frequency) < order.index(facts.feed.period)]:
        what = f"{', '.join(short)} is shorter than the deliveries' periods, whose amounts are not divided"
        raise BadInput(what, where=f"{where}, reference_period", fix="name longer periods")
    if per_person := [d for d, planned in plan.dimensions.items() if planned.membership == "per_person"]:
        what = f"an amount belongs to its own row, and dimension {', '.join(per_person)} is per person"
        raise BadInput(what, where=here, fix="write `membership: joint`")


def _resolve(column: Column, condition: Condition, facts: FactTable, where: str) -> Test:
    if not isinstance(condition, Range):
        values = tuple(_stored(column, value, facts, where) for value in condition if value is not None)
        return OneOf(column.name, values, or_empty=None in condition)
    if column.type != "integer":
        raise BadInput(f"column '{column.name}' holds no numbers, so it has no range", where=where, fix="list the values instead")
    return Between(column.name, condition.from_, condition.below)


def _stored(column: Column, value: Scalar, facts: FactTable, where: str) -> int:
    suits = {"code": isinstance(value, str), "boolean": isinstance(value, bool), "integer": type(value) is int}
    if not suits[column.type]:
        fix = "write the code in quotes" if column.type == "code" else f"write a value of type {column.type}"
        raise BadInput(f"{value!r} is not a {column.type}, which column '{column.name}' holds", where=where, fix=fix)
    return _position(column, value, facts, where) if isinstance(value, str) else value


def _position(column: Column, code: str, facts: FactTable, where: str) -> int:
    codes = facts.code_lists[column.name]
    if code not in codes:
        raise BadInput(
            f"code '{code}' is not in code list '{column.code_list}', which column '{column.name}' of feed '{facts.feed.feed}' uses",
            where=where,
            fix=f"add it to classifications/{column.code_list}.yaml and load again, or use one of: {_some(codes)}",
        )
    return codes.index(code)


def _some(codes: tuple[str, ...], shown: int = 12) -> str:
    rest = f" and {len(codes) - shown} more" if len(codes) > shown else ""
    return ", ".join(codes[:shown]) + rest
