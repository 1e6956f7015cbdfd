"""What messages are about, by generic relation, and objects about which templates are not sent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

from heliograph.django import conf
from heliograph.django.models.timed import Timed


class Related(NamedTuple):
    """How objects of a model are named in a generic relation."""

    content_type: ContentType
    integer_key: bool
    """Whether its key is a whole number: then `object_id_int` has it, too, and is what is searched."""

    @classmethod
    def of(cls, model: type[models.Model]) -> Related:
        key: Any = model._meta.pk
        while key.remote_field is not None:  # a key that is another model's
            key = key.target_field
        return cls(ContentType.objects.get_for_model(model), isinstance(key, models.IntegerField))


def fields_of(related_object: models.Model) -> dict[str, Any]:
    """Return the fields of a row that is about an object."""
    about = Related.of(type(related_object))
    key = related_object.pk
    return {
        "content_type": about.content_type,
        "object_id": str(key),
        "object_id_int": key if about.integer_key else None,
    }


def any_of(related_objects: Iterable[models.Model]) -> Q:
    """Return the condition for rows that are about one of these objects; without any, no row fits."""
    return reduce(or_, (Q(**fields_of(each)) for each in related_objects), Q(pk__in=[]))


class RelatedObjectManager(models.Manager):
    """The manager of rows about objects, which is also a message's `related_objects`."""

    def create_from_related_object(self, related_object: models.Model) -> Any:
        return self.create(**fields_of(related_object))

    def create_from_related_objects(self, *related_objects: models.Model) -> list[Any]:
        return [self.create_from_related_object(each) for each in related_objects]

    def get_or_create_from_related_object(self, related_object: models.Model) -> tuple[Any, bool]:
        """Get the row about an object, or create it; as Django's get_or_create."""
        return self.get_or_create(**fields_of(related_object))

    def get_or_create_from_related_objects(self, *related_objects: models.Model) -> list[tuple[Any, bool]]:
        return [self.get_or_create_from_related_object(each) for each in related_objects]

    def update_related_objects(
        self, *related_objects: models.Model, limit_to_model: type[models.Model] | None = None
    ) -> list[tuple[Any, bool]]:
        """Make the rows be about exactly these objects, and return each with whether it was new.

        With `limit_to_model`, rows about objects of other models stay, too.
        """
        others = self.exclude(any_of(related_objects))
        if limit_to_model is not None:
            others = others.filter(content_type=ContentType.objects.get_for_model(limit_to_model))
        others.delete()
        return self.get_or_create_from_related_objects(*related_objects)

    def get_related_objects_by_model(self, model: type[models.Model]) -> models.QuerySet:
        """Select the objects of one model that the rows are about."""
        about = Related.of(model)
        rows = self.filter(content_type=about.content_type)
        keys = rows.values("object_id_int") if about.integer_key else list(rows.values_list("object_id", flat=True))
        return model._default_manager.filter(pk__in=keys)

    def filter_from_related_objects(self, *related_objects: models.Model) -> models.QuerySet:
        """Select the rows that are about one of these objects."""
        return self.filter(any_of(related_objects))


class RelatedObject(Timed):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.TextField()
    object_id_int = models.BigIntegerField(null=True, blank=True)
    """The key again, if it is a whole number: a search by it uses an index that is small and quick."""
    content_object = GenericForeignKey("content_type", "object_id")

    objects = RelatedObjectManager()

    class Meta:
        abstract = True
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return str(self.content_object)


class OutputSMSRelatedObject(RelatedObject):
    output_sms_message = models.ForeignKey(
        "heliograph.OutputSMSMessage", on_delete=models.CASCADE, related_name="related_objects"
    )

    class Meta(RelatedObject.Meta):
        verbose_name = "related object of an SMS"
        verbose_name_plural = "related objects of SMS"
        indexes = (
            models.Index(fields=["content_type", "object_id_int"], name="heliograph_related_int"),
            models.Index(fields=["content_type", "object_id"], name="heliograph_related"),
        )


class SMSTemplateDisallowedObject(RelatedObject):
    """An object about which a template is not sent; without a template, none is."""

    template = models.ForeignKey(
        conf.template_model(), null=True, blank=True, on_delete=models.CASCADE, related_name="disallowed_objects"
    )

    class Meta(RelatedObject.Meta):
        verbose_name = "object without SMS"
        verbose_name_plural = "objects without SMS"
