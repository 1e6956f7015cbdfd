"""What the shop's messages are about."""

from __future__ import annotations

from django.db import models


class Parcel(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Depot(models.Model):
    code = models.CharField(max_length=10, primary_key=True)

    def __str__(self) -> str:
        return self.code
