"""The register's addresses."""

from __future__ import annotations

from django.urls import path

from saime.registers import views

urlpatterns = [
    path("providers/", views.provider_list, name="provider_list"),
    path("providers/<int:number>/", views.provider_page, name="provider_page"),
    path("providers.json", views.provider_json, name="provider_json"),
    path("providers.csv", views.provider_csv, name="provider_csv"),
]
