from django.apps import AppConfig


class TailoredConfig(AppConfig):
    name = "tests.django.tailored"
    label = "tailored"
