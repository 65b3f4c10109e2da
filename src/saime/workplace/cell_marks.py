"""Cells to keep published and cells to hide rather than others: as lines of codes, and as marks in the table.

A line is a block of cells, such as ``REF_AREA=LV0001000,LV0002000 SEX=F``; a dimension that it does not name is there with all its codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from saime.core.errors import BadInput
from saime.core.model.cell_blocks import places_of
from saime.core.model.dataset import DataStructure

KEEP, HIDE, NONE = "keep", "prefer_hidden", "none"
Block = dict[str, tuple[str, ...]]
Lists = dict[str, list[Block]]  # the blocks of KEEP and of HIDE
Cell = tuple[str, ...]


def read_lines(text: str, structure: DataStructure) -> list[Block]:
    """Raises: ValidationError with the fault of each line that is wrong."""
    blocks, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                blocks.append(_read_line(line, structure))
            except ValidationError as fault:
                faults.append(format_lazy(_("Line {number}: {fault}"), number=number, fault=fault.message))
    if faults:
        raise ValidationError(faults)
    return blocks


def write_lines(blocks: Iterable[Mapping[str, tuple[str, ...]]]) -> str:
    return "\n".join(" ".join(f"{name}={','.join(codes)}" for name, codes in block.items()) for block in blocks)


def mark_cells(marks: Mapping[Cell, str], lists: Lists, structure: DataStructure) -> None:
    """Change the lists so that each cell has its mark. Raises: ValidationError where a line marks it together with other cells."""
    for cell, mark in marks.items():
        own = _block_of(cell, structure)
        for kind in (KEEP, HIDE):
            lists[kind][:] = [block for block in lists[kind] if block != own]
        if mark in lists:
            lists[mark].append(own)
        for kind in (KEEP, HIDE):
            if kind != mark and (line := _line_with(cell, lists[kind], structure)):
                fault = _("Change the line {line}: it marks {cell} together with others")
                raise ValidationError(format_lazy(fault, line=line, cell="|".join(cell)))


def check_apart(lists: Lists, structure: DataStructure) -> None:
    """Raises: ValidationError naming a cell that is in both lists."""
    kept, hidden = (places_of(lists[kind], structure, kind) for kind in (KEEP, HIDE))
    if both := kept & hidden:
        cell = list(structure.cells())[min(both)]
        raise ValidationError(format_lazy(_("A cell cannot be kept and hidden: {cell}"), cell="|".join(cell)))


def _read_line(line: str, structure: DataStructure) -> Block:
    known = {dimension.id: dimension for dimension in structure.dimensions}
    block: Block = {}
    for part in line.split():
        name, sign, codes = part.partition("=")
        if not sign or not codes or name in block:
            example = write_lines([_block_of(next(structure.cells()), structure)])
            raise ValidationError(format_lazy(_("write dimensions with codes, for example {example}"), example=example))
        if name not in known:
            raise ValidationError(format_lazy(_("there is no dimension {name}; use {known}"), name=name, known=", ".join(known)))
        block[name] = tuple(codes.split(","))
        if unknown := [code for code in block[name] if code not in known[name].positions]:
            raise ValidationError(format_lazy(_("{name} has no code {code}"), name=name, code=", ".join(unknown)))
    return block


def _block_of(cell: Cell, structure: DataStructure) -> Block:
    """The cell alone; dimensions of one code go without saying."""
    pairs = zip(structure.dimensions, cell, strict=True)
    return {dimension.id: (code,) for dimension, code in pairs if len(dimension.codes) > 1}


def _line_with(cell: Cell, blocks: Iterable[Block], structure: DataStructure) -> str:
    place = structure.position(cell)
    return next((write_lines([block]) for block in blocks if place in places_of([block], structure, "")), "")


def parse_cell(text: str, structure: DataStructure) -> Cell:
    """Raises: BadInput if the table has no such cell."""
    cell = tuple(text.split("|"))
    try:
        structure.position(cell)
    except (KeyError, ValueError) as error:
        raise BadInput(_("The table has no such cell"), where=text, fix=_("open the page again")) from error
    return cell
