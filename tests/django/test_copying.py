"""Tables of older pymess: what their columns were called, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from tests.django.shop.models import Parcel

from heliograph.django import send
from heliograph.django.models import OutputSMSMessage, OutputSMSRelatedObject, SMSTemplate
from heliograph.django.states import SMSState

pytestmark = pytest.mark.usefixtures("database")

WHEN = datetime(2018, 6, 30, 12, 0, tzinfo=UTC)
#: The tables of 0.1.7: the template's key is its slug, and JSON is text.
TABLES = {
    "pymess_smstemplate": "slug varchar(100) primary key, body text, created_at {when}, changed_at {when}",
    "pymess_outputsmsmessage": (
        "id integer primary key, created_at {when}, changed_at {when}, sent_at {when}, sender varchar(20), "
        "recipient varchar(20), content text, template_slug varchar(100), template_id varchar(100), state integer, "
        "backend varchar(250), error text, extra_data text, extra_sender_data text, tag varchar(50)"
    ),
    "pymess_outputsmsrelatedobject": (
        "id integer primary key, created_at {when}, changed_at {when}, output_sms_message_id integer, "
        "content_type_id integer, object_id text, object_id_int integer"
    ),
}


def insert(table: str, **values: Any) -> None:
    names, places = ", ".join(values), ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(values.values()))


@pytest.fixture
def tables(database: str) -> Iterator[None]:
    when = "datetime" if database == "sqlite" else "timestamp with time zone"
    with connection.cursor() as cursor:
        for name, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE {name} ({columns.format(when=when)})")
    yield
    with connection.cursor() as cursor:
        for name in TABLES:
            cursor.execute(f"DROP TABLE {name}")


def message(key: int, **changed: Any) -> None:
    usual = {
        "id": key,
        "created_at": WHEN,
        "changed_at": WHEN,
        "recipient": "+420777111222",
        "content": f"Message {key}",
        "state": 7,
        "backend": "pymess.backend.sms.ats_sms_operator.ATSSMSBackend",
        "extra_data": '{"campaign": "spring"}',
        "extra_sender_data": '{"prefix": "shop", "sender_state": 0}',
        "tag": "",
    }
    insert("pymess_outputsmsmessage", **(usual | changed))


def copy() -> str:
    told = StringIO()
    call_command("heliograph_copy_pymess", stdout=told)
    return told.getvalue()


def test_rows_of_the_first_line_are_taken_over_with_their_keys(settings: Any, tables: None) -> None:
    settings.PYMESS_SMS_SENDER_BACKEND = "pymess.backend.sms.ats_sms_operator.ATSSMSBackend"
    parcel = Parcel.objects.create(name="A")
    parcels = ContentType.objects.get_for_model(Parcel).pk
    insert("pymess_smstemplate", slug="hello", body="Ahoj", created_at=WHEN, changed_at=WHEN)
    message(11, template_id="hello", template_slug="hello")
    message(12, state=3)
    message(13, state=5, error="No keyword")
    insert(
        "pymess_outputsmsrelatedobject",
        id=4,
        created_at=WHEN,
        changed_at=WHEN,
        output_sms_message_id=11,
        content_type_id=parcels,
        object_id=str(parcel.pk),
    )

    copy()

    delivered, sending, failed = OutputSMSMessage.objects.order_by("pk")
    assert (delivered.pk, delivered.created_at, delivered.state) == (11, WHEN, SMSState.DELIVERED)
    assert (delivered.template, delivered.extra_data, delivered.tag) == (
        SMSTemplate.objects.get(slug="hello"),
        {"campaign": "spring"},
        None,
    )
    assert (delivered.backend_name, delivered.backend) == (
        "default",
        "heliograph.django.backends.ats_sms_operator.ATSSMSBackend",
    )
    assert (sending.provider_ref, sending.poll) == ("shop-12", "shop-12")
    assert (failed.failed, failed.error) == (True, "No keyword")
    assert list(OutputSMSMessage.objects.filter_related_object(parcel)) == [delivered]
    assert OutputSMSRelatedObject.objects.get().object_id_int == parcel.pk
    assert SMSTemplate.objects.get().created_at == WHEN
    assert send("+420777111222", "The next", message_backend="default").pk > 13


def test_an_interrupted_copy_goes_on_where_it_was(tables: None) -> None:
    for key in range(1, 4):
        message(key)
    copy()
    message(4)
    before = OutputSMSMessage.objects.get(pk=1)
    before.change_and_save(tag="changed-since")

    assert "pymess_outputsmsmessage: 1 copied" in copy()

    before.refresh_from_db()
    assert (before.tag, OutputSMSMessage.objects.count()) == ("changed-since", 4)


def test_keys_that_are_taken_end_the_copy_with_a_reason(tables: None) -> None:
    taken = send("+420777111222", "Ours")
    message(taken.pk)

    with pytest.raises(CommandError, match=f"heliograph.OutputSMSMessage {taken.pk} is another one here"):
        copy()

    assert OutputSMSMessage.objects.get().content == "Ours"


def test_a_dry_run_only_counts(tables: None) -> None:
    message(1)
    told = StringIO()

    call_command("heliograph_copy_pymess", dry_run=True, stdout=told)

    assert "pymess_outputsmsmessage: 1" in told.getvalue()
    assert not OutputSMSMessage.objects.exists()


def test_without_their_tables_the_command_says_so() -> None:
    with pytest.raises(CommandError, match="no tables of pymess"):
        copy()
