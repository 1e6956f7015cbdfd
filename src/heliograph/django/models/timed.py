"""The fields that all models have: when a row was made and last changed."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone


class Timed(models.Model):
    """A row that keeps when it was made and changed.

    Both are plain defaults, not set by Django at each save, so that rows that are copied keep theirs.
    """

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            self.changed_at = timezone.now()
            if options.get("update_fields") is not None:
                options["update_fields"] = {*options["update_fields"], "changed_at"}
        super().save(**options)
