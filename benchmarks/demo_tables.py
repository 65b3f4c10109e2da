"""Tables of the demonstration: the pack's synthetic deliveries at a small scale, loaded and counted by the real chain, not protected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np

from saime.cli.demo import load_generator
from saime.core.model.dataset import DataStructure, Dimension, FrequencyTable
from saime.core.pack.reader import Pack
from saime.core.protection.constraints import as_numbers, knowledge
from saime.core.protection.problem import SuppressionProblem
from saime.core.protection.reduction import keep_rows
from saime.core.tabulation.plan import ThresholdProtection
from saime.intake.services import receive_delivery
from saime.production.services import Production, tabulate

PACK = Path(__file__).resolve().parents[1] / "packs" / "latvia"


def demo_problems(folder: Path, scale: float) -> list[SuppressionProblem]:
    """Those with small counts: the tables of the released plans in pieces that the peers can take, each with its plan's minimum.

    Twice, as what is withheld costs: the cells, or the persons in them.
    """
    pieces = ((piece, minimum) for table, minimum in _counted(folder / "demo", scale) for piece in pieces_of(table))
    posed = [one for piece, minimum in pieces if len((one := table_problem(piece, minimum)).primary)]
    return [*posed, *(replace(one, costs=one.values) for one in posed)]


def _counted(home: Path, scale: float) -> Iterator[tuple[FrequencyTable, int]]:
    """The exact tables and their minimum. The files of the deliveries are removed as soon as they are loaded."""
    pack, file = Pack(PACK), home.with_name("delivery")
    production, plans = Production.in_home(home, pack), pack.released_plans
    for delivery in load_generator(PACK).deliveries(PACK, scale=scale):
        if delivery.feed in {plan.population for plan in plans}:
            delivery.write(file)
            receive_delivery(home, pack, delivery.feed, file, delivery.period, synthetic=True, received_at=datetime.now(UTC))
            file.unlink()
    for plan in plans:
        table = tabulate(production, plan, production.facts(plan))
        if isinstance(table, FrequencyTable) and isinstance(plan.protection, ThresholdProtection):
            yield table, plan.protection.minimum


def pieces_of(table: FrequencyTable) -> Iterator[FrequencyTable]:
    """One period and one territory with those right below it; all codes of the other dimensions."""
    values = np.array(table.values, dtype=object).reshape(table.structure.shape)
    for chosen in product(*map(_choices, table.structure.dimensions)):
        picked = [[whole.positions[code.id] for code in part.codes] for whole, part in zip(table.structure.dimensions, chosen, strict=True)]
        found = values[np.ix_(*picked)].ravel().tolist()
        yield FrequencyTable(dataset=table.dataset, structure=DataStructure(dimensions=chosen), values=tuple(found))


def _choices(dimension: Dimension) -> list[Dimension]:
    if dimension.role == "time":
        return [_of(dimension, (code.id,)) for code in dimension.codes]
    if dimension.role == "geo":
        return [_of(dimension, (parent, *children)) for parent, children in dimension.families.items()]
    return [dimension]


def _of(dimension: Dimension, family: tuple[str, ...]) -> Dimension:
    codes = [code for code in dimension.codes if code.id in family]
    kept = tuple(code if code.parent in family else code.model_copy(update={"parent": None}) for code in codes)
    return Dimension.model_validate(dimension.model_dump(exclude={"codes"}) | {"codes": kept})


def table_problem(table: FrequencyTable, minimum: int) -> SuppressionProblem:
    """Small counts must be able to hold one less and the minimum; everybody knows what the structure says. Cost: the cells.

    A cell that is not available is in no row, and stays.
    """
    counts = as_numbers(table.values)
    values, rows = np.nan_to_num(counts), knowledge(table.structure)
    rows = keep_rows(rows, ~np.isnan(rows.activity(counts)))
    primary = np.flatnonzero((values > 0) & (values < minimum))
    none, one = np.zeros(len(primary)), np.ones(len(primary))
    bounds = np.zeros(len(values)), np.full(len(values), np.inf)
    return SuppressionProblem(rows, values, *bounds, np.ones(len(values)), values == 0, primary, one, minimum - values[primary], none)
