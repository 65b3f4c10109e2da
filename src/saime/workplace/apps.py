from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WorkplaceConfig(AppConfig):
    name = "saime.workplace"

    def ready(self) -> None:
        from saime.workplace.roles import create_roles

        post_migrate.connect(create_roles, sender=self)
