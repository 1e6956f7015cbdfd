"""Creates all tables. The template's model may be one of the project's own, if the setting says so."""

import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import heliograph.django.models.messages
import heliograph.domain.ids
from heliograph.django import conf


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(conf.template_model()),
    ]

    operations = [
        migrations.CreateModel(
            name="OutputSMSMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "uid",
                    models.CharField(default=heliograph.domain.ids.new_id, editable=False, max_length=32, unique=True),
                ),
                ("sent_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("recipient", models.CharField(db_index=True, max_length=20)),
                ("sender", models.CharField(blank=True, max_length=20, null=True)),
                ("content", models.TextField(max_length=700)),
                ("template_slug", models.SlugField(blank=True, editable=False, max_length=100, null=True)),
                (
                    "state",
                    models.IntegerField(
                        choices=[
                            (1, "waiting"),
                            (2, "unknown"),
                            (3, "sending"),
                            (4, "sent"),
                            (5, "refused or not delivered"),
                            (6, "debug"),
                            (7, "delivered"),
                            (8, "error"),
                            (9, "error, to be tried again"),
                        ],
                        default=1,
                        editable=False,
                    ),
                ),
                ("backend", models.CharField(blank=True, editable=False, max_length=250, null=True)),
                ("backend_name", models.CharField(editable=False, max_length=100)),
                ("provider_ref", models.CharField(blank=True, editable=False, max_length=255, null=True)),
                ("poll", models.CharField(blank=True, editable=False, max_length=255, null=True)),
                ("error", models.TextField(blank=True, editable=False, null=True)),
                (
                    "extra_data",
                    models.JSONField(
                        blank=True, editable=False, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True
                    ),
                ),
                (
                    "extra_sender_data",
                    models.JSONField(
                        blank=True, editable=False, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True
                    ),
                ),
                ("tag", models.SlugField(blank=True, editable=False, null=True)),
                ("number_of_send_attempts", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "priority",
                    models.PositiveSmallIntegerField(default=heliograph.django.models.messages.default_priority),
                ),
                ("next_attempt_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("parts", models.PositiveSmallIntegerField(blank=True, editable=False, null=True)),
                ("claim", models.CharField(blank=True, editable=False, max_length=32, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "output SMS",
                "verbose_name_plural": "output SMS",
                "ordering": ("-created_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="EarlySMSReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("backend_name", models.CharField(max_length=100)),
                ("provider_ref", models.CharField(max_length=255)),
                (
                    "state",
                    models.IntegerField(
                        choices=[
                            (1, "waiting"),
                            (2, "unknown"),
                            (3, "sending"),
                            (4, "sent"),
                            (5, "refused or not delivered"),
                            (6, "debug"),
                            (7, "delivered"),
                            (8, "error"),
                            (9, "error, to be tried again"),
                        ]
                    ),
                ),
                ("code", models.CharField(max_length=100, null=True)),
                ("detail", models.TextField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["backend_name", "provider_ref"], name="heliograph_early")],
            },
        ),
        migrations.CreateModel(
            name="InboundSMSMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("sender", models.CharField(db_index=True, max_length=20)),
                ("recipient", models.CharField(db_index=True, max_length=20)),
                ("content", models.TextField(blank=True)),
                ("is_binary", models.BooleanField(default=False)),
                ("udh", models.TextField(blank=True, default="")),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("backend_name", models.CharField(max_length=100)),
                ("provider_ref", models.CharField(blank=True, max_length=255, null=True)),
                (
                    "answers",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="answered_by",
                        to="heliograph.outputsmsmessage",
                    ),
                ),
            ],
            options={
                "verbose_name": "inbound SMS",
                "verbose_name_plural": "inbound SMS",
                "ordering": ("-created_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="OutputSMSRelatedObject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("object_id", models.TextField()),
                ("object_id_int", models.BigIntegerField(blank=True, null=True)),
                (
                    "content_type",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"),
                ),
                (
                    "output_sms_message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="related_objects",
                        to="heliograph.outputsmsmessage",
                    ),
                ),
            ],
            options={
                "verbose_name": "related object of an SMS",
                "verbose_name_plural": "related objects of SMS",
                "ordering": ("-created_at", "-pk"),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SMSOptOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("recipient", models.CharField(max_length=20, unique=True)),
                (
                    "inbound",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="heliograph.inboundsmsmessage",
                    ),
                ),
            ],
            options={
                "verbose_name": "opt-out",
                "ordering": ("-created_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="SMSTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("slug", models.SlugField(max_length=100)),
                ("locale", models.CharField(blank=True, default="", max_length=10)),
                ("body", models.TextField()),
                ("sender_name", models.CharField(blank=True, default="", max_length=20)),
                ("is_active", models.BooleanField(default=True)),
                ("is_locked", models.BooleanField(default=False)),
                ("is_allowed_duplicate_messages", models.BooleanField(default=True, verbose_name="duplicates allowed")),
            ],
            options={
                "verbose_name": "SMS template",
                "verbose_name_plural": "SMS templates",
                "ordering": ("slug", "locale"),
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("slug", "locale"), name="heliograph_smstemplate_slug_and_locale")
                ],
            },
        ),
        migrations.AddField(
            model_name="outputsmsmessage",
            name="template",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="output_sms_messages",
                to=conf.template_model(),
            ),
        ),
        migrations.CreateModel(
            name="SMSTemplateDisallowedObject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("object_id", models.TextField()),
                ("object_id_int", models.BigIntegerField(blank=True, null=True)),
                (
                    "content_type",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="disallowed_objects",
                        to=conf.template_model(),
                    ),
                ),
            ],
            options={
                "verbose_name": "object without SMS",
                "verbose_name_plural": "objects without SMS",
                "ordering": ("-created_at", "-pk"),
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="inboundsmsmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("provider_ref__isnull", False)),
                fields=("backend_name", "provider_ref"),
                name="heliograph_inbound_once",
            ),
        ),
        migrations.AddIndex(
            model_name="outputsmsrelatedobject",
            index=models.Index(fields=["content_type", "object_id_int"], name="heliograph_related_int"),
        ),
        migrations.AddIndex(
            model_name="outputsmsrelatedobject",
            index=models.Index(fields=["content_type", "object_id"], name="heliograph_related"),
        ),
        migrations.AddIndex(
            model_name="outputsmsmessage",
            index=models.Index(fields=["state", "priority", "created_at"], name="heliograph_queue"),
        ),
        migrations.AddIndex(
            model_name="outputsmsmessage",
            index=models.Index(fields=["backend_name", "provider_ref"], name="heliograph_provider_ref"),
        ),
        migrations.AddIndex(
            model_name="outputsmsmessage",
            index=models.Index(fields=["created_at"], name="heliograph_newest"),
        ),
        migrations.AddIndex(
            model_name="outputsmsmessage",
            index=models.Index(fields=["claim"], name="heliograph_claim"),
        ),
    ]
