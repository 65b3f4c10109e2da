"""What a Spark worker does: it is given numbers of partitions, or of shares of the households, reads the files itself, counts with the
kernel, or adds up amounts, and hands back arrays that add up. It needs Saime and the files, and nothing of Spark.
"""

from __future__ import annotations

import functools
import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from saime import __version__
from saime.core.errors import BadInput
from saime.core.tabulation.contributions import WIDTHS, Contributions
from saime.core.tabulation.engines import CellKeys
from saime.core.tabulation.kernel import KernelEngine
from saime.core.tabulation.kernel_cubes import Cubes
from saime.core.tabulation.kernel_households import Share
from saime.core.tabulation.spark_keys import Seal, opened
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.facts import FactTable
from saime.core.warehouse.record_keys import RecordKeyTable

NUMBERS_AT_ONCE = 1 << 20  # of an array in one row of the answer: some MiB, far below the 128 MiB of a message
CODEC = "zstd"

# A row tells one of three things: the work of a number was done; a piece of an array that adds up; or what is wrong with the input.
ANSWER = pa.schema(
    [
        ("done", pa.int32()),
        ("slots", pa.int32()),
        ("part", pa.string()),
        ("begin", pa.int64()),
        ("length", pa.int64()),
        ("numbers", pa.binary()),
        ("fault", pa.string()),
    ]
)
ANSWER_IN_SPARK = "done int, slots int, part string, begin bigint, length bigint, numbers binary, fault string"

Answer = dict[str, Any]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What every task is given beside its numbers. ``version``: of Saime, where the task was given.

    ``shares``: of the households, where these are counted; numbers are then of shares, and of partitions elsewhere.
    ``ordered``: of amounts, whether every person's contribution is asked for, as medians and quantiles do.
    ``seal``: opens the record keys that stand beside the numbers, where these are to be added up.
    """

    specification: Specification
    facts: FactTable
    version: str
    shares: tuple[Share, ...] = ()
    ordered: bool = False
    seal: Seal | None = None

    @property
    def size(self) -> int:
        """How many numbers there are to give out."""
        return len(self.shares or self.facts.partitions)


def count_partitions(task: Task, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One task. ``batches``: a column of numbers; beside it one of sealed record keys, where these are to be added up.

    Input that a person must mend is part of the answer, because Spark tries again whatever fails with an exception.
    """
    given = [row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)]
    for row in _answers(task, given):
        yield pa.RecordBatch.from_pylist([row], schema=ANSWER)
    _keep_what_is_loaded()


@functools.cache
def _keep_what_is_loaded() -> None:
    """Once in a process: PySpark collects garbage after each task, which took longer than a small task, for all that numba has loaded."""
    gc.freeze()


def _answers(task: Task, given: list[Any]) -> Iterator[Answer]:
    if task.version != __version__:
        yield _fault(f"a Spark worker has Saime {__version__}, and the plan is counted by {task.version}", "install the same on both")
        return
    numbers = [number for number, *_ in given]
    try:
        pieces = _pieces_of(task, numbers, given)
    except BadInput as error:
        yield _fault(error.what, error.fix, error.where)
        return
    yield from ({"done": number} for number in numbers)
    yield from map(_packed, pieces)


def _pieces_of(task: Task, numbers: list[int], given: list[Any]) -> Iterator[Answer]:
    if task.seal is not None:
        return _keys_added(task, numbers, opened(task.seal, given))
    return _added_up(task, numbers) if task.specification.amount else _counted(task, numbers)


def _fault(what: str, fix: str, where: str = "the Python of a Spark worker") -> Answer:
    return {"fault": json.dumps({"what": what, "where": where, "fix": fix})}


def _counted(task: Task, numbers: Sequence[int]) -> Iterator[Answer]:
    """The parts of the cubes in pieces; one that is all zeros is left out."""
    some = task.facts if task.shares else _partitions(task, numbers)
    shares = [task.shares[number] for number in numbers] if task.shares else None
    counter = KernelEngine(threads=1).counted(task.specification, some, shares=shares)
    parts = [(slots, name, part) for slots, cubes in enumerate(counter.cubes) for name, part in cubes.parts.items()]
    pieces = (piece | {"slots": slots} for slots, name, part in parts for piece in _pieces(name, part, NUMBERS_AT_ONCE))
    return (piece for piece in pieces if piece["numbers"].any())


def _keys_added(task: Task, numbers: Sequence[int], keys: RecordKeyTable) -> Iterator[Answer]:
    """The sums in pieces; one that is all zeros is left out."""
    sums = KernelEngine(threads=1).add_record_keys(task.specification, _partitions(task, numbers), keys)
    return (piece for piece in _pieces("keys", sums, NUMBERS_AT_ONCE) if piece["numbers"].any())


def _added_up(task: Task, numbers: Sequence[int]) -> Iterator[Answer]:
    """The parts of the contributions in pieces of whole rows."""
    added = KernelEngine(threads=1).add_up(task.specification, _partitions(task, numbers), ordered=task.ordered)
    at_once = {name: max(1, NUMBERS_AT_ONCE // width) * width for name, width in WIDTHS.items()}
    return (piece for name, rows in added.parts.items() for piece in _pieces(name, rows, at_once[name]))


def _partitions(task: Task, numbers: Sequence[int]) -> FactTable:
    return replace(task.facts, partitions=tuple(task.facts.partitions[number] for number in numbers))


def _pieces(name: str, numbers: Array, at_once: int) -> Iterator[Answer]:
    numbers = numbers.reshape(-1)
    for begin in range(0, len(numbers), at_once):
        piece = numbers[begin : begin + at_once]
        yield {"part": name, "begin": begin, "length": len(piece), "numbers": piece}


def _packed(piece: Answer) -> Answer:
    return piece | {"numbers": pa.compress(piece["numbers"], CODEC, asbytes=True)}


def _unpacked(piece: Answer, kind: np.dtype[Any]) -> Array:
    size = piece["length"] * kind.itemsize
    return np.frombuffer(pa.decompress(bytes(piece["numbers"]), decompressed_size=size, codec=CODEC), kind)


def add_to_cubes(totals: Sequence[Cubes], piece: Answer) -> None:
    """Add a piece to the same part of other cubes of the same shape."""
    part: Array = totals[piece["slots"]].part(piece["part"]).reshape(-1)
    some = part[piece["begin"] : piece["begin"] + piece["length"]]
    some += _unpacked(piece, some.dtype)


def add_to_contributions(total: Contributions, piece: Answer) -> None:
    """Add a piece to the contributions of other partitions."""
    total.add_part(piece["part"], _unpacked(piece, np.dtype(np.int64)).reshape(-1, WIDTHS[piece["part"]]))


def add_to_keys(total: CellKeys, piece: Answer) -> None:
    """Add a piece to the sums of record keys of other partitions, modulo 2**32."""
    some = total[piece["begin"] : piece["begin"] + piece["length"]]
    some += _unpacked(piece, some.dtype)
