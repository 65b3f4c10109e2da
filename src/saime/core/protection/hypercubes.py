"""Movements of counts without a linear program: a person goes to another code in some dimensions, another person back.

Linked tables of one release count the same persons. A face is what they publish over some of the dimensions, all other dimensions at their
totals. Where codes change in the dimensions ``S``, by turns up and down over the corners of a hypercube, everything that sums over one
of ``S`` stays; so what moves is the corners in the face ``S`` and, in each face with more dimensions, at some code of these.
A code moves with all codes above it. The geometry only proposes: each movement is checked against the rows of the system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from saime.core.model.dataset import DataStructure, Dimension
from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places
from saime.core.protection.demands import Limits
from saime.core.protection.hypercube_loops import CHOSEN, HELD, OPENED, Grid, Paths, cheapest_cube, keeps
from saime.core.protection.witnesses import Witness, rows_of_cells

BUDGET = 20_000  # cells looked at for one cell and one choice of dimensions; a count, not a time, so that the pattern is always the same
LITTLE = 1e-9  # persons
CLOSED = -1.0  # room of a cell that may not move
MOST_PARTS = 40  # hypercubes in one movement
MOST_DIMENSIONS = 60  # as bits of a number


class _Numbers:
    """Dimensions, each once for the tables that count the same persons; their codes."""

    def __init__(self) -> None:
        self.dimensions: list[Dimension] = []
        self._numbers: dict[object, int] = {}

    def of(self, whom: object, dimension: Dimension) -> int:
        key = whom, dimension.id, tuple((code.id, code.parent) for code in dimension.codes)
        if key not in self._numbers:
            self._numbers[key] = len(self.dimensions)
            self.dimensions.append(dimension)
        return self._numbers[key]


@dataclass(frozen=True)
class Faces:
    """``face_of``: of each unknown one of its faces, -1 if none; ``at``: its place in ``grid``.

    ``roots``: the total of each dimension, -1 if it has none.
    """

    grid: Grid
    paths: Paths
    leaves: Places
    roots: Places
    face_of: Places
    at: Places

    @staticmethod
    def of(structures: Sequence[DataStructure], places: Sequence[Places], size: int) -> Faces:
        """Of tables with the unknowns of their cells, ``size`` unknowns."""
        return _Builder(structures, places, size).faces()

    def dimensions_of(self, face: int) -> list[int]:
        return [dim for dim in range(len(self.roots)) if self.grid[3][face] >> dim & 1]

    def codes_of(self, place: int) -> Places:
        """The code of the cell in each dimension, -1 where its face has not the dimension."""
        face = int(self.face_of[place])
        own, rest = np.full(len(self.roots), -1, dtype=np.int64), int(self.at[place] - self.grid[1][face])
        for dim in sorted(self.dimensions_of(face), key=lambda dim: -int(self.grid[2][face, dim])):
            own[dim], rest = divmod(rest, int(self.grid[2][face, dim]))
        return own


class _Builder:
    def __init__(self, structures: Sequence[DataStructure], places: Sequence[Places], size: int) -> None:
        self._numbers = _Numbers()
        self._starts: dict[int, int] = {}
        self._strides: list[dict[int, int]] = []
        self._ids = np.concatenate(list(places)) if places else np.zeros(0, np.int64)
        self._face_of, self._at = np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
        self._tables = list(zip(structures, places, np.cumsum([0, *(len(own) for own in places)]).tolist(), strict=False))

    def faces(self) -> Faces:
        for structure, places, start in self._tables:
            dims = self._dimensions(structure, places)
            if max(dims) < MOST_DIMENSIONS:
                self._add(structure, places, start, dims)
        dimensions = self._numbers.dimensions
        strides = np.array([[own.get(dim, 0) for dim in range(len(dimensions))] for own in self._strides], dtype=np.int64)
        starts, masks = np.array(list(self._starts.values()), np.int64), np.array(list(self._starts), np.int64)
        paths, leaves = _paths_of(dimensions)
        roots = np.array([_root(dimension) for dimension in dimensions], dtype=np.int64)
        return Faces((self._ids, starts, strides, masks), paths, leaves, roots, self._face_of, self._at)

    def _dimensions(self, structure: DataStructure, places: Places) -> list[int]:
        """Tables count the same persons where their cells at all totals are the same."""
        whole = tuple(_root(one) if _root(one) >= 0 else slice(None) for one in structure.dimensions)
        whom = tuple(np.ravel(places.reshape(structure.shape)[whole]).tolist())
        return [self._numbers.of(whom, dimension) for dimension in structure.dimensions]

    def _add(self, structure: DataStructure, places: Places, start: int, dims: list[int]) -> None:
        roots, steps = [_root(one) for one in structure.dimensions], structure.strides
        always = [axis for axis, root in enumerate(roots) if root < 0]
        number = np.zeros(structure.shape, dtype=np.int64)
        for axis, (dim, root) in enumerate(zip(dims, roots, strict=True)):
            shape = [-1 if other == axis else 1 for other in range(len(dims))]
            number |= ((np.arange(structure.shape[axis]) != root).astype(np.int64) << dim).reshape(shape)
        for axes in _subsets([axis for axis in range(len(dims)) if axis not in always]):
            chosen = [*always, *axes]
            mask = sum(1 << dims[axis] for axis in chosen)
            if mask not in self._starts:
                self._starts[mask] = start + sum(roots[axis] * steps[axis] for axis in range(len(dims)) if axis not in chosen)
                self._strides.append({dims[axis]: steps[axis] for axis in chosen})
                own = np.flatnonzero(number.ravel() == mask)
                self._face_of[places[own]], self._at[places[own]] = len(self._strides) - 1, start + own


def _subsets(items: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for count in range(len(items), -1, -1):
        yield from combinations(items, count)


def _root(dimension: Dimension) -> int:
    """The one code that is not below another; -1 if there are several, such as periods."""
    roots = [place for place, code in enumerate(dimension.codes) if code.parent is None]
    return roots[0] if len(roots) == 1 else -1


def _paths_of(dimensions: Sequence[Dimension]) -> tuple[Paths, Places]:
    """Each code with those above it, without the total; and whether no code is below it."""
    found, leaves = [], []
    for dimension in dimensions:
        root, parents = _root(dimension), {code.id: code.parent for code in dimension.codes}
        for place, code in enumerate(dimension.codes):
            path, above = [place], code.parent
            while above is not None and dimension.positions[above] != root:
                path.append(dimension.positions[above])
                above = parents[above]
            found.append(path)
            leaves.append(code.id not in dimension.families and place != root)
    counts = np.array([len(dimension.codes) for dimension in dimensions], dtype=np.int64)
    longest = max(len(path) for path in found)
    codes = np.array([path + [-1] * (longest - len(path)) for path in found], dtype=np.int64)
    lengths = np.array([len(path) for path in found], dtype=np.int64)
    return (np.cumsum(counts) - counts, codes, lengths, counts), np.array(leaves, dtype=np.int64)


@dataclass(frozen=True)
class _Opening:
    """Dimensions in which codes change: the ``faces`` that move with them, and the ``order`` and ``roles`` of the dimensions of these."""

    faces: Places
    order: Places
    roles: Places

    @staticmethod
    def of(faces: Faces, dims: Sequence[int], opened: Sequence[int]) -> _Opening:
        """``dims``: those of the face of the cell that moves."""
        masks, whole = faces.grid[3], sum(1 << dim for dim in opened)
        around = np.flatnonzero(masks & whole == whole)
        roles = np.full(len(faces.roots), CHOSEN, dtype=np.int64)
        roles[list(dims)] = HELD
        roles[list(opened)] = OPENED
        union = int(np.bitwise_or.reduce(masks[around]))
        used = [dim for dim in range(len(roles)) if union >> dim & 1]
        order = sorted(used, key=lambda dim: ((HELD, OPENED, CHOSEN).index(roles[dim]), dim))
        return _Opening(around, np.array(order, dtype=np.int64), roles)


class Hypercubes:
    """Of one system and one attacker. ``limits``: how far each cell may move."""

    def __init__(self, faces: Faces, rows: Knowledge, table: Numbers, limits: Limits) -> None:
        self._faces, self.limits = faces, limits
        starts, order = rows_of_cells(rows, len(table))
        owners = np.repeat(np.arange(len(rows.lower), dtype=np.int64), np.diff(rows.starts))
        activity = rows.activity(table)
        self._by_cell = starts, owners[order], rows.signs[order]
        self._opened: dict[int, tuple[_Opening, ...]] = {}
        self._room, self._sums = (rows.lower - activity, rows.upper - activity), np.zeros(len(activity))

    def cheapest(self, place: int, up: float, down: float, costs: Numbers) -> list[Witness]:
        """The cheapest that was found in which the cell goes up by ``up``, and turned round down by ``down``, unless 0; nothing if none."""
        unit = self._unit(place, (up, down), costs)
        moved = [Witness(unit.cells, far * unit.amounts) for far in (up, -down) if far] if unit else []
        return moved if all(self._keeps(one) for one in moved) else []

    def several(self, place: int, change: float, costs: Numbers, least: float) -> Witness | None:
        """One movement of several hypercubes that changes the cell by ``change``, or as far as was found; None if it stays.

        Each goes as far as the ones before leave room, and ``least`` or more.
        """
        parts, left = list[Witness](), abs(change)
        while left > LITTLE and len(parts) < MOST_PARTS and (unit := self._unit(place, _asked(min(least, left), change), costs)):
            amounts = np.sign(change) * unit.amounts
            far = min(left, float(np.where(amounts > 0, self.limits.up[unit.cells], self.limits.down[unit.cells]).min()))
            parts.append(Witness(unit.cells, far * amounts))
            self._use_room(parts[-1], 1.0)
            left -= far
        for part in parts:
            self._use_room(part, -1.0)
        moved = _sum(parts) if parts else None
        return moved if moved and self._keeps(moved) else None

    def _use_room(self, moved: Witness, times: float) -> None:
        self.limits.up[moved.cells] -= times * moved.amounts
        self.limits.down[moved.cells] += times * moved.amounts

    def around(self, place: int, change: float, costs: Numbers, most: int, fine: float = INFINITY) -> list[Places]:
        """The cells of up to ``most`` hypercubes that change the cell so far, each without the tightest cells of those before.

        ``fine``: what a cell with too little room costs beside; without, there is none.
        """
        found, closed = list[Places](), list[tuple[Numbers, Places, Numbers]]()
        while len(found) < most and (unit := self._unit(place, _asked(abs(change), change), costs, fine)):
            found.append(unit.cells)
            for limit, cells in self._tightest(unit.cells, unit.amounts * change > 0, place):
                closed.append((limit, cells, limit[cells]))
                limit[cells] = CLOSED
        for limit, cells, room in reversed(closed):
            limit[cells] = room
        return found

    def _tightest(self, cells: Places, is_up: Flags, place: int) -> Iterator[tuple[Numbers, Places]]:
        room = np.where(is_up, self.limits.up[cells], self.limits.down[cells])
        room[cells == place] = INFINITY
        tightest = room <= room.min()
        yield self.limits.up, cells[tightest & is_up]
        yield self.limits.down, cells[tightest & ~is_up]

    def _unit(self, place: int, asked: tuple[float, float], costs: Numbers, fine: float = INFINITY) -> Witness | None:
        face, best, found = int(self._faces.face_of[place]), INFINITY, None
        if face < 0:
            return None
        own = self._faces.codes_of(place)
        for opening in self._openings(face):
            price, cells, signs = self._search(opening, own, asked, (costs, fine), best)
            if len(cells):
                best, found = price, Witness(cells, signs)
        return found

    def _keeps(self, witness: Witness) -> bool:
        return bool(keeps(witness.cells, witness.amounts, self._by_cell, self._room, self._sums))

    def _openings(self, face: int) -> tuple[_Opening, ...]:
        if face not in self._opened:
            dims = self._faces.dimensions_of(face)
            chosen = _subsets([dim for dim in dims if self._faces.roots[dim] >= 0])
            self._opened[face] = tuple(_Opening.of(self._faces, dims, opened) for opened in chosen if opened)
        return self._opened[face]

    def _search(
        self, opening: _Opening, own: Places, asked: tuple[float, float], costs: tuple[Numbers, float], bound: float
    ) -> tuple[float, Places, Numbers]:
        faces, limits = self._faces, (self.limits.down, self.limits.up)
        found: tuple[float, Places, Numbers] = cheapest_cube(
            faces.grid,
            faces.paths,
            faces.leaves,
            opening.faces,
            opening.order,
            opening.roles,
            own,
            asked,
            limits,
            *costs,
            BUDGET,
            bound,
        )
        return found


def _asked(far: float, change: float) -> tuple[float, float]:
    """How far up and down."""
    return (far, 0.0) if change > 0 else (0.0, far)


def _sum(moved: Sequence[Witness]) -> Witness:
    cells, number = np.unique(np.concatenate([one.cells for one in moved]), return_inverse=True)
    amounts = np.bincount(number.ravel(), np.concatenate([one.amounts for one in moved]))
    return Witness(cells[amounts != 0], amounts[amounts != 0])
