"""Where the apps' addresses hang; pages live under /lv/ and /en/."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.views.generic import RedirectView

from saime.portal.views import health

urlpatterns = [
    path("", RedirectView.as_view(url="/lv/"), name="root"),
    path("health", health, name="health"),
    *i18n_patterns(
        path("", include("saime.registers.urls")),
        path("", include("saime.dissemination.urls")),
        path("", include("saime.monitoring.urls")),
        path("", include("saime.portal.urls")),
        path("workplace/", include("saime.workplace.urls")),
        prefix_default_language=True,
    ),
]

handler404 = "saime.portal.answers.not_found"
handler500 = "saime.portal.answers.failed"
