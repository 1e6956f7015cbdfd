"""What a test asks of the sandbox's phones: what came since the test began, and never what came before."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from heliograph.api import wire
from heliograph.domain.errors import WaitTimedOut
from heliograph.sdk import Client

WAIT_S = 10.0
"""How long a test waits for a message unless it says otherwise, in seconds."""
_LOOKS_S = 0.05
"""How often all phones are looked at while it is not said on which one a code will come, in seconds."""


class Sms:
    """The sandbox of a test suite."""

    def __init__(self, client: Client, url: str, token: str, protocols: Mapping[str, Mapping[str, str]]) -> None:
        self.client = client
        """The SDK's client of the sandbox, for all else: `sms.client.messages.list()`, `sms.client.sandbox`."""
        self.url = url
        self.token = token
        self.protocols = protocols
        """The addresses and credentials for clients of other APIs, by protocol: `sms.protocols["twilio"]`."""
        self._taken: set[str] = set()
        self._before = ""

    def clear(self) -> None:
        """Empty all phones, and begin anew: what was sent until now is not seen any more, also if it comes later."""
        newest = next(self.client.messages.list(page_size=1), None)
        self._before = self._before if newest is None else newest.id
        self._taken.clear()
        self.client.sandbox.clear()

    def inbox(self, number: str) -> Inbox:
        """Look at one phone, by its number in international form."""
        return Inbox(self, number)

    def read_code(self, number: str | None = None, *, timeout_s: float = WAIT_S) -> str:
        """Return the one-time code that came last, on this phone or on any; each code once.

        A code of an earlier test is never returned, nor one that was returned before: the next is waited for. Raises
        WaitTimedOut after `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        if number is not None:
            return self._code_on(number, deadline)
        while True:
            for phone in self.client.sandbox.phones():
                if phone.latest.id not in self._taken:
                    try:
                        return self._code_on(phone.number, 0.0)
                    except WaitTimedOut:
                        continue
            if time.monotonic() >= deadline:
                raise WaitTimedOut(f"No phone has got a new code within {timeout_s:g} s.")
            time.sleep(_LOOKS_S)

    def is_of_now(self, message: wire.PhoneMessage) -> bool:
        """Say whether a message was accepted after the last `clear`, and not taken yet."""
        return (message.message_id or message.id) > self._before and message.id not in self._taken

    def take(self, message: wire.PhoneMessage) -> None:
        """Note that a message was returned, and is not to be again."""
        self._taken.add(message.id)

    def _code_on(self, number: str, deadline: float) -> str:
        after: str | None = ""
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            found = self.client.sandbox.find_code(number, after=after, timeout_s=left)
            if self.is_of_now(found.message):
                self.take(found.message)
                return found.code
            after = found.message.id


class Inbox:
    """One phone, as a test sees it."""

    def __init__(self, sms: Sms, number: str) -> None:
        self.number = number
        self._sms = sms
        self._phone = sms.client.sandbox

    def __iter__(self) -> Iterator[wire.PhoneMessage]:
        """Iterate over what the phone has received since the test began, the oldest first."""
        shown = self._phone.messages(self.number)
        return (each for each in shown if each.direction == "received" and self._sms.is_of_now(each))

    def wait_for(self, *, contains: str | None = None, timeout_s: float = WAIT_S) -> wire.PhoneMessage:
        """Wait for the oldest message, with this in its text if it is said; each is returned once.

        Raises WaitTimedOut after `timeout_s` seconds.
        """
        deadline, after = time.monotonic() + timeout_s, None
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            found = self._phone.wait_for_message(self.number, contains=contains, after=after, timeout_s=left)
            if self._sms.is_of_now(found):
                self._sms.take(found)
                return found
            after = found.id

    def read_code(self, *, timeout_s: float = WAIT_S) -> str:
        """Return the one-time code that came last; each code once. Raises WaitTimedOut after `timeout_s` seconds."""
        return self._sms.read_code(self.number, timeout_s=timeout_s)

    def reply(self, text: str, *, to: str) -> str:
        """Write from the phone to an originator, and return the inbound message's id."""
        return self._phone.reply(self.number, to=to, text=text)

    def texts(self) -> Sequence[str | None]:
        """List the texts that the phone has received since the test began and that were not waited for."""
        return [each.text for each in self]
