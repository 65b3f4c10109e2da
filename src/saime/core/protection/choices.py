"""What a statistician asks of secondary suppression: cells to keep published, and cells to hide rather than others.

Both only change what a cell costs, so they never make a pattern unsafe: a small count is withheld whatever is asked, and a cell to
keep is withheld where no pattern was found without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from saime.core.errors import BadInput
from saime.core.model.cell_blocks import places_of
from saime.core.model.dataset import DataStructure
from saime.core.protection.constraints import SHOWN, Numbers
from saime.core.tabulation.plan import ThresholdProtection

PREFERRED = 0.01  # of its cost; still dearer than a cell that is withheld anyway


@dataclass(frozen=True)
class Choices:
    """Positions of the cells that a rule names, each in one of the two."""

    keep: frozenset[int] = frozenset()
    prefer_hidden: frozenset[int] = frozenset()

    @staticmethod
    def of(rule: ThresholdProtection, structure: DataStructure, dataset: str) -> Choices:
        """Raises: BadInput naming an unknown code, or cells that are to be kept and to be hidden."""
        where = f"plans/{dataset}.yaml, protection"
        keep = places_of(rule.keep, structure, f"{where}, keep")
        hidden = places_of(rule.prefer_hidden, structure, f"{where}, prefer_hidden")
        if both := sorted(keep & hidden):
            cells = list(structure.cells())
            named = ", ".join("|".join(cells[place]) for place in both[:SHOWN])
            more = f" and {len(both) - SHOWN} more" if len(both) > SHOWN else ""
            raise BadInput(f"cells are to be kept and to be hidden: {named}{more}", where=where, fix="take them out of one of the two")
        return Choices(keep, hidden)

    def weigh(self, weights: Numbers) -> Numbers:
        """The costs with the choices: a cell to keep costs as much as the dearest of the table. Shape: the structure's cells."""
        weighed = weights.copy()
        weighed[sorted(self.keep)] = weights.max(initial=0.0)
        weighed[sorted(self.prefer_hidden)] *= PREFERRED
        return weighed

    @property
    def counts(self) -> dict[str, int]:
        """How many cells each list names, for lineage and certificate; nothing where nothing was chosen."""
        named = {"keep": len(self.keep), "prefer_hidden": len(self.prefer_hidden)}
        return named if any(named.values()) else {}
