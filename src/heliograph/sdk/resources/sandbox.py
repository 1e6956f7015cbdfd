"""The sandbox's phones."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sandbox.chaos import Chaos
from heliograph.sdk import calls
from heliograph.sdk.transport import SyncTransport


class Sandbox:
    """The sandbox's simulated phones, for test suites."""

    def __init__(self, transport: SyncTransport, read: dict[str, str]) -> None:
        """Use the transport; `read` has the message whose code was read last, by phone."""
        self._transport = transport
        self._read = read

    def phones(self) -> Sequence[wire.Phone]:
        """List the phones, recently used first."""
        return (self._transport.run(calls.get(wire.Phones, "sandbox", "phones"))).items

    def messages(
        self, number: str, *, limit: int = 100, after: str | None = None, parts: bool = False
    ) -> Sequence[wire.PhoneMessage]:
        """List the phone's newest messages, at most `limit`, the oldest of them first.

        With `parts`, `handset` of each has the parts as the phone got them.
        """
        page = self._transport.run(
            calls.get(
                wire.PhoneMessages,
                "sandbox",
                "phones",
                number,
                "messages",
                limit=limit,
                after=after,
                parts=True if parts else None,
            )
        )
        return page.items

    def wait_for_message(
        self, number: str, *, contains: str | None = None, after: str | None = None, timeout_s: float = 30.0
    ) -> wire.PhoneMessage:
        """Wait for the oldest message that the phone received after the one with the id `after`.

        Raises WaitTimedOut if none comes within `timeout_s` seconds.
        """
        return self._transport.run(
            calls.wait(
                wire.PhoneMessage,
                "sandbox",
                "phones",
                number,
                "messages",
                "wait",
                timeout_s=timeout_s,
                contains=contains,
                after=after,
            )
        )

    def read_code(self, number: str, *, after: str | None = None, timeout_s: float = 30.0) -> str:
        """Return the one-time code in the latest message that has one.

        Raises WaitTimedOut if none comes within `timeout_s` seconds. A code that was there before is never returned:
        what is on its way to the phone is waited for, and this client reads each code once. If your application sends
        some time after it was asked to, take a `mark` before you ask it, and pass that as `after`: only codes that came
        after it count.
        """
        phone = calls.bare(number)
        found = self.find_code(number, after=self._read.get(phone) if after is None else after, timeout_s=timeout_s)
        self._read[phone] = found.message.id
        return found.code

    def find_code(self, number: str, *, after: str | None = None, timeout_s: float = 30.0) -> wire.Code:
        """Find the one-time code in the latest message that has one and came after `after`, with the message.

        Raises WaitTimedOut if none comes within `timeout_s` seconds.
        """
        path = ("sandbox", "phones", number, "code")
        return self._transport.run(calls.wait(wire.Code, *path, timeout_s=timeout_s, after=after))

    def mark(self, number: str) -> str:
        """Mark this moment on a phone, for `after`: return the id of its newest message, empty if there is none."""
        newest = self.messages(number, limit=1)
        return newest[-1].id if newest else ""

    def clear(self, number: str | None = None) -> None:
        """Delete the messages on a phone, or on all."""
        phone = () if number is None else (number, "messages")
        self._transport.run(calls.without_answer("DELETE", "sandbox", "phones", *phone))

    def reply(self, number: str, *, to: str, text: str, channel: wire.ChannelName | None = None) -> str:
        """Send a text from a phone to an originator, and return the inbound message's id.

        Without a `channel` it goes by the one that the last message from there came by.
        """
        body = wire.SendReply(to=to, text=text, channel=channel)
        sent = self._transport.run(calls.post(wire.SentReply, body, "sandbox", "phones", number, "replies"))
        return sent.inbound_id

    def reception(self) -> wire.Reception:
        """Count the messages that the phones received, and the copies among them."""
        return self._transport.run(calls.get(wire.Reception, "sandbox", "reception"))

    def chaos(self) -> Chaos:
        """Get how badly the network behaves."""
        return self._transport.run(calls.get(Chaos, "sandbox", "chaos"))

    def set_chaos(self, chaos: Chaos) -> Chaos:
        """Set how badly the network behaves, from now on."""
        return self._transport.run(calls.put(Chaos, chaos, "sandbox", "chaos"))
