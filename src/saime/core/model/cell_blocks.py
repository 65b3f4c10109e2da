"""Cells named by blocks: lists of codes by dimension."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from saime.core.errors import BadInput
from saime.core.model.dataset import DataStructure

Block = Mapping[str, tuple[str, ...]]


def places_of(blocks: Iterable[Block], structure: DataStructure, where: str) -> frozenset[int]:
    """Positions of the cells of all blocks; a dimension that a block does not name is there with all its codes.

    Raises: BadInput naming an unknown dimension or code, or a block that names nothing.
    """
    return frozenset(place for block in blocks for place in _places(block, structure, where))


def _places(block: Block, structure: DataStructure, where: str) -> set[int]:
    if not block:
        raise BadInput("a block of cells names no dimension", where=where, fix="name the codes of at least one dimension")
    dimensions = {dimension.id: dimension for dimension in structure.dimensions}
    if unknown := [name for name in block if name not in dimensions]:
        what = f"there is no dimension {', '.join(map(repr, unknown))}"
        raise BadInput(what, where=where, fix=f"use some of: {', '.join(dimensions)}")
    for name, codes in block.items():
        if unknown := [code for code in codes if code not in dimensions[name].positions]:
            what = f"dimension {name} has no code {', '.join(map(repr, unknown))}"
            raise BadInput(what, where=where, fix=f"use some of: {', '.join(dimensions[name].positions)}")
    chosen = [block.get(dimension.id, tuple(dimension.positions)) for dimension in structure.dimensions]
    return {structure.position(cell) for cell in product(*chosen)}
