"""A tabulation plan: what to count, as a file of the pack (``plans/NAME.yaml``); docs/reference/pack.md describes it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from saime.core.errors import BadInput
from saime.core.model.classification import Condition
from saime.core.model.period import Period
from saime.core.model.perturbation_parameters import PerturbationParameters
from saime.core.model.primary_rule import PrimaryRule
from saime.core.model.text import Text

TIME = "TIME_PERIOD"
QUANTILES = ("median", "quantile")  # statistics that are values of persons


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedDimension(_Strict):
    """A dimension over a hierarchy.

    With ``column``, a leaf without ``when`` takes the facts whose column equals its id.
    ``overlaps``: one person may be in several children of a parent, so margins are not sums.
    ``membership``: ``joint`` asks for the code on the same fact as the other dimensions; ``per_person`` asks only that some
    fact of the person in the period has it. ``recast``: the mapping from the column's code list to the hierarchy's version.
    """

    hierarchy: str
    column: str | None = None
    overlaps: bool = False
    exhaustive: bool = True
    role: Literal["geo"] | None = None
    membership: Literal["joint", "per_person"] = "joint"
    recast: str | None = None


class Measure(_Strict):
    """What a cell holds: a count of persons, or a statistic of an amount column (docs/adr/0014).

    ``concept`` says when a distinct person counts: ever in the period, on its first or last day, or as the mean of its months.
    ``share_of``: what is published are percentages of the total of this dimension.
    ``quantile`` is the share of persons at or below the value; ``definition`` names how it is read off the ordered persons.
    """

    count: Literal["distinct", "person_months", "entrants", "leavers"] | None = None
    concept: Literal["ever", "at_start", "at_end", "average_of_months"] = "ever"
    amount: str | None = None
    statistic: Literal["sum", "mean", "median", "quantile"] | None = None
    quantile: Decimal | None = Field(default=None, gt=0, lt=1)
    definition: Literal["inverse_ecdf", "linear"] = "linear"
    share_of: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.count is None) == (self.amount is None):
            raise ValueError("a measure has either `count` or `amount`")
        if (self.amount is None) != (self.statistic is None):
            raise ValueError("a measure of an amount, and no other, has a `statistic`")
        if (self.statistic == "quantile") != (self.quantile is not None):
            raise ValueError("the statistic quantile, and no other, has a `quantile` between 0 and 1")
        if self.share_of is not None and self.count != "distinct":
            raise ValueError("`share_of` belongs to `count: distinct`")
        if self.concept != "ever" and self.count != "distinct":
            raise ValueError("`concept` belongs to `count: distinct`")
        return self


class ThresholdProtection(_Strict):
    """Counts of 1 to ``minimum - 1`` persons are withheld (docs/adr/0006).

    To protect them, cells of ``keep`` are withheld only where nothing else does, and cells of ``prefer_hidden`` rather than others.
    Both are blocks like ``not_available``.
    """

    minimum: int = Field(default=5, ge=2)
    keep: tuple[dict[str, tuple[str, ...]], ...] = ()
    prefer_hidden: tuple[dict[str, tuple[str, ...]], ...] = ()


class QuantileProtection(_Strict):
    """A median or quantile is published where enough persons stand on either side of it, and rounded (docs/adr/0024).

    ``each_side``: persons, at least. ``rounded_to``: a multiple of this, in the unit of the amounts.
    """

    each_side: int = Field(ge=3)
    rounded_to: Decimal = Field(gt=0)


class CellKeyProtection(_Strict):
    """Every count is changed by the key of its cell, which its persons give it; nothing is withheld (docs/adr/0024)."""

    cell_key: PerturbationParameters


class Layout(_Strict):
    """How the page shows the dataset: which dimensions run down and across, and which chart."""

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    chart: dict[str, str] = {}


Protection = ThresholdProtection | PrimaryRule | QuantileProtection | CellKeyProtection


class TabulationPlan(_Strict):
    """``reference_period`` is one period or several; of several, one that covers the others is their parent.

    ``not_available`` lists cells that the plan does not count, as code lists by dimension.
    ``release``: whether it becomes a dataset of releases; a plan without is only tabulated, inside.
    """

    dataset: str
    title: Text
    source: Text
    population: str
    filter: dict[str, Condition] = {}
    unit: Literal["person", "household"]
    unit_measure: Text = Text(lv="personas", en="persons")
    reference_period: tuple[str, ...]
    dimensions: dict[str, PlannedDimension]
    measures: dict[str, Measure]
    protection: Protection = ThresholdProtection()
    not_available: tuple[dict[str, tuple[str, ...]], ...] = ()
    legal_basis: tuple[str, ...]
    notes: tuple[str, ...] = ()
    layout: Layout = Layout()
    release: bool = True

    @property
    def measure(self) -> Measure:
        """The one measure. Raises: BadInput if there are none or several."""
        if len(self.measures) != 1:
            what, where = f"a plan has one measure, this one has {len(self.measures)}", f"plans/{self.dataset}.yaml, measures"
            raise BadInput(what, where=where, fix="keep one measure, and write a plan for each other")
        return next(iter(self.measures.values()))

    @field_validator("reference_period", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        codes = value if isinstance(value, list | tuple) else [value]
        return tuple(str(code) for code in codes)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for code in self.reference_period:
            _check_is_period(code)
        if isinstance(self.protection, PrimaryRule):
            _check_is_for_amounts(self.protection, self.measures.values())
        if isinstance(self.protection, QuantileProtection) and any(m.statistic not in QUANTILES for m in self.measures.values()):
            raise ValueError("`each_side` and `rounded_to` protect medians and quantiles only")
        if isinstance(self.protection, CellKeyProtection):
            _check_has_cell_keys(self)
        if self.unit == "household" and "unit_measure" not in self.model_fields_set:
            raise ValueError("a plan that counts households says so in `unit_measure`")
        if TIME in self.dimensions:
            raise ValueError(f"{TIME} is made from reference_period and is not declared")
        for measure in self.measures.values():
            _check_share(self, measure)
        known = {*self.dimensions, TIME}
        blocks = (*self.not_available, *_choices(self.protection, self.measures.values()))
        named = [*self.layout.rows, *self.layout.columns, *(d for cells in blocks for d in cells)]
        if unknown := sorted(set(named) - known):
            raise ValueError(f"unknown dimensions: {', '.join(unknown)}")
        return self


def _choices(rule: Protection, measures: Iterable[Measure]) -> tuple[dict[str, tuple[str, ...]], ...]:
    blocks = (*rule.keep, *rule.prefer_hidden) if isinstance(rule, ThresholdProtection) else ()
    if blocks and any(measure.count != "distinct" or measure.concept == "average_of_months" for measure in measures):
        raise ValueError("`keep` and `prefer_hidden` are for counts of distinct persons")
    return blocks


def _check_share(plan: TabulationPlan, measure: Measure) -> None:
    if measure.share_of is None:
        return
    if measure.share_of not in plan.dimensions:
        raise ValueError(f"`share_of` names a dimension of the plan: {', '.join(plan.dimensions)}")
    if not isinstance(plan.protection, ThresholdProtection) or measure.concept == "average_of_months":
        raise ValueError("shares are protected by the threshold of the counts that they are made of")
    if "unit_measure" not in plan.model_fields_set:
        raise ValueError("a plan of shares says so in `unit_measure`, such as {lv: procenti, en: percent}")


def _check_has_cell_keys(plan: TabulationPlan) -> None:
    is_distinct = all(measure.count == "distinct" and measure.concept != "average_of_months" for measure in plan.measures.values())
    if plan.unit != "person" or not is_distinct:
        raise ValueError("`cell_key` protects counts of distinct persons only")
    if any(dimension.membership == "per_person" for dimension in plan.dimensions.values()):
        raise ValueError("`cell_key` does not go with `membership: per_person`")


def _check_is_for_amounts(rule: PrimaryRule, measures: Iterable[Measure]) -> None:
    if any(measure.count not in (None, "person_months") for measure in measures):
        raise ValueError("counts of distinct persons are protected by a threshold: give protection a `minimum` and nothing else")
    if rule.zeros or rule.singletons or rule.is_empty:
        raise ValueError("protection of amounts takes minimum, dominance, p_percent, pq or group_disclosure; not zeros or singletons")


def _check_is_period(code: str) -> None:
    try:
        Period.parse(code)
    except BadInput as error:  # said with the file and its line where the plan is read
        raise ValueError(f"{error.what}; {error.fix}") from None
