"""Batches, retries, claims, checks and idle messages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from tests.django.conftest import PIGEON
from tests.django.shop.backends import Pigeon
from tests.django.shop.models import Parcel
from tests.patience import HANG_S

from heliograph.django import send, send_many, send_template
from heliograph.django.checking import settle_idle
from heliograph.django.models import OutputSMSMessage, SMSTemplate
from heliograph.django.publishing import LEASE, LEFT, NOT_AGAIN, TOO_OLD, free_left_claims, publish
from heliograph.django.states import SMSState

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def batches(by_pigeon: Any) -> Any:
    by_pigeon.HELIOGRAPH = by_pigeon.HELIOGRAPH | {"BATCH_SENDING": True}
    return by_pigeon


def run(command: str, *arguments: Any, **options: Any) -> str:
    told = StringIO()
    call_command(command, *arguments, stdout=told, **options)
    return told.getvalue()


def make_due() -> None:
    OutputSMSMessage.objects.update(next_attempt_at=timezone.now())


def test_with_batch_sending_messages_wait_for_the_command_the_urgent_first(batches: Any) -> None:
    send("+420777111222", "Late", priority=3)
    send("+420777111222", "Later")
    send("+420777111222", "Urgent", priority=1)
    send("+420777111222", "Now", send_immediately=True)
    assert Pigeon.flown == ["Now"]

    told = run("send_messages_batch", type="sms", limit=2)

    assert Pigeon.flown == ["Now", "Urgent", "Late"]
    assert told.startswith("sent messages: 2 (")
    assert "failed messages: 0" in told


def test_the_command_is_refused_where_nothing_waits_for_it(by_pigeon: Any) -> None:
    with pytest.raises(CommandError, match="turned off"):
        run("send_messages_batch")
    with pytest.raises(CommandError, match="no email"):
        run("heliograph_send", type="email")


def test_a_passing_failure_is_tried_again_later_each_time_and_then_final(batches: Any) -> None:
    message = send("+420777111222", "In a storm")
    waits = []

    for attempt in range(1, 5):
        make_due()
        run("send_messages_batch")
        message.refresh_from_db()
        assert message.number_of_send_attempts == attempt
        assert (message.failed, message.error) == (True, "No pigeon flies today.")
        if attempt < 4:
            assert message.state == SMSState.ERROR_RETRY
            waits.append(message.next_attempt_at - message.changed_at)

    assert message.state == SMSState.ERROR
    assert waits[0] < waits[1] < waits[2]
    assert run("send_messages_batch").startswith("sent messages: 0")


def test_what_is_not_due_yet_is_left_alone(batches: Any) -> None:
    message = send("+420777111222", "In a storm")
    run("send_messages_batch")
    OutputSMSMessage.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=1))

    run("send_messages_batch")

    message.refresh_from_db()
    assert message.number_of_send_attempts == 1


def test_without_retries_or_batches_a_failure_is_final(by_pigeon: Any) -> None:
    assert send("+420777111222", "In a storm").state == SMSState.ERROR
    by_pigeon.HELIOGRAPH = by_pigeon.HELIOGRAPH | {"BATCH_SENDING": True, "RETRY_SENDING": False}
    message = send("+420777111222", "In a storm")
    run("send_messages_batch")

    message.refresh_from_db()
    assert message.state == SMSState.ERROR


def test_what_is_too_old_or_was_tried_too_often_is_given_up(batches: Any) -> None:
    old, often = send("+420777111222", "Old"), send("+420777111222", "Often")
    OutputSMSMessage.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=2))
    OutputSMSMessage.objects.filter(pk=often.pk).update(number_of_send_attempts=4)

    told = run("send_messages_batch")

    assert "failed messages: 2" in told
    assert Pigeon.flown == []
    errors = dict(OutputSMSMessage.objects.values_list("content", "error"))
    assert errors == {"Old": TOO_OLD, "Often": NOT_AGAIN}


def test_the_projects_function_stops_the_command_between_messages(batches: Any, monkeypatch: Any) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("tests.django.shop.backends.is_shutting_down", lambda: bool(asked.append(True)) or True)
    batches.PYMESS_SHUTDOWN_DETECTION_FUNCTION = "tests.django.shop.backends.is_shutting_down"
    send_many([f"+42077711{place:04d}" for place in range(30)], "Hello")

    told = run("send_messages_batch", limit=30)

    assert asked
    assert "asked to stop" in told
    assert OutputSMSMessage.objects.filter(state=SMSState.WAITING).count() == 10


def by_two(work: Callable[[], None]) -> None:
    """Has it done twice at once, each time on a connection of its own."""

    def and_hang_up() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(and_hang_up) for _ in range(2)]:
            done.result(timeout=HANG_S)


def test_two_who_publish_the_same_message_send_it_once(batches: Any) -> None:
    messages = send_many([f"+42077711{place:04d}" for place in range(50)], "Hello")
    together = threading.Barrier(2, timeout=HANG_S)

    def publish_too() -> None:
        own = list(OutputSMSMessage.objects.all())
        together.wait()
        publish(own)

    by_two(publish_too)

    assert len(Pigeon.flown) == len(messages)
    assert not OutputSMSMessage.objects.exclude(state=SMSState.SENDING).exists()


def test_without_duplicates_two_who_send_at_once_send_once(by_pigeon: Any) -> None:
    SMSTemplate.objects.create(slug="hello", body="Hello", is_allowed_duplicate_messages=False)
    parcels = [Parcel.objects.create(name=name) for name in "ABCDEFGHIJ"]
    together = threading.Barrier(2, timeout=HANG_S)

    def send_too() -> None:
        for parcel in parcels:
            together.wait()
            send_template("+420777111222", "hello", {}, [parcel])

    by_two(send_too)

    assert len(Pigeon.flown) == len(parcels)
    assert OutputSMSMessage.objects.filter(state=SMSState.SENDING).count() == len(parcels)


def test_without_duplicates_who_sends_for_another_object_does_not_wait(by_pigeon: Any) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("this database has one writer")
    SMSTemplate.objects.create(slug="hello", body="Hello", is_allowed_duplicate_messages=False)
    first, second = Parcel.objects.create(name="A"), Parcel.objects.create(name="B")

    def send_for_the_other() -> None:
        send_template("+420777111222", "hello", {}, [second])
        connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        send_template("+420777111222", "hello", {}, [first])
        pool.submit(send_for_the_other).result(timeout=HANG_S)
        assert len(Pigeon.flown) == 1

    assert len(Pigeon.flown) == 2


def test_what_a_dead_process_left_is_not_sent_twice(batches: Any) -> None:
    message = send("+420777111222", "Hello")
    OutputSMSMessage.objects.update(claim="dead", claimed_at=timezone.now() - LEASE + timedelta(minutes=1))
    run("send_messages_batch")
    assert Pigeon.flown == []
    OutputSMSMessage.objects.update(claimed_at=timezone.now() - LEASE)

    run("send_messages_batch")

    message.refresh_from_db()
    assert (message.state, message.error, Pigeon.flown) == (SMSState.UNKNOWN, LEFT, [])


def test_what_a_dead_process_left_is_sent_where_that_is_harmless(batches: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Pigeon, "takes_each_once", True)
    message = send("+420777111222", "Hello")
    OutputSMSMessage.objects.update(claim="dead", claimed_at=timezone.now() - LEASE)

    assert free_left_claims() == 1
    run("send_messages_batch")

    message.refresh_from_db()
    assert (message.state, Pigeon.flown) == (SMSState.SENDING, ["Hello"])


KILLED_WHILE = """
import json, os, signal, sys
import django
from django.conf import settings
from tests.django.shop import settings as shop

