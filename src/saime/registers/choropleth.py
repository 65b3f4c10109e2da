"""The map of the register: each municipality with its number of entries, its colour class and its link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saime.registers.map import view_box
from saime.registers.models import Municipality, MunicipalityKind
from saime.registers.selection import Selection, count_by_municipality

LOWER_BOUNDS = (0, 1, 3, 6, 11)  # entries; the first bound of each colour class


@dataclass(frozen=True)
class Area:
    municipality: Municipality
    count: int
    colour_class: int
    query_string: str
    is_selected: bool

    @property
    def is_small(self) -> bool:
        """A city is drawn as a disc as well, so that its number can be read and its area hit."""
        return self.municipality.kind == MunicipalityKind.REPUBLICAN_CITY


@dataclass(frozen=True)
class ColourClass:
    number: int
    lower: int
    upper: int | None


@dataclass(frozen=True)
class ProviderMap:
    """``areas`` is in Latvian order; ``drawn`` puts the cities last, on top of the land around them."""

    areas: Sequence[Area]
    view_box: str
    colour_classes: Sequence[ColourClass]

    @property
    def drawn(self) -> list[Area]:
        return sorted(self.areas, key=lambda area: area.is_small)

    @property
    def total(self) -> int:
        return sum(area.count for area in self.areas)

    @property
    def approximate(self) -> list[Municipality]:
        return [area.municipality for area in self.areas if area.municipality.outline_is_approximate]


def draw_map(selection: Selection) -> ProviderMap:
    counts = count_by_municipality(selection)
    areas = [_area(municipality, counts.get(municipality.code, 0), selection) for municipality in Municipality.objects.all()]
    return ProviderMap(areas, view_box(area.municipality.outline for area in areas), _colour_classes())


def _area(municipality: Municipality, count: int, selection: Selection) -> Area:
    return Area(
        municipality,
        count,
        max(number for number, lower in enumerate(LOWER_BOUNDS) if count >= lower),
        selection.query_string(municipality=municipality.code),
        selection.municipality == municipality.code,
    )


def _colour_classes() -> list[ColourClass]:
    uppers = [bound - 1 for bound in LOWER_BOUNDS[1:]] + [None]
    return [ColourClass(number, lower, upper) for number, (lower, upper) in enumerate(zip(LOWER_BOUNDS, uppers, strict=True))]
