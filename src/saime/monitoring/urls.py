"""The addresses of targets, indicators and budgets."""

from __future__ import annotations

from django.urls import path

from saime.monitoring import views

urlpatterns = [
    path("targets/", views.target_list, name="target_list"),
    path("targets.json", views.target_json, name="target_json"),
    path("targets.csv", views.target_csv, name="target_csv"),
]
