from courier.common import *  # noqa: F403
from courier.common import DJANGO_APPS

INSTALLED_APPS = [*DJANGO_APPS, "heliograph.django", "heliograph.django.pymess", "deliveries"]
HELIOGRAPH = {"PRICES": {"CZ": 0.05, "default": 0.1, "currency": "EUR"}}
