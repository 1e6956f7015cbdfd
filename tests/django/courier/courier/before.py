from courier.common import *  # noqa: F403
from courier.common import DJANGO_APPS

INSTALLED_APPS = [*DJANGO_APPS, "pymess", "deliveries"]
