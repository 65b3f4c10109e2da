"""The form where a statistician tries settings of protection."""

from __future__ import annotations

from typing import Any

import yaml
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from saime.core.model.dataset import DataStructure
from saime.core.tabulation.plan import ThresholdProtection
from saime.workplace.cell_marks import HIDE, KEEP, NONE, Lists, check_apart, mark_cells, parse_cell, read_lines, write_lines

LARGEST_MINIMUM = 1000
MARK = "mark:"  # before the codes of a cell: the name of its field


class ProtectionForm(forms.Form):
    """A threshold, two lists of cells, and what the marks in the table change in the lists."""

    minimum = forms.IntegerField(label=_("Smallest count that is published"), min_value=2, max_value=LARGEST_MINIMUM)
    keep = forms.CharField(label=_("Cells to keep published"), required=False, max_length=100_000, strip=False)
    prefer_hidden = forms.CharField(label=_("Cells to hide rather than others"), required=False, max_length=100_000, strip=False)

    def __init__(self, *args: Any, structure: DataStructure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._structure = structure
        fault = _("Write a whole number from 2 to 1000")
        self.fields["minimum"].error_messages |= dict.fromkeys(("required", "invalid"), fault)
        for validator in self.fields["minimum"].validators:
            validator.message = fault

    @classmethod
    def showing(cls, rule: ThresholdProtection, structure: DataStructure) -> ProtectionForm:
        """The form as it stands for a rule."""
        lists = {KEEP: write_lines(rule.keep), HIDE: write_lines(rule.prefer_hidden)}
        return cls(structure=structure, initial={"minimum": rule.minimum, **lists})

    def clean_keep(self) -> Any:
        return read_lines(self.cleaned_data["keep"], self._structure)

    def clean_prefer_hidden(self) -> Any:
        return read_lines(self.cleaned_data["prefer_hidden"], self._structure)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if KEEP in cleaned and HIDE in cleaned:
            lists: Lists = {kind: cleaned[kind] for kind in (KEEP, HIDE)}
            mark_cells(self._marks(), lists, self._structure)
            check_apart(lists, self._structure)
        return cleaned

    def _marks(self) -> dict[tuple[str, ...], str]:
        """The marks that were changed in the table, by cell."""
        given = {name.removeprefix(MARK): value for name, value in self.data.items() if name.startswith(MARK)}
        return {parse_cell(name, self._structure): value for name, value in given.items() if value in (KEEP, HIDE, NONE)}

    @property
    def rule(self) -> ThresholdProtection:
        """What a form without faults asks for."""
        told = self.cleaned_data
        return ThresholdProtection(minimum=told["minimum"], keep=tuple(told[KEEP]), prefer_hidden=tuple(told[HIDE]))


def as_yaml(rule: ThresholdProtection) -> str:
    """The lines of a plan that fix the rule."""
    content: dict[str, Any] = {"minimum": rule.minimum}
    for kind, blocks in ((KEEP, rule.keep), (HIDE, rule.prefer_hidden)):
        if blocks:
            content[kind] = [{name: list(codes) for name, codes in block.items()} for block in blocks]
    return yaml.safe_dump({"protection": content}, sort_keys=False, allow_unicode=True, width=120)


class Shown:
    """Which cells of the table the page shows: a code, or all, of each dimension; withheld ones only, or all."""

    MOST_WITHOUT_CHOICE = 100  # cells; of a larger table the first code of its first dimension is shown at first

    def __init__(self, given: QueryDict, structure: DataStructure) -> None:
        self.structure = structure
        self.only_withheld = "only_withheld" in given
        page = given.get("page", "")
        self.page = int(page) if page.isascii() and page.isdigit() else 1
        first = structure.dimensions[0]
        at_first = {first.id: first.codes[0].id} if structure.size > self.MOST_WITHOUT_CHOICE else {}
        chosen = {d.id: given.get(f"show:{d.id}", "") for d in structure.dimensions} if given else at_first
        self.codes = {d.id: chosen[d.id] for d in structure.dimensions if chosen.get(d.id) in d.positions}

    def holds(self, cell: tuple[str, ...]) -> bool:
        pairs = zip(self.structure.dimensions, cell, strict=True)
        return all(self.codes.get(dimension.id, code) == code for dimension, code in pairs)
