"""Bring tables in line with the rows of a pack: add what is new, change what differs, remove what is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models, transaction


@dataclass(frozen=True)
class Wanted:
    """The rows that a table shall hold; ``key`` names the fields that tell one row from another."""

    model: type[models.Model]
    rows: Sequence[models.Model]
    key: tuple[str, ...]

    def key_of(self, row: models.Model) -> tuple[object, ...]:
        return tuple(getattr(row, name) for name in self.key)


@dataclass(frozen=True)
class Changes:
    rows: int
    added: int
    changed: int
    removed: int

    @property
    def any(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@transaction.atomic
def bring_in_line(tables: Sequence[Wanted]) -> dict[str, Changes]:
    """One transaction for all tables; those that others refer to come first. Answers changes by model name."""
    written = [_write(table) for table in tables]
    removed = [_remove(table) for table in reversed(tables)][::-1]
    return {
        table.model.__name__: Changes(len(table.rows), added, changed, gone)
        for table, (added, changed), gone in zip(tables, written, removed, strict=True)
    }


def _write(table: Wanted) -> tuple[int, int]:
    present = {table.key_of(row): row for row in table.model._default_manager.all()}
    fields = [field for field in table.model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    new = [row for row in table.rows if table.key_of(row) not in present]
    differing = []
    for row in table.rows:
        stored = present.get(table.key_of(row))
        if stored is not None and _values(stored, fields) != _values(row, fields):
            row.pk = stored.pk
            differing.append(row)
    table.model._default_manager.bulk_create(new)
    if differing:
        names = [field.name for field in fields if not field.primary_key]
        table.model._default_manager.bulk_update(differing, names)
    return len(new), len(differing)


def _values(row: models.Model, fields: Sequence[models.Field]) -> list[object]:
    return [field.to_python(getattr(row, field.attname)) for field in fields]


def _remove(table: Wanted) -> int:
    kept = {table.key_of(row) for row in table.rows}
    gone = [row.pk for row in table.model._default_manager.all() if table.key_of(row) not in kept]
    table.model._default_manager.filter(pk__in=gone).delete()
    return len(gone)
