import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Wording",
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
                    models.UniqueConstraint(fields=("slug", "locale"), name="tailored_wording_slug_and_locale")
                ],
            },
        ),
    ]
