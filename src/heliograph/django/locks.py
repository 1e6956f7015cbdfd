"""Locks for those who would otherwise do the same at the same moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

from django.db import connections, router, transaction

from heliograph.django.models.messages import OutputSMSMessage


@contextmanager
def one_at_a_time(names: Iterable[str]) -> Iterator[None]:
    """Open a transaction that no other transaction with one of these names runs beside: whoever comes later waits.

    PostgreSQL locks names, so that those with other names go on. SQLite has one writer: whoever has waited for it sees
    what the one before has written.
    """
    using = router.db_for_write(OutputSMSMessage)
    with transaction.atomic(using=using):
        if connections[using].vendor == "postgresql":
            keys = sorted(_key(name) for name in names)  # in one order, or two might wait for each other
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])
        else:
            OutputSMSMessage.objects.filter(pk=0).update(claim=None)  # writes nothing, as a writer
        yield


def _key(name: str) -> int:
    return int.from_bytes(blake2b(f"heliograph {name}".encode(), digest_size=8).digest(), signed=True)
