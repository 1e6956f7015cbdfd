"""Copies the tables of pymess, of whichever version, into ours.

Keys stay, so that whatever points at a message still does. A chunk is a transaction, and rows that have been copied
before are passed over: an interrupted copy goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.apps import apps as project
from django.apps.registry import Apps
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connections, models, transaction

from heliograph.django import conf
from heliograph.django.models import OutputSMSMessage, OutputSMSRelatedObject, SMSTemplate, SMSTemplateDisallowedObject
from heliograph.django.models.messages import CHUNK
from heliograph.django.models.related import Related
from heliograph.django.sending import parts_of
from heliograph.django.states import SMSState

Row = Mapping[str, Any]
Say = Callable[[str, int, int], None]
"""Called with a table, how many of its rows are done, and how many there are."""

_TEMPLATES, _MESSAGES = "pymess_smstemplate", "pymess_outputsmsmessage"
_RELATED, _DISALLOWED = "pymess_outputsmsrelatedobject", "pymess_smstemplatedisallowedobject"
_WHEN = "id created_at changed_at "
#: All columns that we take, in any version.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    table: tuple((_WHEN + columns).split())
    for table, columns in {
        _TEMPLATES: "slug locale body sender_name is_active is_locked is_allowed_duplicate_messages",
        _MESSAGES: "sent_at recipient sender content template_id template_slug state backend error extra_data "
        "extra_sender_data tag number_of_send_attempts priority",
        _RELATED: "output_sms_message_id content_type_id object_id",
        _DISALLOWED: "template_id content_type_id object_id",
    }.items()
}
_KINDS: Mapping[type[models.Field], frozenset[str]] = {
    models.DateTimeField: frozenset({"created_at", "changed_at", "sent_at"}),
    models.BooleanField: frozenset({"is_active", "is_locked", "is_allowed_duplicate_messages"}),
    models.BigIntegerField: frozenset(
        {"id", "state", "number_of_send_attempts", "priority", "output_sms_message_id", "content_type_id"}
    ),
}
"""The columns of each type of field; all others are text."""


class AlreadyUsed(Exception):
    """A key in a table of pymess is that of another row of ours."""


class Tables:
    def __init__(self, using: str) -> None:
        """Find pymess's tables in the database with the alias `using`, and describe those that exist."""
        self._using = using
        self._connection = connections[using]
        with self._connection.cursor() as cursor:
            introspection = self._connection.introspection
            there = set(introspection.table_names(cursor))
            columns = {
                table: {column.name for column in introspection.get_table_description(cursor, table)}
                for table in _COLUMNS
                if table in there
            }
        apps = Apps()  # of its own, so that nobody else sees these models
        self._theirs = {table: _model_of(table, columns[table], apps) for table in columns}
        self._backend_names = {entry.path: name for name, entry in reversed(conf.backends().items())}
        self._template_keys: dict[Any, Any] = {}

    @property
    def are_there(self) -> bool:
        return _MESSAGES in self._theirs

    def counts(self) -> dict[str, int]:
        """Count the rows of each table that exists."""
        return {table: self._rows(table).count() for table in self._theirs}

    def copy(self, say: Say) -> dict[str, int]:
        """Copy all tables, and return how many rows of each were new.

        Raises AlreadyUsed, and leaves what was copied before.
        """
        steps: Mapping[str, tuple[Any, Callable[[Row], models.Model]]] = {
            _TEMPLATES: (project.get_model(conf.template_model()), self._template),
            _MESSAGES: (OutputSMSMessage, self._message),
            _RELATED: (OutputSMSRelatedObject, self._related),
            _DISALLOWED: (SMSTemplateDisallowedObject, self._disallowed),
        }
        copied = {}
        for table, (model, ours) in steps.items():
            # Templates of a model of the project's own are where they were.
            if table in self._theirs and (table != _TEMPLATES or model is SMSTemplate):
                copied[table] = self._copy(table, model, ours, say)
            if table == _TEMPLATES:
                self._learn_templates(model)
        self._reset_sequences([model for model, _ in steps.values()])
        return copied

    def _rows(self, table: str) -> models.QuerySet:
        return self._theirs[table]._base_manager.using(self._using).order_by("pk").values()

    def _copy(self, table: str, model: Any, ours: Callable[[Row], models.Model], say: Say) -> int:
        total, done, new = self._rows(table).count(), 0, 0
        manager = model._base_manager.using(self._using)
        for chunk in self._chunks(table):
            rows = [ours(row) for row in chunk]
            with transaction.atomic(using=self._using):
                known = dict(manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", "created_at"))
                for row in rows:
                    if row.pk in known and known[row.pk] != row.created_at:
                        label = model._meta.label
                        raise AlreadyUsed(f"{label} {row.pk} is another one here: copy before anything is sent.")
                created = manager.bulk_create([row for row in rows if row.pk not in known])
            done, new = done + len(chunk), new + len(created)
            say(table, done, total)
        return new

    def _chunks(self, table: str) -> Iterator[list[Row]]:
        rows, key = self._rows(table), self._theirs[table]._meta.pk.name
        chunk = list(rows[:CHUNK])
        while chunk:
            yield chunk
            chunk = list(rows.filter(pk__gt=chunk[-1][key])[:CHUNK])

    # -- from a row of theirs to one of ours

    def _template(self, row: Row) -> models.Model:
        fields = {name: value for name, value in row.items() if value is not None}
        if "id" in row:
            return SMSTemplate(**fields)
        # In the versions whose key is the slug.
        known = SMSTemplate.objects.using(self._using).filter(slug=row["slug"], locale="").first()
        return SMSTemplate(pk=None if known is None else known.pk, **fields)

    def _learn_templates(self, model: Any) -> None:
        """Note which template of ours a message's `template_id` means.

        It is a key, which is the same in both, or in some versions a slug.
        """
        for template in model._base_manager.using(self._using).order_by("pk"):
            self._template_keys.setdefault(template.slug, template.pk)
            self._template_keys[str(template.pk)] = template.pk

    def _message(self, row: Row) -> models.Model:
        fields = dict(row)
        sent_with = _read(row.get("extra_sender_data"))
        theirs = row.get("backend")
        path = conf.our_path(theirs) if theirs else None
        fields["state"] = row["state"] if row["state"] in set(SMSState) else SMSState.UNKNOWN
        if fields["state"] == SMSState.SENDING:
            # What both gateways that can be asked have it under (reference: pymess.md, section 8; providers.md, C).
            prefix = sent_with.get("prefix", "") if isinstance(sent_with, dict) else ""
            fields["provider_ref"] = fields["poll"] = f"{prefix}-{row['id']}"
        return OutputSMSMessage(
            **fields
            | {
                "uid": str(row["id"]),
                "template_id": self._template_keys.get(str(row.get("template_id"))),
                "tag": row.get("tag") or None,
                "backend": path,
                "backend_name": self._backend_names.get(path or "", conf.get("DEFAULT_BACKEND")),
                "extra_data": _read(row.get("extra_data")),
                "extra_sender_data": sent_with,
                "parts": parts_of(row["content"]),
            }
        )

    def _related(self, row: Row) -> models.Model:
        return OutputSMSRelatedObject(**row, object_id_int=self._integer_key(row))

    def _disallowed(self, row: Row) -> models.Model:
        fields = dict(row) | {"template_id": self._template_keys.get(str(row.get("template_id")))}
        return SMSTemplateDisallowedObject(**fields, object_id_int=self._integer_key(row))

    def _integer_key(self, row: Row) -> int | None:
        model = ContentType.objects.db_manager(self._using).get_for_id(row["content_type_id"]).model_class()
        return int(row["object_id"]) if model is not None and Related.of(model).integer_key else None

    def _reset_sequences(self, ours: list[Any]) -> None:
        """Make the next key of each table follow the highest one there is."""
        with self._connection.cursor() as cursor:
            for statement in self._connection.ops.sequence_reset_sql(no_style(), ours):
                cursor.execute(statement)


def _model_of(table: str, columns: set[str], apps: Apps) -> Any:
    """Build a model of a table of pymess, with those of its columns that we copy."""
    meta = type("Meta", (), {"managed": False, "db_table": table, "apps": apps, "app_label": "pymess"})
    key = "id" if "id" in columns else "slug"
    fields = {column: _field(column, column == key) for column in _COLUMNS[table] if column in columns}
    name = table.title().replace("_", "")
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


def _field(column: str, is_key: bool) -> models.Field:
    kind = next((kind for kind, columns in _KINDS.items() if column in columns), models.TextField)
    return kind(primary_key=is_key, null=not is_key)


def _read(value: Any) -> Any:
    """Decode JSON, if the column has it as a text; anything else is returned as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
