"""What the writers tell about a dataset beside its own content: release, certificate, address, licence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from saime.core.model.certificate import Certificate
from saime.core.model.dataset import Dataset
from saime.core.model.release_check import ReleaseCheck
from saime.core.model.text import Text

DATA_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True)
class Publication:
    """``released_at`` has a time zone; ``address`` is the absolute address of the dataset's page, without extension."""

    release: str
    released_at: datetime
    certificate: Certificate
    address: str
    licence: str = DATA_LICENCE
    check: ReleaseCheck | None = None


SYNTHETIC = Text(
    lv="Sintētiski dati: tie izdomāti, lai rādītu sistēmas darbību, un neapraksta nevienu īstu personu.",
    en="Synthetic data: made up to show how the system works; they describe no real person.",
)
PUBLISHED_BY_SOURCE = Text(
    lv="Skaitļi jau publicēti avotā un parādīti tā, kā tos publicējis avots.",
    en="The figures were published before by their source and are shown as it published them.",
)
SHORT_MARKS = {
    "synthetic": Text(lv="Sintētiski dati", en="Synthetic data"),
    "published_by_source": Text(lv="Publicējis avots", en="Published by its source"),
}
NOT_ADDITIVE = Text(
    lv="Skaitītas dažādas personas; viena persona var būt vairākās grupās, tāpēc kopskaits nav grupu summa.",
    en="Distinct persons are counted; one person can be in several groups, so a total is not the sum of its groups.",
)


def marks(dataset: Dataset) -> list[Text]:
    """The sentences that must travel with the numbers wherever they go."""
    found = [(dataset.metadata.synthetic, SYNTHETIC), (dataset.metadata.published_by_source, PUBLISHED_BY_SOURCE)]
    return [text for applies, text in found if applies]


def short_marks(dataset: Dataset) -> list[Text]:
    """The same in two words, for lists and cells."""
    return [text for name, text in SHORT_MARKS.items() if getattr(dataset.metadata, name)]


def notes(dataset: Dataset) -> list[Text]:
    """The marks, the dataset's own notes and, where groups overlap, why they do not add up."""
    overlap = [NOT_ADDITIVE] if any(d.overlaps and d.families for d in dataset.structure.dimensions) else []
    return [*marks(dataset), *dataset.metadata.notes, *overlap]
