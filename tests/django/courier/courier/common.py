"""What stays as it is."""

import json
import os

SECRET_KEY = "of-a-test"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "courier.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": json.loads(os.environ["COURIER_DATABASE"])}
STATIC_URL = "/static/"
DJANGO_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

PYMESS_SMS_BACKENDS = {
    "default": {"backend": "pymess.backend.sms.dummy.DummySMSBackend"},
    "operator": {"backend": "deliveries.backends.Operator"},
    "board": {"backend": "deliveries.backends.Board", "config": {"colour": "red"}},
}
PYMESS_SMS_BACKEND_ROUTER = "deliveries.backends.Router"
PYMESS_SMS_DEFAULT_PHONE_CODE = "+420"
PYMESS_SMS_BATCH_SENDING = bool(os.environ.get("COURIER_BATCH"))
