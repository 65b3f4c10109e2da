"""The SQL that counts distinct persons for a group of partitions.

Time is never spread over rows: a person's periods are bits of one number, joined by ``bit_or`` while rows are reduced, so
twelve monthly loads cost little more than one. A hierarchy is counted depth by depth: at each depth a leaf stands
for its ancestor at that depth, or for nothing when it is nearer to the root, so a ragged tree needs no padding.
"""

# ruff: noqa: S608 - names are quoted, numbers and dates come from the compiled plan, files are bound

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from saime.core.model.period import Period
from saime.core.tabulation.specification import Between, CountedDimension, Leaf, Specification, Test
from saime.core.warehouse.facts import PERSON, VALID_FROM, VALID_TO
from saime.core.warehouse.record_keys import KEY_RANGE

PERIODS_AT_ONCE = 63  # bits of a number that the query keeps for periods
RECORD_KEYS, RECORD_KEY = '"the record keys"', '"the record key"'
TOUCHED, AMOUNT, ROW = '"touched periods"', '"the amount"', '"the row"'  # our own names have a space, so that no fact column meets them


def count_persons_query(specification: Specification, first: int = 0) -> str:
    """The query with one parameter, ``files``; it yields (cell, persons) for cells that have persons.

    ``first``: the query counts that period and the following ones, PERIODS_AT_ONCE in all.
    """
    return _query_over_persons(specification, first, "count(*)")


def add_record_keys_query(specification: Specification, first: int = 0) -> str:
    """The same with the sum of the persons' record keys, modulo 2**32; they stand in the relation RECORD_KEYS."""
    return _query_over_persons(specification, first, f"sum({RECORD_KEY})", keys=True)


def unknown_persons_query() -> str:
    """With the parameter ``files``; it yields how many of their rows are of persons without a record key."""
    return f"select count(*) as rows from read_parquet($files) anti join {RECORD_KEYS} using ({PERSON})"


def _query_over_persons(specification: Specification, first: int, summed: str, *, keys: bool = False) -> str:
    """``summed``: over the persons of a cell, each once."""
    periods = list(enumerate(specification.periods))[first : first + PERIODS_AT_ONCE]
    dimensions = list(zip(specification.dimensions, specification.structure.strides, strict=False))
    steps = [_spells(specification, [period for _, period in periods])]
    steps += [step for dimension in specification.dimensions for step in (_leaves(dimension), _ancestors(dimension))]
    total = f"(sum(persons) % {KEY_RANGE})::bigint" if keys else "sum(persons)::bigint"
    steps += [_person_leaves(specification), _counted(dimensions, summed, keys=keys), _periods([position for position, _ in periods])]
    return f"""with {", ".join(steps)}
select cell + position as cell, {total} as persons
from counted join periods on ({TOUCHED} & periods.bit) <> 0
group by all
order by all
"""


def contributions_query(specification: Specification, first: int = 0) -> str:
    """The same for amounts; it yields (cell, contribution, persons): how many persons contribute the same to a cell."""
    periods = list(enumerate(specification.periods))[first : first + PERIODS_AT_ONCE]
    dimensions = list(zip(specification.dimensions, specification.structure.strides, strict=False))
    steps = [_rows(specification, [period for _, period in periods])]
    steps += [step for dimension in specification.dimensions for step in (_leaves(dimension), _ancestors(dimension))]
    steps += [_row_leaves(specification), _row_cells(dimensions), _periods([position for position, _ in periods])]
    return f"""with {", ".join(steps)},
contributions as (  -- grain: person and cell
    select {PERSON}, cell + position as cell, sum({AMOUNT})::bigint as contribution
    from row_cells join periods on ({TOUCHED} & periods.bit) <> 0
    group by all
)
select cell, contribution, count(*) as persons
from contributions
group by all
"""


