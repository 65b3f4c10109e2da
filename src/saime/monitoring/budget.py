"""The budget of a document as a tree with years as columns, and where the parts do not add up to their programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saime.core.model.derived import Number, derive, stated
from saime.monitoring.models import Budget, BudgetLine, BudgetLineKind, BudgetProgramme, Document

Amounts = Sequence[int | None]  # euros, one for each year; None where the document has none


@dataclass(frozen=True)
class YearColumn:
    year: int
    kind: BudgetLineKind


@dataclass(frozen=True)
class ProgrammeAmounts:
    programme: BudgetProgramme
    amounts: Amounts


@dataclass(frozen=True)
class ProgrammeBlock:
    """A programme with its parts; ``excess`` is the parts' sum less the programme, None when they agree in every year.

    A year for which the document lacks an amount has no excess.
    """

    total: ProgrammeAmounts
    parts: Sequence[ProgrammeAmounts]
    excess: Sequence[Number | None] | None

    @property
    def parts_exceed_total(self) -> bool:
        return self.excess is not None and all(amount >= 0 for amount in self.excess if amount is not None)


@dataclass(frozen=True)
class BudgetTable:
    budget: Budget
    years: Sequence[YearColumn]
    blocks: Sequence[ProgrammeBlock]

    @property
    def has_gaps(self) -> bool:
        return any(None in row.amounts for block in self.blocks for row in (block.total, *block.parts))


def budget_tables(document: Document) -> list[BudgetTable]:
    """The basic budget before the special one."""
    lines = BudgetLine.objects.filter(programme__document=document)
    years = [YearColumn(year, BudgetLineKind(kind)) for year, kind in lines.order_by("year").values_list("year", "kind").distinct()]
    programmes = list(BudgetProgramme.objects.filter(document=document).prefetch_related("budget_lines", "notes"))
    return [
        BudgetTable(budget, years, _blocks([programme for programme in programmes if programme.budget == budget], years))
        for budget in Budget
        if any(programme.budget == budget for programme in programmes)
    ]


def _blocks(programmes: Sequence[BudgetProgramme], years: Sequence[YearColumn]) -> list[ProgrammeBlock]:
    rows = [_amounts(programme, years) for programme in programmes]
    return [
        _block(total, [part for part in rows if part.programme.parent_id == total.programme.pk])
        for total in rows
        if total.programme.parent_id is None
    ]


def _amounts(programme: BudgetProgramme, years: Sequence[YearColumn]) -> ProgrammeAmounts:
    by_year = {line.year: line.amount for line in programme.budget_lines.all()}
    return ProgrammeAmounts(programme, [by_year.get(column.year) for column in years])


def _block(total: ProgrammeAmounts, parts: Sequence[ProgrammeAmounts]) -> ProgrammeBlock:
    columns = zip(total.amounts, *(part.amounts for part in parts), strict=True)
    excess = [derive(_excess, *map(stated, column)).value for column in columns] if parts else []
    return ProgrammeBlock(total, parts, excess if any(excess) else None)


def _excess(whole: int, *parts: int) -> int:
    return sum(parts) - whole
