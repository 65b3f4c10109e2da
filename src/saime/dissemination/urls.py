"""Datasets: the list, a page each, and files beside it."""

from __future__ import annotations

from django.urls import path, register_converter

from saime.dissemination import views


class DatasetId:
    """Letters, digits, hyphens and underscores; the dot begins the extension."""

    regex = r"[A-Za-z0-9_-]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(DatasetId, "dataset")

urlpatterns = [
    path("datasets/", views.dataset_list, name="dataset_list"),
    path("datasets/<dataset:dataset_id>", views.dataset_page, name="dataset_page"),
    path("datasets/<dataset:dataset_id>.<slug:extension>", views.dataset_file, name="dataset_file"),
]
