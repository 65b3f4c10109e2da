"""The portal's pages."""

from __future__ import annotations

from django.urls import path

from saime.portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("accessibility/", views.accessibility, name="accessibility"),
]