def quote(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _spells(specification: Specification, periods: Sequence[Period]) -> str:
    bits = " | ".join(f"if({_touches(p)}, {1 << bit}::ubigint, 0)" for bit, p in enumerate(periods))
    scope = [" or ".join(f"({_touches(window)})" for window in _windows(periods)), *(_sql(test) for test in specification.filter)]
    counted = quote(specification.counts)
    scope.append(f"{counted} is not null")
    columns = ", ".join([f"{counted} as {PERSON}", *map(quote, specification.columns)])
    return f"""spells as materialized (  -- grain: person (or household) and values of the columns read; and a bit for each period touched
    select {columns}, bit_or({bits}) as {TOUCHED}
    from read_parquet($files)
    where {" and ".join(f"({condition})" for condition in scope)}
    group by all
)"""


def _rows(specification: Specification, periods: Sequence[Period]) -> str:
    """Named ``spells`` as in the other query, so that leaves are found in the same way."""
    bits = " | ".join(f"if({_touches(p)}, {1 << bit}::ubigint, 0)" for bit, p in enumerate(periods))
    amount = quote(specification.amount or "")
    scope = [" or ".join(f"({_touches(window)})" for window in _windows(periods)), *(_sql(test) for test in specification.filter)]
    columns = ", ".join([PERSON, *map(quote, specification.columns)])
    return f"""spells as materialized (  -- grain: row, numbered, with its amount and a bit for each period that it touches
    select {columns}, {bits} as {TOUCHED}, {amount} as {AMOUNT}, row_number() over () as {ROW}
    from read_parquet($files)
    where {" and ".join(f"({condition})" for condition in [*scope, f"{amount} is not null"])}
)"""


def _windows(periods: Sequence[Period]) -> list[Period]:
    """Periods that no other covers: the others need not be asked for again."""
    return [p for p in periods if not any(other != p and other.covers(p) for other in periods)]


def _touches(period: Period) -> str:
    return f"{VALID_FROM} <= date '{period.end}' and ({VALID_TO} >= date '{period.start}' or {VALID_TO} is null)"


def _leaves(dimension: CountedDimension) -> str:
    columns = [quote(column) for column in dimension.columns]
    leaves = ", ".join(f"if({_conditions(leaf)}, {position}, null)" for position, leaf in enumerate(dimension.leaves))
    return f"""{_name(dimension, "leaves")} as (  -- grain: values of the dimension's columns and leaf; one row may belong to several leaves
    select {", ".join([*columns, f"unnest(list_filter([{leaves}], lambda leaf: leaf is not null)) as {_name(dimension, 'leaf')}"])}
    from (select {f"distinct {', '.join(columns)} from spells" if columns else "1"})
)"""


def _ancestors(dimension: CountedDimension) -> str:
    rows = ",\n        ".join(_ancestor_row(position, leaf, dimension.depths) for position, leaf in enumerate(dimension.leaves))
    columns = ", ".join(["leaf", *(f"depth_{depth}" for depth in range(dimension.depths))])
    return f"""{_name(dimension, "codes")}({columns}) as (  -- grain: leaf; depth_N is the code at N steps from the root
    values
        {rows}
)"""


def _ancestor_row(position: int, leaf: Leaf, depths: int) -> str:
    from_root = [str(code) for code in reversed(leaf.lineage)]
    return f"({', '.join([str(position), *from_root, *['null'] * (depths - len(from_root))])})"


def _person_leaves(specification: Specification) -> str:
    joint = [d for d in specification.dimensions if not d.per_person]
    others = [d for d in specification.dimensions if d.per_person]
    if not others:
        return _leaves_on_rows("person_leaves", joint)
    steps = [_leaves_on_rows("joint_leaves", joint), *(_leaves_on_rows(_name(d, "persons"), [d]) for d in others)]
    relations = ["joint_leaves", *(_name(d, "persons") for d in others)]
    leaves = ", ".join([PERSON, *(_name(d, "leaf") for d in specification.dimensions)])
    touched = " & ".join(f"{relation}.{TOUCHED}" for relation in relations)
    joins = "".join(f" join {relation} using ({PERSON})" for relation in relations[1:])
    return f"""{", ".join(steps)}, person_leaves as materialized (  -- grain: person and one leaf of each dimension
    select {leaves}, {touched} as {TOUCHED}
    from joint_leaves{joins}
    where {touched} <> 0
)"""


def _leaves_on_rows(relation: str, dimensions: Sequence[CountedDimension]) -> str:
    leaves = [f"{_name(d, 'leaf')}" for d in dimensions]
    joins = "".join(f"\n    join {_name(d, 'leaves')} on {_same_values(d)}" for d in dimensions)
    return f"""{relation} as materialized (  -- grain: person and one leaf of each of these dimensions, together on one row
    select {", ".join([PERSON, *leaves])}, bit_or({TOUCHED}) as {TOUCHED}
    from spells{joins}
    group by all
)"""


def _row_leaves(specification: Specification) -> str:
    leaves = [f"{_name(d, 'leaf')}" for d in specification.dimensions]
    joins = "".join(f"\n    join {_name(d, 'leaves')} on {_same_values(d)}" for d in specification.dimensions)
    return f"""row_leaves as materialized (  -- grain: row and one leaf of each dimension
    select {", ".join([ROW, PERSON, TOUCHED, AMOUNT, *leaves])}
    from spells{joins}
)"""


def _same_values(dimension: CountedDimension) -> str:
    relation = _name(dimension, "leaves")
    return " and ".join(f"spells.{quote(c)} is not distinct from {relation}.{quote(c)}" for c in dimension.columns) or "true"


def _counted(dimensions: Sequence[tuple[CountedDimension, int]], summed: str, *, keys: bool) -> str:
    combinations = product(*(range(dimension.depths) for dimension, _ in dimensions))
    blocks = "\n    union all".join(_persons_by_cell(dimensions, depths, summed, keys=keys) for depths in combinations)
    return f"""counted as (  -- grain: cell before time and set of periods, one block for each combination of depths{blocks}
)"""


def _row_cells(dimensions: Sequence[tuple[CountedDimension, int]]) -> str:
    blocks = []
    for depths in product(*(range(dimension.depths) for dimension, _ in dimensions)):
        cell, joins = _cell_and_joins(dimensions, depths)
        blocks.append(f"""
    select distinct {", ".join([ROW, PERSON, TOUCHED, AMOUNT])}, {cell} as cell from row_leaves{joins}""")
    return f"""row_cells as (  -- grain: row and cell before time; a row in several leaves is once in the cell above them
    select * from ({" union all".join(blocks)}
    ) where cell is not null
)"""


def _persons_by_cell(dimensions: Sequence[tuple[CountedDimension, int]], depths: Sequence[int], summed: str, *, keys: bool) -> str:
    cell, joins = _cell_and_joins(dimensions, depths)
    with_keys = f" join {RECORD_KEYS} using ({PERSON})" if keys else ""
    return f"""
    select cell, {TOUCHED}, {summed} as persons
    from (select {PERSON}, {cell} as cell, bit_or({TOUCHED}) as {TOUCHED} from person_leaves{joins} group by {PERSON}, cell){with_keys}
    where cell is not null
    group by all"""


def _cell_and_joins(dimensions: Sequence[tuple[CountedDimension, int]], depths: Sequence[int]) -> tuple[str, str]:
    """The cell at some steps from the roots, and the joins that find its codes by the leaves."""
    codes = [f"{_name(dimension, 'codes')}.depth_{depth}" for (dimension, _), depth in zip(dimensions, depths, strict=True)]
    cell = " + ".join(f"{code} * {stride}" for code, (_, stride) in zip(codes, dimensions, strict=True)) or "0"
    return cell, "".join(f" join {_name(d, 'codes')} on {_name(d, 'leaf')} = {_name(d, 'codes')}.leaf" for d, _ in dimensions)


def _periods(positions: Sequence[int]) -> str:
    rows = ", ".join(f"({position}, {1 << bit}::ubigint)" for bit, position in enumerate(positions))
    return f"""periods(position, bit) as (  -- grain: period
    values {rows}
)"""


def _conditions(leaf: Leaf) -> str:
    return " and ".join(_sql(test) for test in leaf.tests) or "true"


def _sql(test: Test) -> str:
    """The test as a condition that is true or false, never null."""
    column = quote(test.column)
    if isinstance(test, Between):
        bounds = [f"{column} >= {test.low}"] * (test.low is not None) + [f"{column} < {test.below}"] * (test.below is not None)
        return " and ".join([f"{column} is not null", *bounds])
    listed = [f"coalesce({column} in ({', '.join(map(_literal, test.values))}), false)"] if test.values else []
    return "(" + (" or ".join([*listed, *[f"{column} is null"] * test.or_empty]) or "false") + ")"


def _literal(value: int) -> str:
    return str(value).lower()


def _name(dimension: CountedDimension, noun: str) -> str:
    return quote(f"{dimension.dimension.id} {noun}")
