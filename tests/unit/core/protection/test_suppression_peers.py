"""The benchmarks pose one problem to everybody: pieces keep the table's counts, and a row that is an inequality binds the peers too."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from saime.cli import bench
from saime.core.model.dataset import FrequencyTable
from saime.core.protection.constraints import check_declaration
from saime.core.protection.suppression import suppress
from support.protection import dimension, flat, from_persons

benchmarks: Any = bench.open_benchmarks()
AREAS = {"_T": None, "A": "_T", "B": "_T", "A1": "A", "A2": "A", "B1": "B", "B2": "B"}
PEERS = ["plain_program", *(["tau_argus"] if benchmarks.protection.has_tau_argus() else [])]


@pytest.fixture(scope="module")
def whole() -> FrequencyTable:
    """Persons in one or two of the areas; one kind of them is rare."""
    area = dimension("REF_AREA", AREAS, overlaps=True).model_copy(update={"role": "geo"})
    where = [["A1"], ["A2"], ["B1"], ["B2"], ["A1", "B2"], ["A1", "A2"], ["B1", "B2"]]
    kinds = {"x": 9, "y": 1, "z": 6}
    persons = [frozenset((own, kind) for own in areas) for areas, (kind, times) in product(where, kinds.items()) for _ in range(times)]
    return from_persons([area, flat("KIND", kinds)], persons)


def test_a_piece_is_one_territory_with_those_right_below_it(whole: FrequencyTable) -> None:
    pieces = list(benchmarks.demo_tables.pieces_of(whole))
    areas = [[code.id for code in piece.structure.dimensions[0].codes] for piece in pieces]
    assert areas == [["_T", "A", "B"], ["A", "A1", "A2"], ["B", "B1", "B2"]]
    for piece in pieces:
        check_declaration(piece)
        assert {cell: piece[cell] for cell in piece.structure.cells()} == {cell: whole[cell] for cell in piece.structure.cells()}


@pytest.mark.parametrize("peer", PEERS)
def test_peers_find_the_optimum_where_margins_overlap(peer: str, whole: FrequencyTable, tmp_path: Path) -> None:
    protection, costs = benchmarks.protection, []
    for piece in benchmarks.demo_tables.pieces_of(whole):
        posed = benchmarks.demo_tables.table_problem(piece, 5)
        ours = suppress(posed)
        answer = protection.plain_program(posed, 20.0) if peer == "plain_program" else protection.tau_argus(posed, tmp_path, 20)
        assert ours.is_optimal
        assert protection.Run(posed, ours, 0.0, {peer: answer}).cost(peer) == pytest.approx(ours.cost)
        costs.append(ours.cost)
    assert max(costs) > 0
