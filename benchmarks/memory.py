"""Run by itself: print how many MiB counting takes above the loaded libraries and the cubes.

python benchmarks/memory.py FOLDER
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.data import Table, make_table, open_table
from saime.core.tabulation.kernel import KernelEngine
from saime.core.tabulation.kernel_layout import lay_out


def _peak() -> float:
    """MiB that the process has held at most (VmHWM)."""
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024


def _cubes(table: Table, engine: KernelEngine) -> float:
    """MiB of the cubes of all threads and of the finished one."""
    layout = lay_out(table.specification, table.facts)
    cells = layout.trees.cells * sum(len(slots.positions) + 1 for slots in layout.slots)
    return cells * 4 * (engine.threads_for(layout, table.facts) + 1) / 2**20


def main(folder: Path) -> None:
    engine = KernelEngine()
    with tempfile.TemporaryDirectory() as scratch:
        little = make_table(Path(scratch), 64 * 50)
        engine.count(little.specification, little.facts)
        before = _peak() - _cubes(little, engine)
    table = open_table(folder)
    engine.count(table.specification, table.facts)
    print(max(0.0, _peak() - before - _cubes(table, engine)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
