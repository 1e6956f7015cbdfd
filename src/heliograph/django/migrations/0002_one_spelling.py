"""Writes opt-outs in one spelling each: as providers wrote them, some matched no recipient."""

from typing import Any

from django.db import migrations

from heliograph.django.recipients import read
from heliograph.numbers import InvalidNumber, normalise, with_plus


def respell(apps: Any, editor: Any) -> None:
    optouts = apps.get_model("heliograph", "SMSOptOut").objects.using(editor.connection.alias)
    there = set(optouts.values_list("recipient", flat=True))
    for optout in optouts.order_by("pk").iterator():
        try:
            wanted = f"+{normalise(with_plus(read(optout.recipient)))}"
        except InvalidNumber:
            continue  # it says no country, and neither does a recipient that it fits
        if wanted == optout.recipient:
            continue
        if wanted in there:
            optout.delete()
            continue
        there.add(wanted)
        optout.recipient = wanted
        optout.save(update_fields=["recipient"])


class Migration(migrations.Migration):
    dependencies = [("heliograph", "0001_initial")]

    operations = [migrations.RunPython(respell, migrations.RunPython.noop)]
