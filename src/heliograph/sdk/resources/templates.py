"""Templates: texts that are kept to be sent again."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import SyncTransport


class Templates:
    """Templates: texts that are stored to be sent again."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def create(self, text: str, *, name: str | None = None, channel: wire.ChannelName = "sms") -> wire.Template:
        """Store a text as a template; for other channels than SMS it must be approved before it can be sent.

        Raises NameTaken if there is one of this name.
        """
        body = wire.NewTemplate(text=text, name=name, channel=channel)
        return self._transport.run(calls.post(wire.Template, body, "templates"))

    def list(self) -> Sequence[wire.Template]:
        """List all templates, newest first."""
        return (self._transport.run(calls.get(wire.Templates, "templates"))).items

    def get(self, number: int) -> wire.Template:
        """Get a template. Raises NotFound if the account has no such template."""
        return self._transport.run(calls.get(wire.Template, "templates", str(number)))

    def change(
        self, number: int, *, text: str | None = None, name: str | None = None, if_match: str | None = None
    ) -> wire.Template:
        """Change a template. Raises Locked once another channel than SMS has approved it.

        With `if_match`, the `etag` of what was seen, nothing else is changed: raises ChangedMeanwhile.
        """
        body = wire.ChangeTemplate(text=text, name=name)
        return self._transport.run(calls.patch(wire.Template, body, "templates", str(number), if_match=if_match))

    def delete(self, number: int) -> None:
        """Delete a template. Raises NotFound if the account has no such template."""
        self._transport.run(calls.without_answer("DELETE", "templates", str(number)))
