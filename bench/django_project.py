"""A Django project that sends by a server: `python -m bench.django_project URL TOKEN COUNT FIRST DATABASE`.

Prints the seconds that `send_many` took, from its call to the commit of what the server made of it.
"""

from __future__ import annotations

import sys
from time import perf_counter


def main(url: str, token: str, count: int, first: int, database: str) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    backend = {
        "backend": "heliograph.django.backends.provider.ProviderSMSBackend",
        "config": {"type": "heliograph", "url": url, "token": token},
    }
    settings.configure(
        SECRET_KEY="of-a-benchmark",
        INSTALLED_APPS=["django.contrib.contenttypes", "heliograph.django"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        HELIOGRAPH={"BACKENDS": {"default": backend}},
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)

    from heliograph.django import send_many

    numbers = [f"+336{first + place:08d}" for place in range(count)]
    send_many(numbers[:10], "Warming up")
    started = perf_counter()
    messages = send_many(numbers, "Hello", sender="Bench")
    seconds = perf_counter() - started
    assert all(message.state == message.State.SENDING for message in messages)
    print(seconds)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
