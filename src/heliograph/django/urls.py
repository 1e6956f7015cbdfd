"""The webhooks: `path("sms/", include("heliograph.django.urls"))`."""

from __future__ import annotations

from django.urls import path

from heliograph.django.views import webhook

app_name = "heliograph"
urlpatterns = [path("webhooks/<slug:backend_name>/<str:secret>/", webhook, name="webhook")]
