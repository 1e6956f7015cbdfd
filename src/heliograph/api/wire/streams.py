"""Server-sent events: answers that go on."""

from __future__ import annotations

import msgspec

from heliograph.api.wire.fields import TimeoutSeconds


class EventsQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: TimeoutSeconds = 300.0
    """After how many seconds the stream ends at the latest: ask again with `Last-Event-ID`, as browsers do."""


class InboundEventsQuery(EventsQuery, forbid_unknown_fields=True, kw_only=True):
    to: str | None = None
    msisdn: str | None = msgspec.field(name="from", default=None)
