"""A project whose templates are of a model of its own."""

import json
import os

from tests.django.shop.settings import *  # noqa: F403
from tests.django.shop.settings import INSTALLED_APPS as SHOP_APPS

INSTALLED_APPS = [*SHOP_APPS, "tests.django.tailored"]
HELIOGRAPH = {"TEMPLATE_MODEL": "tailored.Wording"}
DATABASES = {"default": json.loads(os.environ["TAILORED_DATABASE"])}
