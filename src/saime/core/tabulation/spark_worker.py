"""What a Spark worker does: it is given numbers of partitions, reads their files itself, counts them with the kernel and hands
back arrays that add up. It needs Saime and the files, and nothing of Spark.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from saime import __version__
from saime.core.errors import BadInput
from saime.core.tabulation.kernel import KernelEngine
from saime.core.tabulation.kernel_cubes import Cubes
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable

NUMBERS_AT_ONCE = 1 << 20  # of an array in one row of the answer: some MiB, far below the 128 MiB of a message
CODEC = "zstd"

# A row tells one of three things: a partition was counted; a piece of an array that adds up; or what is wrong with the input.
ANSWER = pa.schema(
    [
        ("partition", pa.int32()),
        ("slots", pa.int32()),
        ("part", pa.string()),
        ("begin", pa.int64()),
        ("numbers", pa.binary()),
        ("fault", pa.string()),
    ]
)
ANSWER_IN_SPARK = "partition int, slots int, part string, begin bigint, numbers binary, fault string"

Answer = dict[str, Any]


def count_partitions(
    specification: Specification, facts: FactTable, version: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """One task. ``batches``: a column of partition numbers. ``version``: of Saime, where the task was given.

    Input that a person must mend is part of the answer, because Spark tries again whatever fails with an exception.
    """
    numbers = [number for batch in batches for number in batch.column(0).to_pylist()]
    for row in _answers(specification, facts, version, numbers):
        yield pa.RecordBatch.from_pylist([row], schema=ANSWER)


def _answers(specification: Specification, facts: FactTable, version: str, numbers: list[int]) -> Iterator[Answer]:
    if version != __version__:
        yield _fault(f"a Spark worker has Saime {__version__}, and the plan is counted by {version}", "install the same on both")
        return
    some = replace(facts, partitions=tuple(facts.partitions[number] for number in numbers))
    try:
        counter = KernelEngine(threads=1).counted(specification, some)
    except BadInput as error:
        yield _fault(error.what, error.fix, error.where)
        return
    yield from ({"partition": number} for number in numbers)
    for slots, cubes in enumerate(counter.cubes):
        yield from _pieces(slots, cubes)


def _fault(what: str, fix: str, where: str = "the Python of a Spark worker") -> Answer:
    return {"fault": json.dumps({"what": what, "where": where, "fix": fix})}


def _pieces(slots: int, cubes: Cubes) -> Iterator[Answer]:
    for name, part in cubes.parts.items():
        numbers = part.reshape(-1)
        for begin in range(0, len(numbers), NUMBERS_AT_ONCE):
            piece = numbers[begin : begin + NUMBERS_AT_ONCE]
            if piece.any():
                yield {"slots": slots, "part": name, "begin": begin, "numbers": pa.compress(piece, CODEC, asbytes=True)}


def add_piece(cubes: Cubes, part: str, begin: int, packed: bytes) -> None:
    """Add what ``_pieces`` gave to the same part of other cubes of the same shape."""
    numbers: npt.NDArray[Any] = cubes.part(part).reshape(-1)[begin : begin + NUMBERS_AT_ONCE]
    unpacked = pa.decompress(packed, decompressed_size=numbers.nbytes, codec=CODEC)
    numbers += np.frombuffer(unpacked, numbers.dtype)