fields = {name: value for name, value in vars(shop).items() if name.isupper()}
fields |= {"DATABASES": {"default": json.loads(sys.argv[1])}}
fields |= {"HELIOGRAPH": {"BACKENDS": {"default": {"backend": "tests.django.shop.backends.Pigeon"}}}}
settings.configure(**fields)
django.setup()

from django.db import transaction
from tests.django.shop.backends import Pigeon
from heliograph.django import send

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

Pigeon.publish_message = die
with transaction.atomic():
    if sys.argv[2] == "before sending":
        transaction.on_commit(die)
    send("+420777111222", "Hello")
"""


@pytest.mark.parametrize("moment", ["before sending", "sending"])
def test_a_process_that_is_killed_loses_nothing_and_nothing_is_sent_twice(by_pigeon: Any, moment: str) -> None:
    told = connection.settings_dict
    database = json.dumps({name: told[name] for name in ("ENGINE", "NAME", "USER", "HOST", "PASSWORD")}, default=str)
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE, database, moment], cwd=root, timeout=HANG_S)
    assert killed.returncode == -signal.SIGKILL
    message = OutputSMSMessage.objects.get()
    assert message.state == SMSState.WAITING

    run("check_sms_delivery")
    message.refresh_from_db()
    assert (message.state, Pigeon.flown) == (SMSState.WAITING, [])  # the process may live, for all anybody knows
    OutputSMSMessage.objects.update(created_at=timezone.now() - LEASE, claimed_at=timezone.now() - LEASE)
    run("check_sms_delivery")
    run("check_sms_delivery")

    message.refresh_from_db()
    if moment == "before sending":
        assert (message.state, Pigeon.flown) == (SMSState.DELIVERED, ["Hello"])
    else:
        assert (message.state, Pigeon.flown) == (SMSState.UNKNOWN, [])


# -- checks


def test_a_check_asks_the_backend_that_sent_with_its_configuration(settings: Any) -> None:
    dummy = {"backend": "heliograph.django.backends.dummy.DummySMSBackend"}
    settings.HELIOGRAPH = {"BACKENDS": {"default": dummy, "air": PIGEON}}
    message = send("+420777111222", "Hello", message_backend="air")
    assert message.state == SMSState.SENDING

    told = run("check_sms_delivery")

    message.refresh_from_db()
    assert (message.state, message.extra_sender_data) == (SMSState.DELIVERED, {"by": "air"})
    assert told.strip() == "on their way: 1, settled: 1, idle: 0"


def test_a_backend_of_the_seeds_kind_sends_in_batches_and_checks_for_itself(settings: Any) -> None:
    settings.PYMESS_SMS_SENDER_BACKEND = "tests.django.shop.backends.Seed"
    messages = send_many(["+420777111222", "+420777111223"], "Hello")
    assert {message.state for message in messages} == {SMSState.SENDING}
    assert messages[0].extra_sender_data == {"seed": True}

    run("check_sms_delivery")

    assert {message.state for message in OutputSMSMessage.objects.all()} == {SMSState.DELIVERED}


def test_what_a_backend_of_either_line_overrides_is_in_force(settings: Any) -> None:
    old = {"backend": "tests.django.shop.backends.Old"}
    settings.HELIOGRAPH = {"BACKENDS": {"default": old}, "BATCH_SENDING": True, "RETRY_SENDING": False}
    kept = send("+420777111220", "Hello")
    message, failing = send("+420777111222", "Hello"), send("+420777111222", "Fail")
    states = []

    for _ in range(2):
        run("send_messages_batch")
        make_due()
        failing.refresh_from_db()
        states.append(failing.state)
    run("check_sms_delivery")

    message.refresh_from_db()
    assert kept.state == SMSState.DEBUG
    assert message.state == SMSState.DELIVERED
    assert states == [SMSState.ERROR_RETRY, SMSState.ERROR]
    OutputSMSMessage.objects.filter(pk=failing.pk).update(state=SMSState.WAITING, next_attempt_at=None)
    run("send_messages_batch")
    failing.refresh_from_db()
    assert (failing.number_of_send_attempts, failing.error) == (2, NOT_AGAIN)


def test_a_backend_that_can_not_be_asked_is_passed_over(by_pigeon: Any, monkeypatch: Any) -> None:
    monkeypatch.delattr(Pigeon, "update_sms_states")
    send("+420777111222", "Hello")

    assert run("heliograph_check").startswith("on their way: 1, settled: 0")


def test_a_backend_that_is_gone_or_fails_keeps_no_other_from_being_asked(by_pigeon: Any, monkeypatch: Any) -> None:
    by_pigeon.HELIOGRAPH = {"BACKENDS": {"default": PIGEON, "second": PIGEON, "gone": PIGEON}}
    for name in ("default", "second", "gone"):
        send("+420777111222", name, message_backend=name)
    by_pigeon.HELIOGRAPH = {
        "BACKENDS": {"default": {"backend": PIGEON["backend"]}, "second": PIGEON}  # the first lacks its config
    }

    with pytest.raises(CommandError, match="default: 'by'; There is no SMS backend 'gone'"):
        run("check_sms_delivery")

    states = dict(OutputSMSMessage.objects.values_list("content", "state"))
    assert states == {"default": SMSState.SENDING, "second": SMSState.DELIVERED, "gone": SMSState.SENDING}


def test_idle_messages_are_logged_and_become_errors_as_the_settings_say(
    by_pigeon: Any, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(Pigeon, "update_sms_states", lambda self, messages: None)
    message, fresh = send("+420777111222", "Old"), send("+420777111222", "Fresh")
    OutputSMSMessage.objects.filter(pk=message.pk).update(sent_at=timezone.now() - timedelta(minutes=11))
    by_pigeon.PYMESS_SMS_SET_ERROR_TO_IDLE_MESSAGES = False
    run("check_sms_delivery")
    message.refresh_from_db()
    assert message.state == SMSState.SENDING
    assert '1 output SMS are more than 10 minutes in the state "sending"' in caplog.text

    del by_pigeon.PYMESS_SMS_SET_ERROR_TO_IDLE_MESSAGES
    assert run("check_sms_delivery").strip().endswith("idle: 1")

    message.refresh_from_db()
    fresh.refresh_from_db()
    assert (message.state, message.error, fresh.state) == (SMSState.ERROR, "timeouted", SMSState.SENDING)


def test_an_idle_message_is_held_while_it_is_settled(by_pigeon: Any, monkeypatch: Any) -> None:
    """Or a receipt that comes between the look and the write would be lost."""
    if not connection.features.has_select_for_update_nowait:
        pytest.skip("this database locks all rows at once")
    message = send("+420777111222", "Old")
    OutputSMSMessage.objects.update(sent_at=timezone.now() - timedelta(minutes=11))
    store, refused = OutputSMSMessage.objects.store_changes, []

    def receipt() -> None:
        try:
            with transaction.atomic():
                OutputSMSMessage.objects.select_for_update(nowait=True).get(pk=message.pk)
        except OperationalError as error:
            refused.append(error)
        connection.close()

    def store_while_a_receipt_comes(*arguments: Any) -> None:
        thread = threading.Thread(target=receipt)
        thread.start()
        thread.join(timeout=HANG_S)
        store(*arguments)

    monkeypatch.setattr(OutputSMSMessage.objects, "store_changes", store_while_a_receipt_comes)

    assert settle_idle() == 1

    assert len(refused) == 1


def test_what_was_left_by_a_backend_that_can_not_be_used_any_more_is_unknown(batches: Any) -> None:
    message = send("+420777111222", "Hello")
    OutputSMSMessage.objects.update(claim="dead", claimed_at=timezone.now() - LEASE)
    wrong = {"backend": "heliograph.django.backends.ats_sms_operator.ATSSMSBackend", "config": {}}
    batches.HELIOGRAPH = batches.HELIOGRAPH | {"BACKENDS": {"default": wrong}}

    assert free_left_claims() == 1

    message.refresh_from_db()
    assert (message.state, message.claim) == (SMSState.UNKNOWN, None)
