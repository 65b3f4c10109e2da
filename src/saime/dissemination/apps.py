from __future__ import annotations

from django.apps import AppConfig


class DisseminationConfig(AppConfig):
    name = "saime.dissemination"
